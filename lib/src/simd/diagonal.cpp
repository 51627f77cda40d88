#include "diagonal.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/diagonal.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;

// Rows that stay in registers: six registers each, of 32 or of 16.
constexpr std::size_t kGroup = HWY_TARGET <= HWY_AVX3 ? 4 : 2;

template <std::size_t G, bool kOneChannel, bool kBefore, class T>
HWY_INLINE void RunGroup(const T* HWY_RESTRICT table, T* HWY_RESTRICT state, const T* HWY_RESTRICT u, T* HWY_RESTRICT y,
                         std::size_t n) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  const std::size_t W = hn::Lanes(d);
  V lambda_re[G], lambda_im[G], c_re[G], c_im[G], re[G], im[G];
  for (std::size_t g = 0; g < G; ++g) {
    lambda_re[g] = hn::Load(d, table + (6 * g + 0) * W);
    lambda_im[g] = hn::Load(d, table + (6 * g + 1) * W);
    c_re[g] = hn::Load(d, table + (6 * g + 2) * W);
    c_im[g] = hn::Load(d, table + (6 * g + 3) * W);
    re[g] = hn::Load(d, state + (2 * g + 0) * W);
    im[g] = hn::Load(d, state + (2 * g + 1) * W);
  }
  for (std::size_t k = 0; k < n; ++k) {
    const V u_k = kOneChannel ? hn::Set(d, u[k]) : hn::Load(d, u + k * W);
    V y_k = hn::Load(d, y + k * W);
    for (std::size_t g = 0; g < G; ++g) {
      if (kBefore) y_k = hn::MulAdd(c_im[g], im[g], hn::MulAdd(c_re[g], re[g], y_k));
      const V turned = hn::Mul(lambda_im[g], re[g]);
      re[g] = hn::MulAdd(lambda_re[g], re[g], hn::NegMulAdd(lambda_im[g], im[g], u_k));
      im[g] = hn::MulAdd(lambda_re[g], im[g], turned);
      if (!kBefore) y_k = hn::MulAdd(c_im[g], im[g], hn::MulAdd(c_re[g], re[g], y_k));
    }
    hn::Store(y_k, d, y + k * W);
  }
  const V count = hn::Set(d, static_cast<T>(n));
  for (std::size_t g = 0; g < G; ++g) {
    const V drift_re = hn::Mul(count, hn::Load(d, table + (6 * g + 4) * W));
    const V drift_im = hn::Mul(count, hn::Load(d, table + (6 * g + 5) * W));
    const V more_re = hn::NegMulAdd(drift_im, im[g], hn::Mul(drift_re, re[g]));
    const V more_im = hn::MulAdd(drift_im, re[g], hn::Mul(drift_re, im[g]));
    hn::Store(hn::Add(re[g], more_re), d, state + (2 * g + 0) * W);
    hn::Store(hn::Add(im[g], more_im), d, state + (2 * g + 1) * W);
  }
}

/// As many groups of G rows as there are; returns the first row left.
template <std::size_t G, bool kOneChannel, bool kBefore, class T>
HWY_INLINE std::size_t RunGroups(const DiagonalRows<T>& rows, std::size_t row, const T* u, T* y, std::size_t n) {
  const std::size_t W = hn::Lanes(Tag<T>());
  for (; row + G <= rows.rows; row += G) {
    RunGroup<G, kOneChannel, kBefore>(rows.table + row * 6 * W, rows.state + row * 2 * W, u, y, n);
  }
  return row;
}

template <bool kOneChannel, bool kBefore, class T>
HWY_INLINE void RunRows(const DiagonalRows<T>& rows, const T* u, T* y, std::size_t n) {
  std::size_t row = RunGroups<kGroup, kOneChannel, kBefore>(rows, 0, u, y, n);
  if (kGroup > 2) row = RunGroups<2, kOneChannel, kBefore>(rows, row, u, y, n);
  RunGroups<1, kOneChannel, kBefore>(rows, row, u, y, n);
}

template <class T>
HWY_INLINE void Run(const DiagonalRows<T>& rows, const T* u, T* y, std::size_t n) {
  if (rows.one_channel) {
    rows.before ? RunRows<true, true>(rows, u, y, n) : RunRows<true, false>(rows, u, y, n);
  } else {
    rows.before ? RunRows<false, true>(rows, u, y, n) : RunRows<false, false>(rows, u, y, n);
  }
}

// W rows become one vector of their sums by adding neighbours, of two vectors at a time, log2 W times.
template <std::size_t kRows, class T>
HWY_INLINE hn::Vec<Tag<T>> SumTree(Tag<T> d, const T* parts) {
#if HWY_TARGET != HWY_SCALAR  // where W = 1
  if constexpr (kRows > 1) {
    const auto first = SumTree<kRows / 2>(d, parts);
    const auto second = SumTree<kRows / 2>(d, parts + kRows / 2 * hn::Lanes(d));
    return hn::Add(hn::ConcatEven(d, second, first), hn::ConcatOdd(d, second, first));
  }
#endif
  return hn::Load(d, parts);
}

