#include "streaming.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/streaming.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

using std::size_t;

template <class T>
using Tag = hn::CappedTag<T, 16>;

#if HWY_TARGET == HWY_SCALAR  // no pairs in a vector of one
template <bool adds, class T>
void Accumulate(const std::complex<T>* x, const std::complex<T>* h, size_t count, size_t bins, std::complex<T>* z) {
  for (size_t b = 0; b < bins; ++b) {
    std::complex<T> sum = adds ? z[b] : std::complex<T>(0);
    for (size_t k = 0; k < count; ++k) sum += x[k * bins + b] * h[k * bins + b];
    z[b] = sum;
  }
}
#else
/// Two sums that are taken apart at the end: `along` of (x.re h.re, x.im h.im), `across` of (x.re h.im, x.im h.re).
template <bool adds, class T>
void Accumulate(const std::complex<T>* x, const std::complex<T>* h, size_t count, size_t bins, std::complex<T>* z) {
  constexpr size_t vectors = 4;
  const Tag<T> d;
  const size_t W = hn::Lanes(d), size = 2 * bins;
  const T* const X = reinterpret_cast<const T*>(x);
  const T* const H = reinterpret_cast<const T*>(h);
  T* const Z = reinterpret_cast<T*>(z);
  const auto part = [&]<size_t n>(std::integral_constant<size_t, n>, size_t b) {
    hn::Vec<Tag<T>> along[n], across[n];
    for (size_t v = 0; v < n; ++v) along[v] = across[v] = hn::Zero(d);
    for (size_t k = 0; k < count; ++k) {
      for (size_t v = 0; v < n; ++v) {
        const auto x_v = hn::Load(d, X + k * size + b + v * W), h_v = hn::Load(d, H + k * size + b + v * W);
        along[v] = hn::MulAdd(x_v, h_v, along[v]);
        across[v] = hn::MulAdd(x_v, hn::Reverse2(d, h_v), across[v]);
      }
    }
    for (size_t v = 0; v < n; ++v) {
      const auto im = hn::Add(across[v], hn::Reverse2(d, across[v]));
      const auto re = hn::Sub(along[v], hn::Reverse2(d, along[v]));
      const auto sum = hn::OddEven(im, re);
      T* const to = Z + b + v * W;
      hn::Store(adds ? hn::Add(sum, hn::Load(d, to)) : sum, d, to);
    }
  };
  size_t b = 0;
  for (; b + vectors * W <= size; b += vectors * W) part(std::integral_constant<size_t, vectors>(), b);
  for (; b < size; b += W) part(std::integral_constant<size_t, 1>(), b);
}
#endif

template <class T>
void Direct(const T* h, size_t taps, const T* x, T* y, size_t n) {
  constexpr size_t vectors = 4;
  const Tag<T> d;
  const size_t W = hn::Lanes(d);
  const auto part = [&]<size_t m>(std::integral_constant<size_t, m>, size_t i) {
    hn::Vec<Tag<T>> sum[m];
    for (size_t v = 0; v < m; ++v) sum[v] = hn::LoadU(d, y + i + v * W);
    for (size_t k = 0; k < taps; ++k) {
      const auto h_k = hn::Set(d, h[k]);
      for (size_t v = 0; v < m; ++v) sum[v] = hn::MulAdd(h_k, hn::LoadU(d, x + i + v * W - k), sum[v]);
    }
    for (size_t v = 0; v < m; ++v) hn::StoreU(sum[v], d, y + i + v * W);
  };
  size_t i = 0;
  for (; i + vectors * W <= n; i += vectors * W) part(std::integral_constant<size_t, vectors>(), i);
  for (; i + W <= n; i += W) part(std::integral_constant<size_t, 1>(), i);
  for (; i < n; ++i) {
    for (size_t k = 0; k < taps; ++k) y[i] += h[k] * *(x + i - k);
  }
}

template <class T>
const StreamingLoops<T>* All() {
  static constexpr StreamingLoops<T> all{Accumulate<false, T>, Accumulate<true, T>, Direct<T>};
  return &all;
}

}  // namespace

const StreamingLoops<float>* StreamingFloat() { return All<float>(); }
const StreamingLoops<double>* StreamingDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(StreamingFloat);
HWY_EXPORT(StreamingDouble);

template <>
const StreamingLoops<float>& streaming_loops() {
  return *HWY_DYNAMIC_DISPATCH(StreamingFloat)();
}
template <>
const StreamingLoops<double>& streaming_loops() {
  return *HWY_DYNAMIC_DISPATCH(StreamingDouble)();
}

}  // namespace longstate::simd
#endif
