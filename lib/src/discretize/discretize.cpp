#include "../detail/balance.hpp"
#include "../detail/check.hpp"
#include "../detail/decompositions.hpp"

#include <longstate/discretize/discretize.hpp>
#include <longstate/discretize/phi.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace longstate {
namespace {

using namespace std::string_view_literals;

constexpr std::array method_names{"forward-euler"sv, "backward-euler"sv, "bilinear"sv, "gbt"sv, "zoh"sv,
                                  "foh"sv,           "impulse"sv};

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

void discretize_zoh(DiscreteStateSpace& d, const StateSpace& s, double dt) {
  const auto phi = phi_of_step(s.A * dt, 1);
  d.A = phi[0];
  d.B = dt * (phi[1] * s.B);
}

/// The state is shifted by h phi_2 B u_k, which hides the next sample in the current one (scipy's realisation).
void discretize_foh(DiscreteStateSpace& d, const StateSpace& s, double dt) {
  const auto phi = phi_of_step(s.A * dt, 2);
  const Matrix<double> start = dt * ((phi[1] - phi[2]) * s.B);
  const Matrix<double> end = dt * (phi[2] * s.B);
  d.A = phi[0];
  d.B = start + phi[0] * end;
  d.D = s.D + s.C * end;
}

void discretize_impulse(DiscreteStateSpace& d, const StateSpace& s, double dt) {
  if (!s.D.isZero(0)) {
    throw std::invalid_argument("longstate::discretize: impulse takes a system without feed-through, got D != 0");
  }
  d.A = phi_of_step(s.A * dt, 0)[0];
  d.B = dt * (d.A * s.B);
  d.D = dt * s.C * s.B;
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

std::string_view name(Discretization method) { return method_names[static_cast<std::size_t>(method)]; }

Discretization make_discretization(std::string_view wanted) {
  for (std::size_t i = 0; i < method_names.size(); ++i) {
    if (method_names[i] == wanted) return static_cast<Discretization>(i);
  }
  detail::fail_unknown("make_discretization", "method", method_names, wanted);
}

bool is_gbt(Discretization method) { return method <= Discretization::gbt; }

double gbt_alpha(Discretization method, double alpha) {
  switch (method) {
    case Discretization::forward_euler:
      return 0.0;
    case Discretization::backward_euler:
      return 1.0;
    case Discretization::bilinear:
      return 0.5;
    case Discretization::gbt:
      if (!(alpha >= 0 && alpha <= 1)) detail::fail("discretize", "alpha must be from 0 to 1", alpha);
      return alpha;
    default:
      detail::fail("gbt_alpha", "method must be forward-euler, backward-euler, bilinear or gbt", name(method));
  }
}

double sample_age(Discretization method, double alpha) {
  if (is_gbt(method)) return 1 - gbt_alpha(method, alpha);
  return method == Discretization::zoh ? 0.5 : 0.0;
}

void check_discretization(Discretization method, double dt, const DiscretizeOptions& options) {
  detail::check_positive("discretize", "dt", dt);
  const bool needs_control = method == Discretization::foh || method == Discretization::impulse;
  if (needs_control && options.convention == Convention::sequence) {
    detail::fail("discretize", std::string(name(method)) + " takes the control convention", "sequence");
  }
}

DiscreteStateSpace discretize(const StateSpace& system, double dt, Discretization method,
                              const DiscretizeOptions& options) {
  validate(system);
  check_discretization(method, dt, options);

  if (!(dt * system.A).allFinite()) throw std::domain_error("longstate::discretize: dt A is beyond the largest number");

  const detail::Balanced balanced(system);
  const StateSpace& s = balanced.system;
  DiscreteStateSpace discrete{{}, {}, s.C, s.D, dt, options.convention};
  if (is_gbt(method)) {
    discretize_gbt(discrete, s, dt, gbt_alpha(method, options.alpha));
  } else if (method == Discretization::zoh) {
    discretize_zoh(discrete, s, dt);
  } else if (method == Discretization::foh) {
    discretize_foh(discrete, s, dt);
  } else {
    discretize_impulse(discrete, s, dt);
  }
  const bool same_C = discrete.C == s.C;
  discrete = detail::rescaled(discrete, balanced.d.cwiseInverse());
  if (same_C) discrete.C = system.C;  // what underflowed on the way comes back
  check_representable(discrete);
  return discrete;
}

}  // namespace longstate
