#include "scan.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/scan.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

template <class T>
using Tag = hn::ScalableTag<T>;

/// (e^f - 1 - f) / f^2 for |f| <= log(2) / 2: minimax for float (Cephes, expf), Taylor's terms to f^11 for double.
template <class V>
HWY_INLINE V ExpTail(Tag<float> d, V f) {
  V q = hn::Set(d, 1.9875691500e-4F);
  for (const float c : {1.3981999507e-3F, 8.3334519073e-3F, 4.1665795894e-2F, 1.6666665459e-1F, 5.0000001201e-1F}) {
    q = hn::MulAdd(q, f, hn::Set(d, c));
  }
  return q;
}
template <class V>
HWY_INLINE V ExpTail(Tag<double> d, V f) {
  V q = hn::Set(d, 1.0 / 6227020800);
  for (const double factorial :
       {479001600.0, 39916800.0, 3628800.0, 362880.0, 40320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0}) {
    q = hn::MulAdd(q, f, hn::Set(d, 1 / factorial));
  }
  return q;
}

template <class T>
struct Constants;
template <>
struct Constants<float> {
  using Bits = int32_t;
  static constexpr float least = -87.0F, most = 88.0F, log2_high = 0.693359375F, log2_low = -2.12194440e-4F;
  static constexpr int mantissa = 23, bias = 127;
};
template <>
struct Constants<double> {
  using Bits = int64_t;
  static constexpr double least = -708.0, most = 709.0;
  static constexpr double log2_high = 6.93147180369123816490e-01, log2_low = 1.90821492927058770002e-10;
  static constexpr int mantissa = 52, bias = 1023;
};

/// e^z as `power` (1 + part): z = i log 2 + f, power = 2^i, part = e^f - 1. So e^z - 1 = power part + (power - 1) keeps
/// its digits near z = 0.
template <class V, class T = hn::TFromV<V>>
HWY_INLINE void Exponential(Tag<T> d, V z, V& power, V& part) {
  using K = Constants<T>;
  const hn::Rebind<typename K::Bits, Tag<T>> di;
  const V inside = hn::Min(hn::Max(z, hn::Set(d, K::least)), hn::Set(d, K::most));
  const V i = hn::Round(hn::Mul(inside, hn::Set(d, static_cast<T>(1.4426950408889634))));
  const V f = hn::NegMulAdd(i, hn::Set(d, K::log2_low), hn::NegMulAdd(i, hn::Set(d, K::log2_high), inside));
  part = hn::MulAdd(hn::Mul(f, f), ExpTail(d, f), f);
  const auto exponent = hn::Add(hn::ConvertTo(di, i), hn::Set(di, K::bias));
  power = hn::BitCast(d, hn::ShiftLeft<K::mantissa>(exponent));
}

template <bool kZoh, class T>
HWY_INLINE void RunBlock(const ScanBlock<T>& block, const T* u, const T* delta, const T* b, std::size_t b_stride,
                         const T* c, std::size_t c_stride, T* y, std::size_t n) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  const std::size_t W = hn::Lanes(d);
  for (std::size_t k = 0; k < n; ++k) {
    const V step = hn::Load(d, delta + k * W);
    const V input = hn::Load(d, u + k * W);
    const V stepped = hn::Mul(step, input);
    V sum = hn::Mul(hn::Load(d, block.D), input);
    for (std::size_t j = 0; j < block.order; ++j) {
      V power, part;
      Exponential(d, hn::Mul(step, hn::Load(d, block.A + j * W)), power, part);
      const V decay = hn::MulAdd(power, part, power);
      V more;
      if (kZoh) {
        const V less_one = hn::MulAdd(power, part, hn::Sub(power, hn::Set(d, T(1))));
        more = hn::Mul(hn::Mul(less_one, hn::Load(d, block.inverse_A + j * W)), input);
      } else {
        more = stepped;
      }
      const V x = hn::MulAdd(decay, hn::Load(d, block.x + j * W), hn::Mul(more, hn::Set(d, b[k * b_stride + j])));
      hn::Store(x, d, block.x + j * W);
      sum = hn::MulAdd(hn::Set(d, c[k * c_stride + j]), x, sum);
    }
    hn::Store(sum, d, y + k * W);
  }
}

template <class T>
void Run(const ScanBlock<T>& block, const T* u, const T* delta, const T* b, std::size_t b_stride, const T* c,
         std::size_t c_stride, T* y, std::size_t n) {
  block.inverse_A ? RunBlock<true>(block, u, delta, b, b_stride, c, c_stride, y, n)
                  : RunBlock<false>(block, u, delta, b, b_stride, c, c_stride, y, n);
}

}  // namespace

ScanLoop<float> ScanFloat() { return Run<float>; }
ScanLoop<double> ScanDouble() { return Run<double>; }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(ScanFloat);
HWY_EXPORT(ScanDouble);

template <>
ScanLoop<float> scan_loop() {
  return HWY_DYNAMIC_DISPATCH(ScanFloat)();
}
template <>
ScanLoop<double> scan_loop() {
  return HWY_DYNAMIC_DISPATCH(ScanDouble)();
}

}  // namespace longstate::simd
#endif
