#include "by_dense.hpp"

#include <longstate/execute/kernel.hpp>

namespace longstate::detail {
namespace {

/// krylov(), V, A V, A^2 V, …; where that would go a sample at a time, in long double.
Matrix<double> columns_of_powers(const Matrix<double>& A, const Matrix<double>& V, Index length) {
  if (!powers_take_long(A, V.cols(), length)) return krylov(A, V, length);
  Matrix<double> columns(V.rows(), V.cols() * length);
  for_each_power(A, V, length,
                 [&](Index k, const Long& X) { columns.middleCols(k * V.cols(), V.cols()) = X.cast<double>(); });
  return columns;
}

}  // namespace

Matrix<double> observability_of(const DiscreteStateSpace& s, Index length) {
  const Matrix<double> first = s.convention == Convention::sequence ? Matrix<double>(s.C * s.A) : s.C;
  const Matrix<double> rows = columns_of_powers(s.A.transpose(), first.transpose(), length);  // N x (q length), k major
  Matrix<double> responses(s.outputs() * length, s.order());
  for (Index k = 0; k < length; ++k) {
    for (Index i = 0; i < s.outputs(); ++i) responses.row(i * length + k) = rows.col(k * s.outputs() + i);
  }
  return responses;
}

Matrix<double> controllability_of(const DiscreteStateSpace& s, Index length) {
  const Matrix<double> columns = columns_of_powers(s.A, s.B, length);  // N x (p length), k major
  Matrix<double> reach(s.order(), s.inputs() * length);
  for (Index k = 0; k < length; ++k) {
    for (Index j = 0; j < s.inputs(); ++j) {
      reach.col(j * length + length - 1 - k) = columns.col(k * s.inputs() + j);
    }
  }
  return reach;
}

}  // namespace longstate::detail
