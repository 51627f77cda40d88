#include "cli/least_squares.hpp"

#include <Eigen/QR>

#include <algorithm>

namespace cli {

using longstate::Index;
using longstate::Matrix;

LeastSquares::LeastSquares(Index unknowns, Index channels)
    : unknowns_(unknowns),
      stacked_(Matrix<double>::Zero(2 * (unknowns + channels), unknowns + channels)),
      filled_(unknowns + channels) {}

void LeastSquares::add(const Matrix<double>& rows, const Matrix<double>& values) {
  for (Index done = 0; done < rows.rows();) {
    const Index more = std::min(rows.rows() - done, stacked_.rows() - filled_);
    stacked_.middleRows(filled_, more) << rows.middleRows(done, more), values.middleRows(done, more);
    done += more;
    filled_ += more;
    if (filled_ == stacked_.rows()) factor();
  }
}

void LeastSquares::factor() {
  Eigen::Ref<Eigen::MatrixXd> rows = stacked_.topRows(filled_);
  const Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> in_place(rows);
  filled_ = stacked_.cols();
  rows.topRows(filled_).triangularView<Eigen::StrictlyLower>().setZero();
}

double LeastSquares::residual() {
  factor();
  const Matrix<double> H = stacked_.topLeftCorner(filled_, unknowns_);
  const Matrix<double> u = stacked_.topRightCorner(filled_, stacked_.cols() - unknowns_);
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver(H);
  const Matrix<double> z = solver.solve(u);
  return (H * z - u).squaredNorm();
}

}  // namespace cli
