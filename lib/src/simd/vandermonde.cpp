#include "vandermonde.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/vandermonde.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

using Doubles = hn::CappedTag<double, 8>;

HWY_INLINE void Put(hn::Vec<Doubles> values, float* to) {
  const hn::Rebind<float, Doubles> half;
  hn::StoreU(hn::DemoteTo(half, values), half, to);
}
HWY_INLINE void Put(hn::Vec<Doubles> values, double* to) { hn::StoreU(values, Doubles(), to); }

template <class T>
void Powers(double* z_re, double* z_im, const double* step_re, const double* step_im, std::size_t count,
            std::size_t powers, std::size_t stride, T* re, T* im) {
  const Doubles d;
  for (std::size_t n = 0; n < count; n += hn::Lanes(d)) {
    auto x = hn::Load(d, z_re + n), y = hn::Load(d, z_im + n);
    const auto c = hn::Load(d, step_re + n), s = hn::Load(d, step_im + n);
    for (std::size_t k = 0; k < powers; ++k) {
      Put(x, re + k * stride + n);
      Put(y, im + k * stride + n);
      const auto next = hn::NegMulAdd(y, s, hn::Mul(x, c));
      y = hn::MulAdd(y, c, hn::Mul(x, s));
      x = next;
    }
    hn::Store(x, d, z_re + n);
    hn::Store(y, d, z_im + n);
  }
}

/// `rows` blocks at once, two vectors wide: the sums stay in registers.
template <std::size_t rows, class T>
HWY_INLINE void Blocks(const T* starts, std::size_t inner, const T* small, T* K) {
  const hn::CappedTag<T, kernel_block / 2> d;
  const std::size_t W = hn::Lanes(d);
  for (std::size_t a = 0; a < kernel_block; a += 2 * W) {
    hn::Vec<decltype(d)> left[rows], right[rows];
    for (std::size_t b = 0; b < rows; ++b) left[b] = right[b] = hn::Zero(d);
    for (std::size_t k = 0; k < inner; ++k) {
      const auto first = hn::Load(d, small + kernel_block * k + a);
      const auto second = hn::Load(d, small + kernel_block * k + a + W);
      for (std::size_t b = 0; b < rows; ++b) {
        const auto start = hn::Set(d, starts[b * inner + k]);
        left[b] = hn::MulAdd(start, first, left[b]);
        right[b] = hn::MulAdd(start, second, right[b]);
      }
    }
    for (std::size_t b = 0; b < rows; ++b) {
      hn::StoreU(left[b], d, K + kernel_block * b + a);
      hn::StoreU(right[b], d, K + kernel_block * b + a + W);
    }
  }
}

template <class T>
void Product(const T* starts, std::size_t blocks, std::size_t inner, const T* small, T* K) {
  constexpr std::size_t rows = HWY_TARGET <= HWY_AVX3 ? 8 : 4;  // of 32 or 16 registers
  std::size_t b = 0;
  for (; b + rows <= blocks; b += rows) Blocks<rows>(starts + b * inner, inner, small, K + kernel_block * b);
  for (; b < blocks; ++b) Blocks<1>(starts + b * inner, inner, small, K + kernel_block * b);
}

template <class T>
const VandermondeLoops<T>* All() {
  static constexpr VandermondeLoops<T> all{Powers<T>, Product<T>};
  return &all;
}
}  // namespace

const VandermondeLoops<float>* VandermondeFloat() { return All<float>(); }
const VandermondeLoops<double>* VandermondeDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(VandermondeFloat);
HWY_EXPORT(VandermondeDouble);

template <>
const VandermondeLoops<float>& vandermonde_loops() {
  return *HWY_DYNAMIC_DISPATCH(VandermondeFloat)();
}
template <>
const VandermondeLoops<double>& vandermonde_loops() {
  return *HWY_DYNAMIC_DISPATCH(VandermondeDouble)();
}

}  // namespace longstate::simd
#endif