template <class T>
HWY_INLINE void SumRows(const T* parts, T* y, std::size_t n) {
  const Tag<T> d;
  constexpr std::size_t W = hn::MaxLanes(d);
  for (std::size_t k = 0; k < n; k += W) hn::StoreU(SumTree<W>(d, parts + k * W), d, y + k);
}

template <class T>
HWY_INLINE void ToBlock(const T* frames, std::size_t stride, std::size_t channels, std::size_t n, const T* D,
                        T* HWY_RESTRICT u, T* HWY_RESTRICT y) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  if (channels < W) {
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < channels; ++i) {
        u[k * W + i] = frames[k * stride + i];
        y[k * W + i] = D[i] * u[k * W + i];
      }
    }
    return;
  }
  const auto through = hn::Load(d, D);
  for (std::size_t k = 0; k < n; ++k) {
    const auto u_k = hn::LoadU(d, frames + k * stride);
    hn::Store(u_k, d, u + k * W);
    hn::Store(hn::Mul(through, u_k), d, y + k * W);
  }
}

template <class T>
HWY_INLINE void ToFrames(const T* HWY_RESTRICT y, std::size_t channels, std::size_t n, T* frames, std::size_t stride) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  if (channels < W) {
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < channels; ++i) frames[k * stride + i] = y[k * W + i];
    }
    return;
  }
  for (std::size_t k = 0; k < n; ++k) hn::StoreU(hn::Load(d, y + k * W), d, frames + k * stride);
}

std::size_t LanesFloat() { return hn::Lanes(Tag<float>()); }
std::size_t LanesDouble() { return hn::Lanes(Tag<double>()); }
void RunFloat(const DiagonalRows<float>& rows, const float* u, float* y, std::size_t n) { Run(rows, u, y, n); }
void RunDouble(const DiagonalRows<double>& rows, const double* u, double* y, std::size_t n) { Run(rows, u, y, n); }
void ToBlockFloat(const float* frames, std::size_t stride, std::size_t channels, std::size_t n, const float* D,
                  float* u, float* y) {
  ToBlock(frames, stride, channels, n, D, u, y);
}
void ToFramesFloat(const float* y, std::size_t channels, std::size_t n, float* frames, std::size_t stride) {
  ToFrames(y, channels, n, frames, stride);
}
void ToBlockDouble(const double* frames, std::size_t stride, std::size_t channels, std::size_t n, const double* D,
                   double* u, double* y) {
  ToBlock(frames, stride, channels, n, D, u, y);
}
void ToFramesDouble(const double* y, std::size_t channels, std::size_t n, double* frames, std::size_t stride) {
  ToFrames(y, channels, n, frames, stride);
}
void SumFloat(const float* parts, float* y, std::size_t n) { SumRows(parts, y, n); }
void SumDouble(const double* parts, double* y, std::size_t n) { SumRows(parts, y, n); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(LanesFloat);
HWY_EXPORT(LanesDouble);
HWY_EXPORT(RunFloat);
HWY_EXPORT(RunDouble);
HWY_EXPORT(ToBlockFloat);
HWY_EXPORT(ToBlockDouble);
HWY_EXPORT(ToFramesFloat);
HWY_EXPORT(ToFramesDouble);
HWY_EXPORT(SumFloat);
HWY_EXPORT(SumDouble);

template <>
std::size_t lanes<float>() {
  return HWY_DYNAMIC_DISPATCH(LanesFloat)();
}
template <>
std::size_t lanes<double>() {
  return HWY_DYNAMIC_DISPATCH(LanesDouble)();
}
template <>
void run_diagonal(const DiagonalRows<float>& rows, const float* u, float* y, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(RunFloat)(rows, u, y, n);
}
template <>
void run_diagonal(const DiagonalRows<double>& rows, const double* u, double* y, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(RunDouble)(rows, u, y, n);
}
template <>
void to_block(const float* frames, std::size_t stride, std::size_t channels, std::size_t n, const float* D, float* u,
              float* y) {
  HWY_DYNAMIC_DISPATCH(ToBlockFloat)(frames, stride, channels, n, D, u, y);
}
template <>
void to_frames(const float* y, std::size_t channels, std::size_t n, float* frames, std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(ToFramesFloat)(y, channels, n, frames, stride);
}
template <>
void to_block(const double* frames, std::size_t stride, std::size_t channels, std::size_t n, const double* D, double* u,
              double* y) {
  HWY_DYNAMIC_DISPATCH(ToBlockDouble)(frames, stride, channels, n, D, u, y);
}
template <>
void to_frames(const double* y, std::size_t channels, std::size_t n, double* frames, std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(ToFramesDouble)(y, channels, n, frames, stride);
}
template <>
void sum_rows(const float* parts, float* y, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(SumFloat)(parts, y, n);
}
template <>
void sum_rows(const double* parts, double* y, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(SumDouble)(parts, y, n);
}

}  // namespace longstate::simd
#endif
