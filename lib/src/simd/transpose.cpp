#include "transpose.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/transpose.cpp"  // this file, compiled again for each instruction set
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// A transposition is bound by the cache: vectors of 128 bits are enough everywhere.
HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
inline constexpr std::size_t float_tile = 4, double_tile = 2;

HWY_INLINE void Tile(const float* from, std::size_t from_stride, float* to, std::size_t to_stride) {
  const hn::FixedTag<float, 4> d;
  const hn::Repartition<double, decltype(d)> pairs;
  const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + from_stride);
  const auto c = hn::LoadU(d, from + 2 * from_stride), e = hn::LoadU(d, from + 3 * from_stride);
  const auto ab = hn::BitCast(pairs, hn::InterleaveLower(d, a, b)),
             ce = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
  const auto AB = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b)),
             CE = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab, ce)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab, ce)), d, to + to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, AB, CE)), d, to + 2 * to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, AB, CE)), d, to + 3 * to_stride);
}

HWY_INLINE void Tile(const double* from, std::size_t from_stride, double* to, std::size_t to_stride) {
  const hn::FixedTag<double, 2> d;
  const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + from_stride);
  hn::StoreU(hn::InterleaveLower(d, a, b), d, to);
  hn::StoreU(hn::InterleaveUpper(d, a, b), d, to + to_stride);
}
#else
inline constexpr std::size_t float_tile = 1, double_tile = 1;

template <class T>
HWY_INLINE void Tile(const T* from, std::size_t, T* to, std::size_t) {
  *to = *from;
}
#endif

template <class T>
inline constexpr std::size_t side = sizeof(T) == sizeof(float) ? float_tile : double_tile;

/// Along the longer side, so that both arrays are gone through once; the one with long strides is fetched ahead.
template <class T>
void ToRows(const T* frames, std::size_t frame_stride, std::size_t channels, std::size_t n, T* rows,
            std::size_t row_stride) {
  constexpr std::size_t ahead = 32;
  const std::size_t whole_channels = channels / side<T> * side<T>, whole_n = n / side<T> * side<T>;
  const auto tile = [&](std::size_t c, std::size_t t) {
    Tile(frames + t * frame_stride + c, frame_stride, rows + c * row_stride + t, row_stride);
  };
  if (n >= channels) {
    for (std::size_t t = 0; t < whole_n; t += side<T>) {
      for (std::size_t i = 0; i < side<T>; ++i) hwy::Prefetch(frames + std::min(t + i + ahead, n - 1) * frame_stride);
      for (std::size_t c = 0; c < whole_channels; c += side<T>) tile(c, t);
    }
  } else {
    for (std::size_t c = 0; c < whole_channels; c += side<T>) {
      for (std::size_t i = 0; i < side<T>; ++i)
        hwy::Prefetch(rows + std::min(c + i + ahead, channels - 1) * row_stride);
      for (std::size_t t = 0; t < whole_n; t += side<T>) tile(c, t);
    }
  }
  for (std::size_t c = whole_channels; c < channels; ++c) {
    for (std::size_t t = 0; t < n; ++t) rows[c * row_stride + t] = frames[t * frame_stride + c];
  }
  for (std::size_t t = whole_n; t < n; ++t) {
    for (std::size_t c = 0; c < whole_channels; ++c) rows[c * row_stride + t] = frames[t * frame_stride + c];
  }
}

/// Tiles go by way of a block of frames in the first cache.
template <class T>
void StreamToFrames(const T* rows, std::size_t row_stride, std::size_t channels, std::size_t n, T* frames,
                    std::size_t frame_stride) {
  constexpr std::size_t line = 64 / sizeof(T), samples = 32;
  const hn::CappedTag<T, line> d;
  HWY_ALIGN T block[samples * line];
  for (std::size_t c = 0; c < channels; c += line) {
    const std::size_t here = std::min(line, channels - c);
    for (std::size_t t = 0; t < n; t += samples) {
      const std::size_t m = std::min(samples, n - t);
      ToRows(rows + c * row_stride + t, row_stride, m, here, block, line);
      for (std::size_t k = 0; k < m; ++k) {
        T* const to = frames + (t + k) * frame_stride + c;
        for (std::size_t i = 0; here == line && i < line; i += hn::Lanes(d)) {
          hn::Stream(hn::Load(d, block + k * line + i), d, to + i);
        }
        if (here < line) std::copy_n(block + k * line, here, to);
      }
    }
  }
}

template <class T>
const TransposeLoops<T>* All() {
  static const TransposeLoops<T> all{ToRows<T>, StreamToFrames<T>};
  return &all;
}
const TransposeLoops<float>* TransposeFloat() { return All<float>(); }
const TransposeLoops<double>* TransposeDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(TransposeFloat);
HWY_EXPORT(TransposeDouble);

template <>
const TransposeLoops<float>& transpose_loops() {
  return *HWY_DYNAMIC_DISPATCH(TransposeFloat)();
}
template <>
const TransposeLoops<double>& transpose_loops() {
  return *HWY_DYNAMIC_DISPATCH(TransposeDouble)();
}

}  // namespace longstate::simd
#endif
