#pragma once

// The block Hankel matrix of a response, and its largest singular values, without forming it where it is large.

#include "../detail/decompositions.hpp"

#include "../detail/aligned.hpp"

#include <longstate/config.hpp>
#include <longstate/types.hpp>

#if LONGSTATE_WITH_FFTW
#include "../detail/fft.hpp"
#endif

#include <complex>
#include <functional>

namespace longstate::detail {

/// K_{i+j} (q x p) at block (i, j), i < block_rows, i + j < K.cols(). K holds q p values a column, outputs first.
class HankelMatrix {
 public:
  HankelMatrix(Matrix<double> K, Index outputs, Index inputs, Index block_rows);

  Index rows() const { return block_rows_ * outputs_; }
  Index cols() const { return block_cols_ * inputs_; }
  double squared_norm() const;  ///< of Frobenius
  Matrix<double> dense() const;

  /// H X, and H^T X. By FFT O(q p L log L) a column; without FFTW O(q p L^2), by tiles.
  Matrix<double> times(const Matrix<double>& X) const { return product(X, false); }
  Matrix<double> transposed_times(const Matrix<double>& X) const { return product(X, true); }

 private:
  Matrix<double> product(const Matrix<double>& X, bool transposed) const;

  Matrix<double> K_;
  Index outputs_, inputs_, block_rows_, block_cols_;
#if LONGSTATE_WITH_FFTW
  RealFft<double> fft_;
  Aligned<std::complex<double>> spectra_;  // of each row of K
#endif
};

/// All of it: O(rows cols min(rows, cols)).
Svd full_svd(const HankelMatrix& H);

/// The `rank` largest by subspace iteration from random signs (Halko, Martinsson & Tropp 2011, algorithm 4.4), of which
/// the `wanted` first are iterated until they stand to 1e-6, at most six times: those of noise, which fall slowly, are then below the
/// true ones by up to some 1e-5. `start` (cols x any) are directions known already.
/// Ends after any iteration where `too_few` of these values so far is true: then all of it is as it stands.
/// Deterministic. Calls progress(share).
Svd truncated_svd(const HankelMatrix& H, Index rank, Index wanted, const Matrix<double>& start,
                  const std::function<void(double)>& progress,
                  const std::function<bool(const Vector<double>&)>& too_few);

}  // namespace longstate::detail
