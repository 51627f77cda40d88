#include "diagonal.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/diagonal.cpp"  // this file, compiled again for each instruction set
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/diagonal_inl.hpp"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

template <class T>
using Tag = hn::ScalableTag<T>;

// Rows that go together: their multiply-adds outnumber the loads of u and y.
constexpr std::size_t kGroup = 2;

/// G rows, with what of them stays in registers while samples go by, where there are 32.
template <std::size_t G, class V>
struct Group {
  V re[G], im[G], power_re[G], power_im[G];  // of lambda^ahead
  V c_re[G][ahead], c_im[G][ahead];
};

enum class Kind { first, more, first_of_one, more_of_one };  // group of W channels, of one channel

/// m samples. powers: of lambda, those below m come from the cache.
template <std::size_t m, Kind kind, std::size_t G, class T, class V>
HWY_INLINE void Step(Group<G, V>& group, const T* HWY_RESTRICT powers, const T* HWY_RESTRICT H, const T* HWY_RESTRICT u,
                     T* HWY_RESTRICT y) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d), row = 2 * ahead * W;
  V u_[m];
  for (std::size_t i = 0; i < m; ++i) {
    u_[i] = kind >= Kind::first_of_one ? hn::Set(d, u[i]) : hn::Load(d, u + i * W);
    V y_i = kind == Kind::first || kind == Kind::first_of_one ? hn::Zero(d) : hn::Load(d, y + i * W);
    for (std::size_t j = 0; kind == Kind::first && j <= i; ++j)
      y_i = hn::MulAdd(hn::Load(d, H + j * W), u_[i - j], y_i);
    for (std::size_t g = 0; g < G; ++g) {
      y_i = hn::MulAdd(group.c_im[g][i], group.im[g], hn::MulAdd(group.c_re[g][i], group.re[g], y_i));
    }
    hn::Store(y_i, d, y + i * W);
  }
  for (std::size_t g = 0; g < G; ++g) {
    const T* const power = powers + 2 * g * row;
    const V power_re = m == ahead ? group.power_re[g] : hn::Load(d, power + (2 * m - 2) * W);
    const V power_im = m == ahead ? group.power_im[g] : hn::Load(d, power + (2 * m - 1) * W);
    V re = u_[m - 1], im = hn::Mul(power_im, group.re[g]);
    for (std::size_t i = 1; i < m; ++i) {
      re = hn::MulAdd(hn::Load(d, power + (2 * i - 2) * W), u_[m - 1 - i], re);
      im = hn::MulAdd(hn::Load(d, power + (2 * i - 1) * W), u_[m - 1 - i], im);
    }
    re = hn::NegMulAdd(power_im, group.im[g], re);
    group.im[g] = hn::MulAdd(power_re, group.im[g], im);
    group.re[g] = hn::MulAdd(power_re, group.re[g], re);
  }
}

template <std::size_t G, Kind kind, class T>
HWY_INLINE void RunGroup(const DiagonalRows<T>& rows, std::size_t first, const T* HWY_RESTRICT u, T* HWY_RESTRICT y,
                         std::size_t n, Fetch<T>& fetch) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  const std::size_t W = hn::Lanes(d), of_u = kind >= Kind::first_of_one ? 1 : W, row = 2 * ahead * W;
  const T* const table = rows.table + 2 * first * row;
  const T* const powers = table + row;
  T* const state = rows.state + first * rows.apart;
  Group<G, V> group;
  for (std::size_t g = 0; g < G; ++g) {
    group.re[g] = hn::Load(d, state + g * rows.apart);
    group.im[g] = hn::Load(d, state + g * rows.apart + W);
    group.power_re[g] = hn::Load(d, powers + 2 * g * row + (2 * ahead - 2) * W);
    group.power_im[g] = hn::Load(d, powers + 2 * g * row + (2 * ahead - 1) * W);
    const T* const c = table + 2 * g * row;
    for (std::size_t i = 0; i < ahead; ++i) {
      group.c_re[g][i] = hn::Load(d, c + (2 * i + 0) * W);
      group.c_im[g][i] = hn::Load(d, c + (2 * i + 1) * W);
    }
  }
  const std::size_t whole = n / ahead, left = n % ahead;
  for (std::size_t k = 0; k < whole; ++k, u += ahead * of_u, y += ahead * W) {
    if (fetch.count > 0) --fetch.count, hwy::Prefetch(*fetch.lines++);
    Step<ahead, kind>(group, powers, rows.H, u, y);
  }
  if (left == 1) Step<1, kind>(group, powers, rows.H, u, y);
  if (left == 2) Step<2, kind>(group, powers, rows.H, u, y);
  if (left == 3) Step<3, kind>(group, powers, rows.H, u, y);

  const V steps = hn::Set(d, static_cast<T>(whole));
  for (std::size_t g = 0; g < G; ++g) {
    const T* const drift = rows.drift + (first + g) * row;
    V drift_re = hn::Mul(steps, hn::Load(d, drift + (2 * ahead - 2) * W));
    V drift_im = hn::Mul(steps, hn::Load(d, drift + (2 * ahead - 1) * W));
    if (left != 0) {
      drift_re = hn::Add(drift_re, hn::Load(d, drift + (2 * left - 2) * W));
      drift_im = hn::Add(drift_im, hn::Load(d, drift + (2 * left - 1) * W));
    }
    GiveBack(drift_re, drift_im, group.re[g], group.im[g]);
    hn::Store(group.re[g], d, state + g * rows.apart);
    hn::Store(group.im[g], d, state + g * rows.apart + W);
  }
}

