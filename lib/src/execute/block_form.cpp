#include "block_form.hpp"

#include "../detail/powers.hpp"
#include "../detail/product.hpp"
#include "../detail/real_form.hpp"
#include "long_powers.hpp"
#include "responses.hpp"

#include <longstate/execute/kernel.hpp>
#include <longstate/execute/transition.hpp>

#include <algorithm>
#include <optional>

namespace longstate::detail {
namespace {

Matrix<double> diagonal_state_responses(const DiscreteDiagonal& s, Index length) {
  const Index first = s.convention == Convention::sequence ? 1 : 0;
  Matrix<double> responses(s.outputs() * length, s.order());
  for (Index k = 0; k < length; ++k) {
    const Matrix<double> rows = real_rows(s.C * powers_of(s.mu, k + first).asDiagonal());
    for (Index i = 0; i < s.outputs(); ++i) responses.row(i * length + k) = rows.row(i);
  }
  return responses;
}

Matrix<double> diagonal_reachable_states(const DiscreteDiagonal& s, Index length) {
  Matrix<double> reach(s.order(), s.inputs() * length);
  for (Index k = 0; k < length; ++k) {
    const Matrix<double> columns = real_columns(powers_of(s.mu, length - 1 - k).asDiagonal() * s.B);
    for (Index j = 0; j < s.inputs(); ++j) reach.col(j * length + k) = columns.col(j);
  }
  return reach;
}

/// The state of a companion form is the last N values of w_k = u_k - a_1 w_(k-1) - …: so row N + k says how w_k, k < length, follows
/// from the state at the start without input, rows below N what that state is. Poles that lie together cancel in the powers of A:
/// long double keeps what double would lose by squaring.
Long companion_responses(const TransferFunction& s, Index length) {
  const Index N = s.order();
  Long w = Long::Zero(N + length, N);
  for (Index n = 0; n < N; ++n) w(N - 1 - n, n) = 1;
  for (Index k = 0; k < length; ++k) {
    for (Index i = 1; i <= N; ++i) {  // of a comb most are zeros
      if (s.a(i - 1) != 0) w.row(N + k) -= static_cast<long double>(s.a(i - 1)) * w.row(N + k - i);
    }
  }
  return w;
}

Matrix<double> companion_state_responses(const TransferFunction& s, Index length) {
  const Index N = s.order(), first = s.convention == Convention::sequence ? 1 : 0;
  const Long w = companion_responses(s, length);
  Matrix<double> responses(s.outputs() * length, N);
  for (Index i = 0; i < s.outputs(); ++i) {
    for (Index k = 0; k < length; ++k) {
      Eigen::Matrix<long double, 1, Eigen::Dynamic> row = Eigen::Matrix<long double, 1, Eigen::Dynamic>::Zero(N);
      for (Index n = 0; n < N; ++n) row += static_cast<long double>(s.C(i, n)) * w.row(N + k + first - 1 - n);
      responses.row(i * length + k) = row.cast<double>();
    }
  }
  return responses;
}

/// An impulse is w_0 = 1 after a state of zeros.
Matrix<double> companion_reachable_states(const TransferFunction& s, Index length) {
  Vector<long double> w = Vector<long double>::Zero(length);
  w(0) = 1;
  for (Index k = 1; k < length; ++k) {
    const Index known = std::min(k, s.order());
    w(k) = -s.a.head(known).cast<long double>().dot(w.segment(k - known, known).reverse());
  }
  Matrix<double> reach = Matrix<double>::Zero(s.order(), length);
  for (Index age = 0; age < length; ++age) {
    const Index reached = std::min(age + 1, s.order());
    reach.col(length - 1 - age).head(reached) = w.segment(age + 1 - reached, reached).reverse().cast<double>();
  }
  return reach;
}

/// From the responses w of `length` samples or more.
Matrix<double> companion_increment(const Long& w, Index length) {
  const Index N = w.cols();
  Matrix<double> result(N, N);
  for (Index n = 0; n < N; ++n) {
    for (Index m = 0; m < N; ++m) result(n, m) = static_cast<double>(w(N + length - 1 - n, m) - (n == m ? 1 : 0));
  }
  return result;
}

/// A - I of a dense system whose powers are made in long double.
std::optional<Long> long_increment(const DiscreteSystem& system) {
  const auto* s = std::get_if<DiscreteStateSpace>(&system);
  if (s == nullptr || s->order() > most_in_long) return std::nullopt;
  return Long(s->A.cast<long double>()) - Long::Identity(s->order(), s->order());
}

/// krylov(), V, A V, A^2 V, …; where that would go a sample at a time, in long double.
Matrix<double> columns_of_powers(const Matrix<double>& A, const Matrix<double>& V, Index length) {
  if (!powers_take_long(A, V.cols(), length)) return krylov(A, V, length);
  Matrix<double> columns(V.rows(), V.cols() * length);
  for_each_power(A, V, length,
                 [&](Index k, const Long& X) { columns.middleCols(k * V.cols(), V.cols()) = X.cast<double>(); });
  return columns;
}

Long times(const Long& a, const Long& b) { return a * b; }
Matrix<double> times(const Matrix<double>& a, const Matrix<double>& b) { return product(a, b); }

/// With A^m = I + M, A^n = I + R, their product is I + (M + R + M R): near the identity the digits are those of what sets A apart from it.
template <class M>
M combined(const M& one, const M& other) {
  return one + other + times(one, other);
}

template <class M>
Matrix<double> by_squaring(M square, Index length) {
  M result = M::Zero(square.rows(), square.cols());
  for (Index rest = length; rest > 0; rest /= 2) {
    if (rest % 2 == 1) result = combined(square, result);
    if (rest > 1) square = combined(square, square);
  }
  return result.template cast<double>();
}

template <class M>
std::vector<Matrix<double>> by_doubling(M square, Index length) {
  std::vector<Matrix<double>> all{square.template cast<double>()};
  for (Index done = 2; done <= length; done *= 2) {
    square = combined(square, square);
    all.push_back(square.template cast<double>());
  }
  return all;
}

}  // namespace

Matrix<double> state_responses(const DiscreteSystem& any, Index length) {
  if (const auto* diagonal = std::get_if<DiscreteDiagonal>(&any)) return diagonal_state_responses(*diagonal, length);
  if (const auto* transfer = std::get_if<TransferFunction>(&any)) return companion_state_responses(*transfer, length);
  const DiscreteStateSpace s = dense(any);
  const Matrix<double> first = s.convention == Convention::sequence ? Matrix<double>(s.C * s.A) : s.C;
  const Matrix<double> rows = columns_of_powers(s.A.transpose(), first.transpose(), length);  // N x (q length), k major
  Matrix<double> responses(s.outputs() * length, s.order());
  for (Index k = 0; k < length; ++k) {
    for (Index i = 0; i < s.outputs(); ++i) responses.row(i * length + k) = rows.col(k * s.outputs() + i);
  }
  return responses;
}

Matrix<double> reachable_states(const DiscreteSystem& any, Index length) {
  if (const auto* diagonal = std::get_if<DiscreteDiagonal>(&any)) return diagonal_reachable_states(*diagonal, length);
  if (const auto* transfer = std::get_if<TransferFunction>(&any)) return companion_reachable_states(*transfer, length);
  const DiscreteStateSpace s = dense(any);
  const Matrix<double> columns = columns_of_powers(s.A, s.B, length);  // N x (p length), k major
  Matrix<double> reach(s.order(), s.inputs() * length);
  for (Index k = 0; k < length; ++k) {
    for (Index j = 0; j < s.inputs(); ++j) {
      reach.col(j * length + length - 1 - k) = columns.col(k * s.inputs() + j);
    }
  }
  return reach;
}

Matrix<double> block_increment(const DiscreteSystem& system, Index length) {
  if (const auto* transfer = std::get_if<TransferFunction>(&system))
    return companion_increment(companion_responses(*transfer, length), length);
  if (const std::optional<Long> rest = long_increment(system)) return by_squaring(*rest, length);
  return by_squaring(increment(system), length);
}

std::vector<Matrix<double>> doubled_increments(const DiscreteSystem& system, Index length) {
  if (const auto* transfer = std::get_if<TransferFunction>(&system)) {
    const Long w = companion_responses(*transfer, length);
    std::vector<Matrix<double>> all;
    for (Index done = 1; done <= length; done *= 2) all.push_back(companion_increment(w, done));
    return all;
  }
  if (const std::optional<Long> rest = long_increment(system)) return by_doubling(*rest, length);
  return by_doubling(increment(system), length);
}

}  // namespace longstate::detail
