#pragma once

// The two loops of a Vandermonde kernel.

#include <cstddef>

namespace longstate::simd {

inline constexpr std::size_t kernel_block = 64;  // values of a kernel to a block

template <class T>
struct VandermondeLoops {
  /// re[k stride + n] + i im[k stride + n] = z_n step_n^k for k < powers, n < count (a multiple of 8); then z_n is the next.
  void (*powers)(double* z_re, double* z_im, const double* step_re, const double* step_im, std::size_t count,
                 std::size_t powers, std::size_t stride, T* re, T* im);

  /// K[64 b + a] = sum_k starts[b inner + k] small[64 k + a] for b < blocks
  void (*product)(const T* starts, std::size_t blocks, std::size_t inner, const T* small, T* K);
};

/// For the instruction set of this machine. All arrays 64-byte aligned but K.
template <class T>
const VandermondeLoops<T>& vandermonde_loops();

}  // namespace longstate::simd
