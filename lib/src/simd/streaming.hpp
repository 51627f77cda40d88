#pragma once

// The loops of a partitioned convolution: sums of products of spectra, and of samples.

#include <complex>
#include <cstddef>

namespace longstate::simd {

template <class T>
struct StreamingLoops {
  using C = std::complex<T>;

  /// z[b] (+)= sum over k < count of x[k bins + b] h[k bins + b], b < bins. `bins` is a multiple of 16; 64-byte aligned.
  void (*set)(const C* x, const C* h, std::size_t count, std::size_t bins, C* z);
  void (*add)(const C* x, const C* h, std::size_t count, std::size_t bins, C* z);

  /// y[i] += sum over k < taps of h[k] x[i - k], i < n. x has taps - 1 values before its first.
  void (*direct)(const T* h, std::size_t taps, const T* x, T* y, std::size_t n);
};

/// For the instruction set of this machine.
template <class T>
const StreamingLoops<T>& streaming_loops();

}  // namespace longstate::simd
