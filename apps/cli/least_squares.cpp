#include "cli/least_squares.hpp"

#include <Eigen/QR>

namespace cli {

using longstate::Index;
using longstate::Matrix;

LeastSquares::LeastSquares(Index unknowns, Index channels)
    : unknowns_(unknowns), factor_(Matrix<double>::Zero(unknowns + channels, unknowns + channels)) {}

void LeastSquares::add(const Matrix<double>& rows, const Matrix<double>& values) {
  Matrix<double> stacked(factor_.rows() + rows.rows(), factor_.cols());
  stacked << factor_, (Matrix<double>(rows.rows(), factor_.cols()) << rows, values).finished();
  const Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> qr(stacked);
  factor_ = qr.matrixQR().topRows(factor_.rows()).triangularView<Eigen::Upper>();
}

double LeastSquares::residual() const {
  const Matrix<double> H = factor_.leftCols(unknowns_);
  const Matrix<double> u = factor_.rightCols(factor_.cols() - unknowns_);
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver(H);
  const Matrix<double> z = solver.solve(u);
  return (H * z - u).squaredNorm();
}

}  // namespace cli
