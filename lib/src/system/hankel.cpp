#include "hankel.hpp"

#include "../detail/product.hpp"

#include <algorithm>
#include <limits>
#include <random>

namespace longstate::detail {
namespace {

/// Signs rather than normal deviates: the same on every machine.
Matrix<double> random_signs(Index rows, Index cols) {
  std::mt19937_64 bits(1);
  return Matrix<double>::NullaryExpr(rows, cols, [&] { return bits() >> 63 != 0 ? 1.0 : -1.0; });
}

}  // namespace

HankelMatrix::HankelMatrix(Matrix<double> K, Index outputs, Index inputs, Index block_rows)
    : K_(std::move(K)),
      outputs_(outputs),
      inputs_(inputs),
      block_rows_(block_rows),
      block_cols_(K_.cols() + 1 - block_rows)
#if LONGSTATE_WITH_FFTW
      ,
      fft_(good_fft_length(K_.cols()))
#endif
{
#if LONGSTATE_WITH_FFTW
  spectra_.resize(fft_.padded_bins(), K_.rows());
  AlignedVector<double> time = AlignedVector<double>::Zero(fft_.length());
  for (Index row = 0; row < K_.rows(); ++row) {
    time.head(K_.cols()) = K_.row(row) / static_cast<double>(fft_.length());  // its inverse does not divide
    fft_.forward(time.data(), spectra_.col(row).data());
  }
#endif
}

double HankelMatrix::squared_norm() const {
  double sum = 0;
  for (Index k = 0; k < K_.cols(); ++k) {
    const Index times = std::min({k + 1, K_.cols() - k, block_rows_, block_cols_});
    sum += static_cast<double>(times) * K_.col(k).squaredNorm();
  }
  return sum;
}

Matrix<double> HankelMatrix::dense() const {
  Matrix<double> H(rows(), cols());
  for (Index j = 0; j < block_cols_; ++j) {
    for (Index i = 0; i < block_rows_; ++i) {
      H.block(i * outputs_, j * inputs_, outputs_, inputs_) = K_.col(i + j).reshaped(outputs_, inputs_);
    }
  }
  return H;
}

#if LONGSTATE_WITH_FFTW

/// y_i = sum_j K_{i+j} x_j is a correlation; it does not wrap around, since i + j stays below the length.
Matrix<double> HankelMatrix::product(const Matrix<double>& X, bool transposed) const {
  const Index from = transposed ? outputs_ : inputs_, to = transposed ? inputs_ : outputs_;
  const Index blocks = transposed ? block_cols_ : block_rows_;
  AlignedVector<double> time(fft_.length());
  Aligned<std::complex<double>> x(spectra_.rows(), from);
  AlignedVector<std::complex<double>> y(spectra_.rows());
  Matrix<double> Y(blocks * to, X.cols());
  for (Index column = 0; column < X.cols(); ++column) {
    const auto in = X.col(column).reshaped(from, X.rows() / from);
    auto out = Y.col(column).reshaped(to, blocks);
    for (Index b = 0; b < from; ++b) {
      time.setZero();
      time.head(in.cols()) = in.row(b);
      fft_.forward(time.data(), x.col(b).data());
    }
    for (Index a = 0; a < to; ++a) {
      y.setZero();
      for (Index b = 0; b < from; ++b) {
        const Index entry = transposed ? a * outputs_ + b : b * outputs_ + a;
        y.head(fft_.bins()).array() +=
            spectra_.col(entry).head(fft_.bins()).array() * x.col(b).head(fft_.bins()).array().conjugate();
      }
      fft_.inverse(y.data(), time.data());
      out.row(a) = time.head(blocks);
    }
  }
  return Y;
}

#else

/// The tiles along an antidiagonal are one matrix.
Matrix<double> HankelMatrix::product(const Matrix<double>& X, bool transposed) const {
  constexpr Index tile = 128;
  Matrix<double> Y = Matrix<double>::Zero(transposed ? cols() : rows(), X.cols());
  for (Index first = 0; first < K_.cols(); first += tile) {
    Matrix<double> values = Matrix<double>::Zero(K_.rows(), 2 * tile - 1);
    const Index width = std::min(values.cols(), K_.cols() - first);
    values.leftCols(width) = K_.middleCols(first, width);
    const Matrix<double> T = HankelMatrix(std::move(values), outputs_, inputs_, tile).dense();
    for (Index i = 0; i <= first && i < block_rows_; i += tile) {
      const Index j = first - i;
      if (j >= block_cols_) continue;
      const Index height = std::min(tile, block_rows_ - i) * outputs_;
      const Index breadth = std::min(tile, block_cols_ - j) * inputs_;
      const auto part = T.topLeftCorner(height, breadth);
      if (transposed) {
        Y.middleRows(j * inputs_, breadth) += part.transpose() * X.middleRows(i * outputs_, height);
      } else {
        Y.middleRows(i * outputs_, height) += part * X.middleRows(j * inputs_, breadth);
      }
    }
  }
  return Y;
}

#endif

Svd full_svd(const HankelMatrix& H) { return svd(H.dense()); }

Svd truncated_svd(const HankelMatrix& H, Index rank, Index wanted, const Matrix<double>& start,
                  const std::function<void(double)>& progress,
                  const std::function<bool(const Vector<double>&)>& too_few) {
  constexpr int most_iterations = 6;
  constexpr double rounding = 1e-14, settled = 1e-6;
  Matrix<double> V(H.cols(), rank);
  if (start.size() > 0) V.leftCols(start.cols()) = start;
  V.rightCols(rank - start.cols()) = random_signs(H.cols(), rank - start.cols());
  Vector<double> before = Vector<double>::Zero(rank);
  for (int iteration = 1;; ++iteration) {
    progress((iteration - 1.0) / most_iterations);
    const Matrix<double> U = qr(H.times(V)).Q;
    progress((iteration - 0.5) / most_iterations);
    const Qr transposed = qr(H.transposed_times(U));
    V = transposed.Q;
    const auto [left, sigma, right] = svd(transposed.R.transpose());
    const auto change = (sigma - before).head(wanted).array().abs();
    const bool stand = (change <= settled * sigma.head(wanted).array() + rounding * sigma(0)).all();
    if (stand || iteration == most_iterations || too_few(sigma.head(wanted)))
      return {product(U, left), sigma, product(V, right)};
    before = sigma;
  }
}

}  // namespace longstate::detail
