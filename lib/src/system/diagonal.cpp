#include "../detail/balance.hpp"
#include "../detail/decompositions.hpp"
#include "../detail/real_form.hpp"
#include "check_system.hpp"

#include <longstate/system/diagonal.hpp>
#include <longstate/system/nplr.hpp>

#include <array>
#include <cmath>
#include <numbers>
#include <sstream>
#include <vector>

namespace longstate {
namespace {

using namespace std::string_view_literals;
using Complex = std::complex<double>;
constexpr double pi = std::numbers::pi;

constexpr std::array initialization_names{"s4d-lin"sv, "s4d-inv"sv, "s4d-legs"sv, "s4d-real"sv, "dss"sv, "lru"sv};

DiagonalSystem of_entries(Index entries) {
  return {Vector<Complex>(entries), Matrix<Complex>::Ones(entries, 1), Matrix<Complex>::Ones(1, entries),
          Matrix<double>::Zero(1, 1)};
}

DiagonalSystem s4d_lin(Index order) {
  DiagonalSystem s = of_entries(order / 2);
  for (Index n = 0; n < s.entries(); ++n) s.lambda(n) = {-0.5, pi * static_cast<double>(n)};
  return s;
}

DiagonalSystem s4d_inv(Index order) {
  DiagonalSystem s = of_entries(order / 2);
  const double N = static_cast<double>(order);
  for (Index n = 0; n < s.entries(); ++n) {
    s.lambda(n) = {-0.5, N / pi * (N / static_cast<double>(2 * n + 1) - 1)};
  }
  return s;
}

/// legs + 1/2 B B^T is normal, with B / 2 in place of B: the system that has lost its low rank part.
DiagonalSystem s4d_legs(Index order) {
  const NplrSystem full = normal_plus_low_rank(LegSExp{}, order, Matrix<double>::Zero(1, order));
  DiagonalSystem s = of_entries(order / 2);
  s.lambda = full.lambda;
  s.B = full.B / 2;
  return s;
}

DiagonalSystem s4d_real(Index order) {
  DiagonalSystem s = of_entries(order);
  for (Index n = 0; n < order; ++n) s.lambda(n) = -static_cast<double>(n + 1);
  s.C /= 2;
  return s;
}

DiagonalSystem dss(Index order) {
  DiagonalSystem s = s4d_legs(order);
  s.B.setOnes();
  return s;
}

/// zoh over theta = 1 turns lambda = log a into a, and B into B (a - 1) / lambda.
DiagonalSystem lru(Index order) {
  DiagonalSystem s = of_entries(order / 2);
  constexpr double least = 0.9 * 0.9, most = 0.999 * 0.999;
  for (Index n = 0; n < s.entries(); ++n) {
    const double place = static_cast<double>(n) + 0.5;
    const double turn = std::numbers::phi * place;
    const double radius_squared = least + (most - least) * (turn - std::floor(turn));
    s.lambda(n) = {std::log(radius_squared) / 2, pi * place / static_cast<double>(s.entries())};
    const Complex a = std::polar(std::sqrt(radius_squared), s.lambda(n).imag());
    s.B(n, 0) = std::sqrt(1 - radius_squared) * s.lambda(n) / (a - 1.0);
  }
  return s;
}

/// Of the eigenvectors V; infinite where these columns are none: of a double eigenvalue that came out as a pair without an imaginary
/// part the solver gives the two parts of one vector.
double condition_of(const Matrix<Complex>& V, const Matrix<double>& A, const Vector<Complex>& lambda) {
  const double residual = (A * V - V * lambda.asDiagonal()).norm();
  if (!(residual < 1e-12 * static_cast<double>(A.rows()) * (1 + A.norm()))) return INFINITY;
  const Vector<double> singular = detail::singular_values(V);
  return singular(0) / singular(singular.size() - 1);
}

}  // namespace

void validate(const DiagonalSystem& system) {
  constexpr std::string_view where = "DiagonalSystem";
  detail::check_order(where, system.entries());
  detail::check_finite(where, "lambda", system.lambda);
  detail::check_ports(where, system.entries(), system.B, system.C, system.D);
}

std::span<const std::string_view> diagonal_names() { return initialization_names; }

DiagonalSystem initialize_diagonal(std::string_view name, Index order, double theta) {
  constexpr std::array make{s4d_lin, s4d_inv, s4d_legs, s4d_real, dss, lru};
  for (std::size_t i = 0; i < initialization_names.size(); ++i) {
    if (initialization_names[i] != name) continue;
    detail::check_positive("initialize_diagonal", "theta", theta);
    if (order < 2 || order > max_order || order % 2 != 0) {
      detail::fail("initialize_diagonal", "order must be even and from 2 to " + std::to_string(max_order), order);
    }
    DiagonalSystem system = make[i](order);
    system.lambda /= theta;
    system.B /= theta;
    return system;
  }
  detail::fail_unknown("initialize_diagonal", "name", initialization_names, name);
}

DiagonalSystem diagonalize(const StateSpace& system, double max_condition) {
  validate(system);
  detail::check_positive("diagonalize", "max_condition", max_condition);
  const StateSpace balanced = detail::Balanced(system).system;
  const double rate =
      detail::unit_of(balanced.A.cwiseAbs().maxCoeff());  // of numbers near 1 no threshold takes any for zeros
  const auto [lambda, V, converged] = detail::eigenpairs(balanced.A / rate);
  if (!converged) throw std::domain_error("longstate::diagonalize: no convergence");
  const double condition = condition_of(V, balanced.A / rate, lambda);
  if (!(condition <= max_condition)) {
    std::ostringstream text;
    text << "longstate::diagonalize: the eigenvectors of A have condition " << condition << ", above the bound of "
         << max_condition << "; a diagonal form would lose so many digits (of a measure, nplr keeps them)";
    throw std::domain_error(text.str());
  }
  const Matrix<Complex> B = detail::Lu<Complex>(V).solve(balanced.B.cast<Complex>());
  const Matrix<Complex> C = balanced.C.cast<Complex>() * V;
  std::vector<Index> kept;  // one of each conjugate pair
  for (Index n = 0; n < V.cols(); ++n) {
    if (lambda(n).imag() >= 0) kept.push_back(n);
  }
  const Index entries = static_cast<Index>(kept.size());
  DiagonalSystem result{Vector<Complex>(entries), Matrix<Complex>(entries, B.cols()),
                        Matrix<Complex>(C.rows(), entries), system.D};
  for (Index i = 0; i < entries; ++i) {
    const Index n = kept[static_cast<std::size_t>(i)];
    const double unit = detail::unit_between(B.row(n).cwiseAbs().maxCoeff(), C.col(n).cwiseAbs().maxCoeff());
    result.lambda(i) = rate * lambda(n);
    result.B.row(i) = B.row(n) / unit;
    result.C.col(i) = (result.lambda(i).imag() == 0 ? unit / 2 : unit) * C.col(n);
  }
  return result;
}

StateSpace dense(const DiagonalSystem& system) {
  validate(system);
  return {detail::real_diagonal(system.lambda), detail::real_columns(system.B), detail::real_rows(system.C), system.D};
}

}  // namespace longstate
