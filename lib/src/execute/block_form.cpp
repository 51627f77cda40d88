#include "block_form.hpp"

#include "../detail/powers.hpp"
#include "../detail/product.hpp"
#include "../detail/real_form.hpp"
#include "responses.hpp"

#include <longstate/execute/kernel.hpp>
#include <longstate/execute/transition.hpp>

namespace longstate::detail {
namespace {

using Complex = std::complex<double>;

/// e^(mu_n k)
Vector<Complex> powers(const DiscreteDiagonal& system, Index k) {
  return system.mu.unaryExpr([k](Complex mu) { return power_of(mu, k); });
}

Matrix<double> diagonal_state_responses(const DiscreteDiagonal& s, Index length) {
  const Index first = s.convention == Convention::sequence ? 1 : 0;
  Matrix<double> responses(s.outputs() * length, s.order());
  for (Index k = 0; k < length; ++k) {
    const Matrix<double> rows = real_rows(s.C * powers(s, k + first).asDiagonal());
    for (Index i = 0; i < s.outputs(); ++i) responses.row(i * length + k) = rows.row(i);
  }
  return responses;
}

Matrix<double> diagonal_reachable_states(const DiscreteDiagonal& s, Index length) {
  Matrix<double> reach(s.order(), s.inputs() * length);
  for (Index k = 0; k < length; ++k) {
    const Matrix<double> columns = real_columns(powers(s, length - 1 - k).asDiagonal() * s.B);
    for (Index j = 0; j < s.inputs(); ++j) reach.col(j * length + k) = columns.col(j);
  }
  return reach;
}

}  // namespace

Matrix<double> state_responses(const DiscreteSystem& any, Index length) {
  if (const auto* diagonal = std::get_if<DiscreteDiagonal>(&any)) return diagonal_state_responses(*diagonal, length);
  const DiscreteStateSpace s = dense(any);
  const Matrix<double> first = s.convention == Convention::sequence ? Matrix<double>(s.C * s.A) : s.C;
  const Matrix<double> rows = krylov(s.A.transpose(), first.transpose(), length);  // N x (q length), k major
  Matrix<double> responses(s.outputs() * length, s.order());
  for (Index k = 0; k < length; ++k) {
    for (Index i = 0; i < s.outputs(); ++i) responses.row(i * length + k) = rows.col(k * s.outputs() + i);
  }
  return responses;
}

Matrix<double> reachable_states(const DiscreteSystem& any, Index length) {
  if (const auto* diagonal = std::get_if<DiscreteDiagonal>(&any)) return diagonal_reachable_states(*diagonal, length);
  const DiscreteStateSpace s = dense(any);
  const Matrix<double> columns = krylov(s.A, s.B, length);  // N x (p length), k major
  Matrix<double> reach(s.order(), s.inputs() * length);
  for (Index k = 0; k < length; ++k) {
    for (Index j = 0; j < s.inputs(); ++j) {
      reach.col(j * length + length - 1 - k) = columns.col(k * s.inputs() + j);
    }
  }
  return reach;
}

/// By squaring: with A^m = I + M, A^n = I + R, their product is I + (M + R + M R): near the identity the digits are those of
/// what sets A apart from it.
Matrix<double> block_increment(const DiscreteSystem& system, Index length) {
  const Index N = order(system);
  Matrix<double> result = Matrix<double>::Zero(N, N);
  Matrix<double> square = increment(system);
  for (Index rest = length; rest > 0; rest /= 2) {
    if (rest % 2 == 1) result = (result + square + product(square, result)).eval();
    if (rest > 1) square = (product(square, square) + 2 * square).eval();
  }
  return result;
}

}  // namespace longstate::detail
