#pragma once

// Complex entries, each with its conjugate, as pairs of real coordinates (re, im).

#include <longstate/types.hpp>

#include <complex>

namespace longstate::detail {

/// entries x p complex -> 2 entries x p real: a column to add to the state.
inline Matrix<double> real_columns(const Matrix<std::complex<double>>& M) {
  Matrix<double> real(2 * M.rows(), M.cols());
  for (Index n = 0; n < M.rows(); ++n) {
    real.row(2 * n) = M.row(n).real();
    real.row(2 * n + 1) = M.row(n).imag();
  }
  return real;
}

/// q x entries complex -> q x 2 entries real: rows that read 2 Re(M x).
inline Matrix<double> real_rows(const Matrix<std::complex<double>>& M) {
  Matrix<double> real(M.rows(), 2 * M.cols());
  for (Index n = 0; n < M.cols(); ++n) {
    real.col(2 * n) = 2 * M.col(n).real();
    real.col(2 * n + 1) = -2 * M.col(n).imag();
  }
  return real;
}

/// diag(lambda) as blocks [re -im; im re].
inline Matrix<double> real_diagonal(const Vector<std::complex<double>>& lambda) {
  Matrix<double> real = Matrix<double>::Zero(2 * lambda.size(), 2 * lambda.size());
  for (Index n = 0; n < lambda.size(); ++n) {
    const double re = lambda(n).real();
    const double im = lambda(n).imag();
    real.block<2, 2>(2 * n, 2 * n) << re, -im, im, re;
  }
  return real;
}

}  // namespace longstate::detail