template <Kind first, Kind more, class T>
HWY_INLINE void RunRows(const DiagonalRows<T>& rows, const T* u, T* y, std::size_t n, Fetch<T> fetch) {
  if (rows.rows == 1) return RunGroup<1, first>(rows, 0, u, y, n, fetch);
  RunGroup<kGroup, first>(rows, 0, u, y, n, fetch);
  std::size_t row = kGroup;
  for (; row + kGroup <= rows.rows; row += kGroup) RunGroup<kGroup, more>(rows, row, u, y, n, fetch);
  for (; row < rows.rows; ++row) RunGroup<1, more>(rows, row, u, y, n, fetch);
  for (; fetch.count > 0; --fetch.count) hwy::Prefetch(*fetch.lines++);
}

template <class T>
void Run(const DiagonalRows<T>& rows, const T* u, T* y, std::size_t n, Fetch<T> fetch) {
  rows.one_channel ? RunRows<Kind::first_of_one, Kind::more_of_one>(rows, u, y, n, fetch)
                   : RunRows<Kind::first, Kind::more>(rows, u, y, n, fetch);
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
void Sum(const T* parts, const T* H, const T* u, T* y, std::size_t n) {
  const Tag<T> d;
  constexpr std::size_t W = hn::MaxLanes(d), period = std::max(W, ahead);
  for (std::size_t k = 0; k < n; k += W) {
    auto sum = SumTree<W>(d, parts + k * W);
    for (std::size_t j = 0; j < ahead; ++j) {
      sum = hn::MulAdd(hn::Load(d, H + j * period + k % period), hn::LoadU(d, u + k - j), sum);
    }
    hn::StoreU(sum, d, y + k);
  }
}

template <class T>
void ToBlock(const T* frames, std::size_t stride, std::size_t channels, std::size_t n, T* HWY_RESTRICT block) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  if (channels < W) {
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < channels; ++i) block[k * W + i] = frames[k * stride + i];
    }
    return;
  }
  for (std::size_t k = 0; k < n; ++k) hn::Store(hn::LoadU(d, frames + k * stride), d, block + k * W);
}

template <class T>
void ToFrames(const T* HWY_RESTRICT block, std::size_t channels, std::size_t n, T* frames, std::size_t stride) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  if (channels < W) {
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < channels; ++i) frames[k * stride + i] = block[k * W + i];
    }
    return;
  }
  for (std::size_t k = 0; k < n; ++k) hn::StoreU(hn::Load(d, block + k * W), d, frames + k * stride);
}

template <class T>
const DiagonalLoops<T>* All() {
  static const DiagonalLoops<T> all{hn::Lanes(Tag<T>()), Run<T>, ToBlock<T>, ToFrames<T>, Sum<T>};
  return &all;
}

}  // namespace

const DiagonalLoops<float>* DiagonalFloat() { return All<float>(); }
const DiagonalLoops<double>* DiagonalDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(DiagonalFloat);
HWY_EXPORT(DiagonalDouble);

template <>
const DiagonalLoops<float>& diagonal_loops() {
  return *HWY_DYNAMIC_DISPATCH(DiagonalFloat)();
}
template <>
const DiagonalLoops<double>& diagonal_loops() {
  return *HWY_DYNAMIC_DISPATCH(DiagonalDouble)();
}

}  // namespace longstate::simd
#endif
