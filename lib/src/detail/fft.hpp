#pragma once

// Fourier transforms by FFTW; fft.cpp alone sees fftw3.h.

#include <longstate/execute/planning.hpp>
#include <longstate/types.hpp>

#include <complex>
#include <memory>

namespace longstate::detail {

/// The smallest 2^a 3^b 5^c 7^d >= n: lengths that FFTW has fast code for (FFTW manual, 4.3.3).
Index good_fft_length(Index n);

/// The smallest good length of a RealFft that FFTW (3.3.10) transforms without memory of its own: it takes odd lengths through a
/// buffer that it gets from the heap as it runs, and so some above 2^21 that have many odd factors. Even, therefore, and above
/// 2^20 at most 16 times a power of 2.
Index good_real_fft_length(Index n);

/// Plans of one length, both directions. Planning is guarded by one mutex (FFTW's planner alone is not thread-safe);
/// copies share the plans, and the transforms may run at the same time on distinct data.
template <class T>
class RealFft {
 public:
  explicit RealFft(Index length);

  Index length() const { return length_; }
  Index bins() const { return length_ / 2 + 1; }

  /// bins() rounded up so that every column of a matrix with so many rows is aligned as the plans expect.
  Index padded_bins() const { return (bins() + 7) / 8 * 8; }

  /// X_k = sum_t x_t e^(-2 pi i k t / length). Both 64-byte aligned, `time` has length() values.
  void forward(const T* time, std::complex<T>* frequency) const;

  /// x_t = sum_k X_k e^(2 pi i k t / length), not divided by the length. Destroys `frequency`.
  void inverse(std::complex<T>* frequency, T* time) const;

  /// Additions and multiplications of one of them, as FFTW counts them.
  Index flops() const { return flops_; }

 private:
  struct Plans;
  Index length_, flops_;
  std::shared_ptr<const Plans> plans_;
};

/// Complex transforms of one length, `together` of them interleaved (element n of transform j at n * together + j), not
/// scaled. Plans are made once for the process, and shared.
template <class T>
class ComplexFft {
 public:
  static std::shared_ptr<const ComplexFft> shared(Index length, Index together, Planning planning);
  ComplexFft(Index length, Index together, Planning planning);
  ComplexFft(const ComplexFft&) = delete;
  ComplexFft& operator=(const ComplexFft&) = delete;
  ~ComplexFft();

  /// X_k = sum_n x_n e^(+2 pi i k n / length), and with the other sign. Distinct arrays, 64-byte aligned; `in` is kept.
  void plus(std::complex<T>* in, std::complex<T>* out) const;
  void minus(std::complex<T>* in, std::complex<T>* out) const;

 private:
  struct Plans;
  std::unique_ptr<Plans> plans_;
};

extern template class ComplexFft<float>;
extern template class ComplexFft<double>;
extern template class RealFft<float>;
extern template class RealFft<double>;

}  // namespace longstate::detail
