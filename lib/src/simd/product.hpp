#pragma once

// Products of small matrices that stay in the cache, and the steps of a diagonal state.

#include "rest.hpp"

#include <cstddef>

namespace longstate::simd {

/// Rows of a matrix on the left come in multiples of this: a vector of the widest machine, and then some.
inline constexpr std::size_t product_rows = 16;
inline constexpr std::ptrdiff_t padded_rows(std::ptrdiff_t rows) {
  constexpr auto vector = static_cast<std::ptrdiff_t>(product_rows);
  return (rows + vector - 1) / vector * vector;
}

template <class T>
struct ProductLoops {
  /// C <- A B and C += A B. A: rows x inner, columns without gaps, 64-byte aligned; B: inner x columns; C: rows x columns.
  void (*set)(const T* A, std::size_t rows, std::size_t inner, const T* B, std::size_t B_stride, std::size_t columns,
              T* C, std::size_t C_stride);
  void (*add)(const T* A, std::size_t rows, std::size_t inner, const T* B, std::size_t B_stride, std::size_t columns,
              T* C, std::size_t C_stride);

  /// C += A B for A lower triangular in blocks of q x p.
  void (*add_lower)(const T* A, std::size_t rows, std::size_t q, std::size_t p, const T* B, std::size_t B_stride,
                    std::size_t columns, T* C, std::size_t C_stride);

  /// x_(b+1) += lambda x_b for b = 0 … blocks - 1, columns of `rows` numbers, complex entries (re, im) without gaps.
  /// lambda: re, re for each entry, then -im, im for each; of float the same for its rest (rest.hpp). 64-byte aligned.
  void (*turn)(const T* lambda, T* x, std::size_t rows, std::size_t blocks);
};

/// For the instruction set of this machine.
template <class T>
const ProductLoops<T>& product_loops();

}  // namespace longstate::simd
