#include "attention.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/attention.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// after highway.h
#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <cmath>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

template <class T>
using Tag = hn::ScalableTag<T>;

// W vectors become one of their sums by adding neighbours, of two vectors at a time, log2 W times.
template <std::size_t count, class V>
HWY_INLINE V SumTree(const V* parts) {
#if HWY_TARGET != HWY_SCALAR  // where W = 1
  if constexpr (count > 1) {
    const hn::DFromV<V> d;
    const V first = SumTree<count / 2>(parts), second = SumTree<count / 2>(parts + count / 2);
    return hn::Add(hn::ConcatEven(d, second, first), hn::ConcatOdd(d, second, first));
  }
#endif
  return *parts;
}

/// The dot products of a vector's number of keys.
template <class T>
HWY_INLINE void DotsOfVector(const T* K, std::size_t stride, std::size_t size, const T* q, T* s) {
  const Tag<T> d;
  constexpr std::size_t W = hn::MaxLanes(d);
  hn::Vec<Tag<T>> sum[W];
  for (auto& one : sum) one = hn::Zero(d);
  std::size_t c = 0;
  for (; c + W <= size; c += W) {
    const auto q_c = hn::LoadU(d, q + c);
    for (std::size_t j = 0; j < W; ++j) sum[j] = hn::MulAdd(hn::LoadU(d, K + j * stride + c), q_c, sum[j]);
  }
  hn::StoreU(SumTree<W>(sum), d, s);
  for (std::size_t j = 0; j < W; ++j) {
    for (std::size_t k = c; k < size; ++k) s[j] += K[j * stride + k] * q[k];
  }
}

template <class T>
void Dots(const T* K, std::size_t stride, std::size_t size, std::size_t n, const T* q, T* s) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  std::size_t j = 0;
  for (; j + W <= n; j += W) DotsOfVector(K + j * stride, stride, size, q, s + j);
  for (; j < n; ++j) {
    auto sum = hn::Zero(d);
    std::size_t c = 0;
    for (; c + W <= size; c += W) sum = hn::MulAdd(hn::LoadU(d, K + j * stride + c), hn::LoadU(d, q + c), sum);
    s[j] = hn::GetLane(hn::SumOfLanes(d, sum));
    for (; c < size; ++c) s[j] += K[j * stride + c] * q[c];
  }
}

/// `vectors` of each value, whose sums stay in registers.
template <std::size_t vectors, class T>
HWY_INLINE void AddOf(const T* V, std::size_t stride, std::size_t n, const T* p, T* y) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  hn::Vec<Tag<T>> sum[vectors];
  for (std::size_t v = 0; v < vectors; ++v) sum[v] = hn::LoadU(d, y + v * W);
  for (std::size_t j = 0; j < n; ++j) {
    const auto p_j = hn::Set(d, p[j]);
    for (std::size_t v = 0; v < vectors; ++v) sum[v] = hn::MulAdd(hn::LoadU(d, V + j * stride + v * W), p_j, sum[v]);
  }
  for (std::size_t v = 0; v < vectors; ++v) hn::StoreU(sum[v], d, y + v * W);
}

template <class T>
void Add(const T* V, std::size_t stride, std::size_t size, std::size_t n, const T* p, T* y) {
  const std::size_t W = hn::Lanes(Tag<T>());
  std::size_t c = 0;
  for (; c + 8 * W <= size; c += 8 * W) AddOf<8>(V + c, stride, n, p, y + c);
  for (; c + 4 * W <= size; c += 4 * W) AddOf<4>(V + c, stride, n, p, y + c);
  for (; c + W <= size; c += W) AddOf<1>(V + c, stride, n, p, y + c);
  for (; c < size; ++c) {
    for (std::size_t j = 0; j < n; ++j) y[c] += p[j] * V[j * stride + c];
  }
}

template <class T>
T Max(const T* s, std::size_t n) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  T most = -std::numeric_limits<T>::infinity();
  std::size_t j = 0;
  auto all = hn::Set(d, most);
  for (; j + W <= n; j += W) all = hn::Max(all, hn::LoadU(d, s + j));
  most = hn::GetLane(hn::MaxOfLanes(d, all));
  for (; j < n; ++j) most = std::max(most, s[j]);
  return most;
}

template <class T>
T Exponentials(T* s, std::size_t n, T max) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  const auto shift = hn::Set(d, max);
  auto sums = hn::Zero(d);
  std::size_t j = 0;
  for (; j + W <= n; j += W) {
    const auto p = hn::Exp(d, hn::Sub(hn::LoadU(d, s + j), shift));
    hn::StoreU(p, d, s + j);
    sums = hn::Add(sums, p);
  }
  T sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; j < n; ++j) sum += s[j] = std::exp(s[j] - max);
  return sum;
}

template <class T>
const AttentionLoops<T>* All() {
  static constexpr AttentionLoops<T> all{Dots<T>, Add<T>, Max<T>, Exponentials<T>};
  return &all;
}

}  // namespace

const AttentionLoops<float>* AttentionFloat() { return All<float>(); }
const AttentionLoops<double>* AttentionDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(AttentionFloat);
HWY_EXPORT(AttentionDouble);

template <>
const AttentionLoops<float>& attention_loops() {
  return *HWY_DYNAMIC_DISPATCH(AttentionFloat)();
}
template <>
const AttentionLoops<double>& attention_loops() {
  return *HWY_DYNAMIC_DISPATCH(AttentionDouble)();
}

}  // namespace longstate::simd
#endif
