#include "../detail/balance.hpp"
#include "../detail/check.hpp"
#include "../detail/decompositions.hpp"
#include "../detail/overloaded.hpp"
#include "methods.hpp"

#include <longstate/discretize/phi.hpp>
#include <longstate/discretize/resolution.hpp>

#include <limits>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace longstate {
namespace {

Matrix<double> solve(const Matrix<double>& M, const Matrix<double>& b, const char* why) {
  const detail::Lu<double> lu(M);
  if (!(lu.rcond() > std::numeric_limits<double>::epsilon())) {
    throw std::domain_error(std::string("longstate::continuous: ").append(why));
  }
  return lu.solve(b);
}

/// Of a system, or a matrix of it.
void check_in_range(const Matrix<double>& M, double dt) {
  if (M.allFinite()) return;
  std::ostringstream text;
  text << "longstate::continuous: the rates of the continuous system are beyond the largest number, got dt = " << dt;
  throw std::domain_error(text.str());
}

StateSpace undo_gbt(const DiscreteStateSpace& d, double alpha) {
  const Matrix<double> I = Matrix<double>::Identity(d.order(), d.order());
  const Matrix<double> M = alpha * d.A + (1 - alpha) * I;
  const Matrix<double> A =
      solve(M, d.A - I, "alpha A + (1 - alpha) I is singular, so no continuous system has this A") / d.dt;
  const Matrix<double> implicit = I - alpha * d.dt * A;
  StateSpace s{A, implicit * d.B / d.dt, d.C, d.D};
  if (d.convention == Convention::control) {
    s.C = d.C * implicit;
    s.D -= alpha * s.C * d.B;
  }
  return s;
}

/// log(I + M), ||M||_1 <= 1/4, with the digits of M: 2 artanh(Y) = 2 (Y + Y^3 / 3 + …), Y = M (2I + M)^-1.
Matrix<double> logarithm_near_identity(const Matrix<double>& M) {
  const Matrix<double> I = Matrix<double>::Identity(M.rows(), M.cols());
  const Matrix<double> Y = detail::Lu<double>(2 * I + M).solve(M);
  const Matrix<double> square = Y * Y;
  constexpr int terms = 12;  // (1/7)^24 is below eps^2
  Matrix<double> sum = I / (2 * terms - 1);
  for (int k = terms - 1; k >= 1; --k) sum = (square * sum + I / (2 * k - 1)).eval();
  return 2 * Y * sum;
}

/// An order of the states in which A is upper triangular; empty if there is none. A state comes when none of those left reads it.
std::vector<Index> triangular_order(const Matrix<double>& A) {
  const Index N = A.rows();
  std::vector<Index> order, readers(static_cast<std::size_t>(N));
  const auto at = [](Index n) { return static_cast<std::size_t>(n); };
  for (Index n = 0; n < N; ++n) {
    readers[at(n)] = (A.col(n).array() != 0).count() - (A(n, n) != 0 ? 1 : 0);
    if (readers[at(n)] == 0) order.push_back(n);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    const Index reader = order[next];
    for (Index n = 0; n < N; ++n) {
      if (n != reader && A(reader, n) != 0 && --readers[at(n)] == 0) order.push_back(n);
    }
  }
  if (static_cast<Index>(order.size()) < N) order.clear();
  return order;
}

/// log(A). The Schur form that it goes by loses what is small beside ||A||, but not where A is upper triangular, or near the identity.
Matrix<double> logarithm(const Matrix<double>& A) {
  const Matrix<double> M = A - Matrix<double>::Identity(A.rows(), A.cols());
  if (M.cwiseAbs().colwise().sum().maxCoeff() <= 0.25) return logarithm_near_identity(M);
  const std::vector<Index> order = triangular_order(A);
  if (order.empty()) return detail::matrix_logarithm(A);
  Matrix<double> result(A.rows(), A.cols());
  result(order, order) = detail::matrix_logarithm(A(order, order));
  return result;
}

/// Of a hold, whose B is start h B.
StateSpace undo_hold(const DiscreteStateSpace& d, const detail::PhiRule& rule) {
  const Vector<std::complex<double>> eigenvalues = detail::eigenvalues(d.A);
  for (const std::complex<double>& value : eigenvalues) {
    if (value == 0.0 || (value.imag() == 0 && value.real() < 0)) {
      throw std::domain_error("longstate::continuous: A has an eigenvalue at or below 0, and no real logarithm");
    }
  }
  const Matrix<double> A = logarithm(d.A) / d.dt;
  check_in_range(A, d.dt);
  const Matrix<double> start = sum_of(rule.start, phi_functions(d.dt * A, phi_count(rule)));
  const Matrix<double> B = solve(d.dt * start, d.B, "phi_1(dt A) is singular");
  return {A, B, d.C, d.D};
}

}  // namespace

StateSpace continuous(const DiscreteStateSpace& system, Discretization method, double alpha) {
  validate(system);
  const detail::Balanced balanced(system);
  const StateSpace s = std::visit(
      detail::Overloaded{[&](const detail::Gbt&) { return undo_gbt(balanced.system, gbt_alpha(method, alpha)); },
                         [&](const detail::PhiRule& rule) {
                           if (takes_both_ends(rule)) {
                             detail::fail("continuous", "method must be zoh, bilinear, gbt or an Euler method",
                                          name(method));
                           }
                           return undo_hold(balanced.system, rule);
                         }},
      detail::row(method).rule);
  StateSpace result = detail::rescaled(s, balanced.d.cwiseInverse());
  check_in_range(result.A, system.dt);
  check_in_range(result.B, system.dt);
  return result;
}

DiagonalSystem continuous(const DiscreteDiagonal& system) {
  validate(system);
  DiagonalSystem result{system.mu / system.dt, system.B, system.C, system.D};
  for (Index n = 0; n < result.entries(); ++n) result.B.row(n) /= system.dt * phi(1, system.mu(n));
  validate(result);
  return result;
}

}  // namespace longstate
