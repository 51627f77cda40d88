#pragma once

// The dense decompositions that the library takes from Eigen, in one translation unit: each costs the compiler up to half a minute.
// Sizes are any, also 0 where nothing else is said; numbers that are not finite give what Eigen gives.

#include <longstate/types.hpp>

#include <Eigen/LU>

#include <complex>

namespace longstate::detail {

/// P A = L U, by rows of the largest pivot; T: double or complex<double>.
template <class T>
class Lu {
 public:
  explicit Lu(const Matrix<T>& A) : lu_(A.rows()) { factorize(A); }

  Matrix<T> solve(const Matrix<T>& b) const;             ///< A^-1 b
  Matrix<T> solve_transposed(const Matrix<T>& b) const;  ///< A^-T b
  Matrix<T> inverse() const;
  Vector<T> pivots() const { return lu_.matrixLU().diagonal(); }
  double rcond() const;  ///< an estimate of 1 / (||A||_1 ||A^-1||_1)

 private:
  void factorize(const Matrix<T>& A);

  Eigen::PartialPivLU<typename Matrix<T>::Plain> lu_;
};

extern template class Lu<double>;
extern template class Lu<std::complex<double>>;

/// R of A = Q R: min(rows, cols) x cols, upper triangular. In the place of A.
Matrix<double> triangle_of(Matrix<double> A);

/// A = Q R with k = min(rows, cols) orthonormal columns of Q, and R as above.
struct Qr {
  Matrix<double> Q, R;
};
Qr qr(Matrix<double> A);

/// An orthonormal basis of the range of A, rows x rank, by QR with pivots.
Matrix<double> range_of(const Matrix<double>& A, Index rank);

/// The X with the least ||A X - b||, by QR with pivots.
Matrix<double> least_squares(const Matrix<double>& A, const Matrix<double>& b);

/// The same, of those X the one of least norm, by a complete orthogonal decomposition.
Matrix<double> least_norm_solution(const Matrix<double>& A, const Matrix<double>& b);

/// A = U diag(sigma) V^T, thin, sigma falling; by divide and conquer.
struct Svd {
  Matrix<double> U;
  Vector<double> sigma;
  Matrix<double> V;
};
Svd svd(const Matrix<double>& A);

/// Of a complex matrix, falling: half of those of the real one [Re -Im; Im Re], which come in pairs.
Vector<double> singular_values(const Matrix<std::complex<double>>& A);

/// All NaN where the iteration does not converge (of NaN, say).
Vector<std::complex<double>> eigenvalues(const Matrix<double>& A);

/// A V = V diag(values), of columns of norm 1; all NaN where the iteration does not converge.
struct Eigenpairs {
  Vector<std::complex<double>> values;
  Matrix<std::complex<double>> vectors;
  bool converged;
};
Eigenpairs eigenpairs(const Matrix<double>& A);

/// The same of a hermitian matrix: rising values, orthonormal vectors.
struct HermitianEigenpairs {
  Vector<double> values;
  Matrix<std::complex<double>> vectors;
};
HermitianEigenpairs hermitian_eigenpairs(const Matrix<std::complex<double>>& A);

/// A = U T U^T, T of diagonal blocks of 1 and 2; diagonals of a block that cancel in its poles are equal (LAPACK's dlanv2).
struct RealSchur {
  Matrix<double> U, T;
  bool converged;
};
RealSchur real_schur(const Matrix<double>& A);

/// log A, the principal one, of an A without eigenvalues at or below zero.
Matrix<double> matrix_logarithm(const Matrix<double>& A);

}  // namespace longstate::detail
