#pragma once

// The loops around the transforms of detail/negacyclic.hpp. They go through a row-major array in strips of 16 columns: row r of
// a strip begins at r * stride. A factor first[r] second[j] goes to row r, column j.

#include <complex>
#include <cstddef>

namespace longstate::simd {

inline constexpr std::size_t strip = 16;

template <class T>
struct NegacyclicLoops {
  using C = std::complex<T>;

  /// z[16 r + j] = (low[r stride + j] + i high[r stride + j]) first[r] second[j]; high null: zeros
  void (*pack)(const T* low, const T* high, std::size_t stride, std::size_t rows, const C* first, const C* second,
               C* z);

  /// low[r stride + j] + i high[r stride + j] = z[16 r + j] conj(first[r] second[j])
  void (*unpack)(const C* z, std::size_t rows, const C* first, const C* second, T* low, T* high, std::size_t stride);

  /// out[r stride + j] = z[16 r + j] first[r] second[16 r + j]
  void (*twist)(const C* z, std::size_t rows, const C* first, const C* second, C* out, std::size_t stride);

  /// z[16 r + j] = in[r stride + j] conj(first[r] second[16 r + j])
  void (*untwist)(const C* in, std::size_t stride, std::size_t rows, const C* first, const C* second, C* z);

  /// z[k] *= factor[k]; count a multiple of 16
  void (*multiply)(C* z, const C* factor, std::size_t count);
};

/// For the instruction set of this machine. All arrays 64-byte aligned but low and high.
template <class T>
const NegacyclicLoops<T>& negacyclic_loops();

}  // namespace longstate::simd
