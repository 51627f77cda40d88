#include "boundary.hpp"

std::string layout_without() { return layout_of(Pose()); }

Eigen::MatrixXd made(Eigen::Index rows, Eigen::Index cols) {
  return Eigen::MatrixXd::NullaryExpr(rows, cols,
                                      [](Eigen::Index i, Eigen::Index k) { return double((3 * i + 7 * k) % 11) - 5; });
}

void shrink(Eigen::MatrixXd& u) {
  Eigen::MatrixXd less = u.leftCols(u.cols() / 2);
  u = std::move(less);
}

double use(Outcome outcome) {
  Eigen::MatrixXd difference = outcome.recurrence - outcome.other;
  for (Eigen::MatrixXf& block : outcome.blocks) block = (block * block.transpose()).eval();
  outcome.recurrence.resize(0, 0);
  outcome.past.conservativeResize(3);
  return difference.cwiseAbs().maxCoeff();
}
