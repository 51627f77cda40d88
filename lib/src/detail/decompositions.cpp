#include "decompositions.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <unsupported/Eigen/MatrixFunctions>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace longstate::detail {
namespace {

using Complex = std::complex<double>;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

using InPlaceQr = Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>>;

}  // namespace

template <class T>
void Lu<T>::factorize(const Matrix<T>& A) {
  lu_.compute(A);
}

template <class T>
Matrix<T> Lu<T>::solve(const Matrix<T>& b) const {
  return lu_.solve(b);
}

template <class T>
Matrix<T> Lu<T>::solve_transposed(const Matrix<T>& b) const {
  return lu_.transpose().solve(b);
}

template <class T>
Matrix<T> Lu<T>::inverse() const {
  return lu_.inverse();
}

template <class T>
double Lu<T>::rcond() const {
  return lu_.rcond();
}

template class Lu<double>;
template class Lu<Complex>;

Matrix<double> triangle_of(Matrix<double> A) {
  const InPlaceQr decomposition(A);
  return A.topRows(std::min(A.rows(), A.cols())).triangularView<Eigen::Upper>();
}

Qr qr(Matrix<double> A) {
  const Index k = std::min(A.rows(), A.cols());
  const InPlaceQr decomposition(A);
  return {decomposition.householderQ() * Matrix<double>::Identity(A.rows(), k),
          A.topRows(k).triangularView<Eigen::Upper>()};
}

Matrix<double> range_of(const Matrix<double>& A, Index rank) {
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> decomposition(A);
  return decomposition.householderQ() * Matrix<double>::Identity(A.rows(), rank);
}

Matrix<double> least_squares(const Matrix<double>& A, const Matrix<double>& b) {
  return Eigen::ColPivHouseholderQR<Eigen::MatrixXd>(A).solve(b);
}

Matrix<double> least_norm_solution(const Matrix<double>& A, const Matrix<double>& b) {
  return Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd>(A).solve(b);
}

Svd svd(const Matrix<double>& A) {
  const Eigen::BDCSVD<Eigen::MatrixXd> decomposition(A, Eigen::ComputeThinU | Eigen::ComputeThinV);
  return {decomposition.matrixU(), decomposition.singularValues(), decomposition.matrixV()};
}

Vector<double> singular_values(const Matrix<Complex>& A) {
  Matrix<double> real(2 * A.rows(), 2 * A.cols());
  real << A.real(), -A.imag(), A.imag(), A.real();
  const Vector<double> twice = Eigen::BDCSVD<Eigen::MatrixXd>(real).singularValues();
  return twice(Eigen::seqN(0, twice.size() / 2, 2));
}

Vector<Complex> eigenvalues(const Matrix<double>& A) {
  const Eigen::EigenSolver<Eigen::MatrixXd> solver(A, false);
  if (solver.info() != Eigen::Success) return Vector<Complex>::Constant(A.rows(), not_a_number);
  return solver.eigenvalues();
}

Eigenpairs eigenpairs(const Matrix<double>& A) {
  const Eigen::EigenSolver<Eigen::MatrixXd> solver(A);
  if (solver.info() != Eigen::Success) {
    return {Vector<Complex>::Constant(A.rows(), not_a_number),
            Matrix<Complex>::Constant(A.rows(), A.cols(), not_a_number), false};
  }
  return {solver.eigenvalues(), solver.eigenvectors(), true};
}

HermitianEigenpairs hermitian_eigenpairs(const Matrix<Complex>& A) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXcd> solver(A);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

namespace {

/// Turns rows and columns k, k + 1 of T, and U with them, so that the 2 x 2 block of a pair of complex poles has equal diagonals, as LAPACK's
/// dlanv2 does, where those that it has are larger than the pole and cancel in it.
void equalise_diagonals(Matrix<double>& U, Matrix<double>& T, Index k) {
  const double half = (T(k, k) - T(k + 1, k + 1)) / 2, mean = (T(k, k) + T(k + 1, k + 1)) / 2;
  const double turning = std::sqrt(std::max(0.0, -T(k, k + 1) * T(k + 1, k) - half * half));
  if (std::abs(half) <= std::hypot(mean, turning)) return;
  const double sum = T(k, k + 1) + T(k + 1, k);
  const double angle = std::atan(-2 * half / sum) / 2;  // sum 0: a quarter of a right angle
  const Eigen::JacobiRotation<double> turn(std::cos(angle), std::sin(angle));
  T.applyOnTheLeft(k, k + 1, turn);
  T.applyOnTheRight(k, k + 1, turn.transpose());
  U.applyOnTheRight(k, k + 1, turn.transpose());
}

}  // namespace

RealSchur real_schur(const Matrix<double>& A) {
  const Eigen::RealSchur<Eigen::MatrixXd> schur(A);
  Matrix<double> U = schur.matrixU(), T = schur.matrixT();
  for (Index k = 0; k + 1 < T.rows(); ++k) {
    if (T(k + 1, k) != 0) equalise_diagonals(U, T, k);
  }
  return {std::move(U), std::move(T), schur.info() == Eigen::Success};
}

Matrix<double> matrix_logarithm(const Matrix<double>& A) { return A.log(); }

}  // namespace longstate::detail
