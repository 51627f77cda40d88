#include "../detail/balance.hpp"
#include "../detail/check.hpp"
#include "../detail/decompositions.hpp"
#include "../detail/overloaded.hpp"
#include "methods.hpp"

#include <longstate/discretize/discretize.hpp>
#include <longstate/discretize/phi.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace longstate {
namespace {

using detail::Gbt;
using detail::Overloaded;
using detail::PhiRule;

constexpr auto method_names = [] {
  std::array<std::string_view, detail::method_rows.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = detail::method_rows[i].name;
  return names;
}();

std::vector<Matrix<double>> phi_of_step(const Matrix<double>& X, int k) {
  try {
    return phi_functions(X, k);
  } catch (const std::domain_error& e) {
    throw std::domain_error(
        std::string("longstate::discretize: dt A is too large; take a smaller dt (").append(e.what()).append(")"));
  }
}

/// Whether M is singular, or may be by the rounding of its entries alone, in whatever units: eps times the spectral radius of |M^-1| |M|,
/// the least condition over all scalings (Bauer 1963).
bool is_singular(const detail::Lu<double>& lu, const Matrix<double>& M) {
  constexpr double safe = 1e-12, most = 0.1;
  if (!(lu.pivots().array().abs() > 0).all()) return true;
  if (lu.rcond() > safe) return false;
  const Matrix<double> sizes = lu.inverse().cwiseAbs() * M.cwiseAbs();
  return sizes.allFinite() &&
         detail::eigenvalues(sizes).cwiseAbs().maxCoeff() * std::numeric_limits<double>::epsilon() > most;
}

/// Each of these fills A and B, and for the control convention C and D.
void discretize_gbt(DiscreteStateSpace& d, const StateSpace& s, double dt, double alpha) {
  const Index order = s.order();
  const Matrix<double> I = Matrix<double>::Identity(order, order);
  const Matrix<double> M = I - alpha * dt * s.A;
  const detail::Lu<double> implicit(M);
  if (is_singular(implicit, M)) {
    throw std::domain_error("longstate::discretize: I - alpha dt A is singular; take another dt or method");
  }
  d.A = implicit.solve(I + (1 - alpha) * dt * s.A);
  d.B = implicit.solve(dt * s.B);
  if (d.convention == Convention::control) {
    d.C = implicit.solve_transposed(s.C.transpose()).transpose();
    d.D = s.D + alpha * s.C * d.B;
  }
}

void discretize_by_phi(DiscreteStateSpace& d, const StateSpace& s, double dt, const PhiRule& rule) {
  const auto phi = phi_of_step(s.A * dt, phi_count(rule));
  d.A = phi[0];
  d.B = dt * (sum_of(rule.start, phi) * s.B);
  if (!takes_both_ends(rule)) return;
  const Matrix<double> end = dt * (sum_of(rule.end, phi) * s.B);
  d.B += phi[0] * end;
  d.D += s.C * end;
}

void check_representable(const DiscreteStateSpace& d) {
  const auto check = [](const Matrix<double>& M, const char* name) {
    if (M.allFinite()) return;
    throw std::domain_error(
        std::string("longstate::discretize: the discrete ")
            .append(name)
            .append(
                " is beyond the largest number: the system grows too fast for this dt, or its numbers are too large"));
  };
  check(d.A, "A");
  check(d.B, "B");
  check(d.C, "C");
  check(d.D, "D");
}

}  // namespace

std::span<const std::string_view> discretization_names() { return method_names; }

std::string_view name(Discretization method) { return detail::row(method).name; }

Discretization make_discretization(std::string_view wanted) {
  for (std::size_t i = 0; i < method_names.size(); ++i) {
    if (method_names[i] == wanted) return static_cast<Discretization>(i);
  }
  detail::fail_unknown("make_discretization", "method", method_names, wanted);
}

bool is_gbt(Discretization method) { return std::holds_alternative<Gbt>(detail::row(method).rule); }

Intersample intersample(Discretization method) {
  return std::visit(Overloaded{[](const Gbt&) { return Intersample::approximate; },
                               [](const PhiRule& rule) { return intersample_of(rule); }},
                    detail::row(method).rule);
}

Convention default_convention(Discretization method) {
  return std::visit(Overloaded{[](const Gbt&) { return Convention::sequence; },
                               [](const PhiRule& rule) {
                                 return takes_both_ends(rule) ? Convention::control : Convention::sequence;
                               }},
                    detail::row(method).rule);
}

double gbt_alpha(Discretization method, double alpha) {
  const Gbt* const gbt = std::get_if<Gbt>(&detail::row(method).rule);
  if (!gbt) detail::fail("gbt_alpha", "method must be forward-euler, backward-euler, bilinear or gbt", name(method));
  if (gbt->alpha) return *gbt->alpha;
  if (!(alpha >= 0 && alpha <= 1)) detail::fail("discretize", "alpha must be from 0 to 1", alpha);
  return alpha;
}

double sample_age(Discretization method, double alpha) {
  return std::visit(Overloaded{[&](const Gbt&) { return 1 - gbt_alpha(method, alpha); },
                               [](const PhiRule& rule) { return rule.sample_age; }},
                    detail::row(method).rule);
}

void check_discretization(Discretization method, double dt, const DiscretizeOptions& options) {
  detail::check_positive("discretize", "dt", dt);
  if (default_convention(method) == Convention::control && options.convention == Convention::sequence) {
    detail::fail("discretize", std::string(name(method)) + " takes the control convention", "sequence");
  }
}

void detail::check_feed_through(Discretization method, const Matrix<double>& D) {
  const PhiRule* const rule = std::get_if<PhiRule>(&row(method).rule);
  if (!rule || !takes_impulses(*rule) || D.isZero(0)) return;
  throw std::invalid_argument(std::string("longstate::discretize: ")
                                  .append(name(method))
                                  .append(" takes a system without feed-through, got D != 0"));
}

DiscreteStateSpace discretize(const StateSpace& system, double dt, Discretization method,
                              const DiscretizeOptions& options) {
  validate(system);
  check_discretization(method, dt, options);
  detail::check_feed_through(method, system.D);

  if (!(dt * system.A).allFinite()) throw std::domain_error("longstate::discretize: dt A is beyond the largest number");

  const detail::Balanced balanced(system);
  const StateSpace& s = balanced.system;
  DiscreteStateSpace discrete{{}, {}, s.C, s.D, dt, options.convention};
  std::visit(Overloaded{[&](const Gbt&) { discretize_gbt(discrete, s, dt, gbt_alpha(method, options.alpha)); },
                        [&](const PhiRule& rule) { discretize_by_phi(discrete, s, dt, rule); }},
             detail::row(method).rule);
  const bool same_C = discrete.C == s.C;
  discrete = detail::rescaled(discrete, balanced.d.cwiseInverse());
  if (same_C) discrete.C = system.C;  // what underflowed on the way comes back
  check_representable(discrete);
  return discrete;
}

}  // namespace longstate
