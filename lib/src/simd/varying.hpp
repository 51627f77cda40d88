#pragma once

// The hot loops of diagonal systems that change with every sample.

#include <complex>
#include <cstddef>

namespace longstate::simd {

/// Of complex numbers, `rows` in a column and n columns, every `stride`.
template <class T>
struct VaryingLoops {
  using C = std::complex<T>;

  /// b_k <- a_k b_(k-1) + b_k with x before the first column; x <- the last.
  void (*scan)(const C* a, std::size_t a_stride, C* b, std::size_t b_stride, std::size_t rows, std::size_t n, C* x);

  /// The same from zero; a_k <- a_k a_(k-1) … a_0.
  void (*scan_products)(C* a, std::size_t a_stride, C* b, std::size_t b_stride, std::size_t rows, std::size_t n);

  /// b_k <- b_k + a_k x
  void (*add)(const C* a, std::size_t a_stride, C* b, std::size_t b_stride, std::size_t rows, std::size_t n,
              const C* x);
};

template <class T>
const VaryingLoops<T>& varying_loops();

/// lambda: 4 rows of `rows` numbers, re, im, and those of 1 / lambda; a, b: rows x n without gaps. rows a multiple of 8.
/// a_k <- the step of lambda over delta_k, and b_k <- b_k times what an input of one adds in it.
using VaryingSteps = void (*)(const double* lambda, std::size_t rows, const double* delta, std::size_t n,
                              std::complex<double>* a, std::complex<double>* b);
VaryingSteps zoh_steps();
VaryingSteps bilinear_steps();

}  // namespace longstate::simd
