#pragma once

// Products of real polynomials modulo x^length + 1: of a kernel and a block, the linear convolution of up to `length` samples.

#include "../simd/negacyclic.hpp"
#include "aligned.hpp"
#include "fft.hpp"

namespace longstate::detail {

/// With H = length / 2 bins, x^length + 1 = (x^H - i)(x^H + i), and a real polynomial modulo the first factor says all: so a
/// real signal of 2H samples is the complex one z_n = x_n + i x_(n+H) of H, and
///
///     X_k = sum_n z_n w^n e^(2 pi i n k / H),    w = e^(i pi / (2H)),
///
/// its values at the H roots of x^H = i. Against a real transform of 2H (which wraps to x^2H = 1, as good for a linear
/// convolution) the pass over pairs of bins is saved, and FFTW's complex transforms are its fastest. (Crandall & Fagin,
/// Discrete weighted transforms and large-integer arithmetic, Math. Comp. 62, 1994, "right-angle convolution".)
///
/// Long ones (H > 2^16) go as a matrix of R x S = H, columns first, and a convolution multiplies and goes back while a row is in
/// the cache: three passes over memory (Bailey's four-step transform without its transposition; the order of the bins does
/// not matter). Bins are in that order; a spectrum is of use to the same transform alone.
template <class T>
class Negacyclic {
 public:
  using Complex = std::complex<T>;

  /// A good length >= least, the same for each precision.
  explicit Negacyclic(Index least, Planning planning = Planning::estimate);

  Index length() const { return 2 * bins_; }
  Index bins() const { return bins_; }
  Index scratch_size() const;  ///< complex numbers, 64-byte aligned

  /// low, high: x_0 …, x_H …, H samples each; high null: zeros. Not low nor high need be aligned; spectra: 64 bytes.
  void forward(const T* low, const T* high, Complex* spectrum, Complex* scratch) const;

  /// H times the signal. Destroys `spectrum`.
  void inverse(Complex* spectrum, T* low, T* high, Complex* scratch) const;

  /// inverse(forward(in) * kernel)
  void convolve(const T* low, const T* high, const Complex* kernel, T* out_low, T* out_high, Complex* scratch) const;

 private:
  void columns_forward(const T* low, const T* high, Complex* scratch) const;
  void columns_inverse(T* low, T* high, Complex* scratch) const;

  Index bins_;
  bool whole_;            // in one transform; rows and columns then only number the weights
  Index columns_, rows_;  // of the matrix
  Index stride_;          // from row to row: no power of 2, so that a column's entries share no cache set
  AlignedVector<Complex> weights_, more_weights_;  // w^n = weights(n / columns) more_weights(n % columns)
  AlignedVector<Complex> twiddles_, bases_;  // e^(2 pi i r s / H) = twiddles(16 r + s % 16) bases((s / 16) rows + r)
  std::shared_ptr<const ComplexFft<T>> row_, column_;
  const simd::NegacyclicLoops<T>* loops_ = &simd::negacyclic_loops<T>();
};

extern template class Negacyclic<float>;
extern template class Negacyclic<double>;

}  // namespace longstate::detail
