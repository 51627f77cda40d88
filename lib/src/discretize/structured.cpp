#include "../detail/overloaded.hpp"
#include "../system/check_system.hpp"
#include "../system/nplr_resolvent.hpp"
#include "methods.hpp"

#include <longstate/discretize/hippo_step.hpp>
#include <longstate/discretize/phi.hpp>
#include <longstate/discretize/structured.hpp>

#include <cmath>
#include <stdexcept>
#include <utility>

namespace longstate {
namespace {

using Complex = std::complex<double>;
using detail::Gbt;
using detail::Overloaded;
using detail::PhiRule;
using detail::PhiSum;

/// 2 Re(C B), the feed-through that an entry and its conjugate give together.
Matrix<double> real_product(const Matrix<Complex>& C, const Matrix<Complex>& B) { return 2 * (C * B).real(); }

/// (I - alpha h A)^-1 b, in both halves.
Matrix<Complex> nplr_solve(const NplrSystem& s, double alpha_h, const Matrix<Complex>& b) {
  const detail::NplrResolvent inverse(s.lambda, s.P, alpha_h);
  const Matrix<Complex> Rb = inverse.R.asDiagonal() * b;
  const Matrix<double> weights = inverse.small.solve(real_product(s.P.adjoint(), Rb));
  return Rb - alpha_h * inverse.RP * weights.cast<Complex>();
}

[[noreturn]] void overflow(std::string_view what) {
  throw std::domain_error(
      std::string("longstate::discretize: ")
          .append(what)
          .append(" overflows: the system over one step is beyond the range of double; take a smaller dt"));
}

/// What came out, or why it is no system.
template <class System>
System finite(System system) {
  if (!system.B.allFinite()) overflow("B");
  if (!system.C.allFinite()) overflow("C");
  if (!system.D.allFinite()) overflow("D");
  return system;
}

/// h (identity + phi_1 phi_1 + phi_2 phi_2) B, by a step from zero of the input that the sum stands for: a line.
Matrix<double> sum_by_step(const PhiSum& sum, HippoStep<double>& line) {
  const Vector<double>& B = line.matrices().B();
  Matrix<double> x = Matrix<double>::Zero(B.size(), 1);
  if (sum.phi_1 != 0 || sum.phi_2 != 0) {
    line.advance(x, Vector<double>::Constant(1, sum.phi_1), Vector<double>::Constant(1, sum.phi_1 + sum.phi_2));
  }
  if (sum.identity != 0) x += sum.identity * line.dt() * B;
  return x;
}

void discretize_by_gbt(DiscreteHippo& d, const HippoSystem& s, double alpha) {
  HippoStep<double> step(d.measure, s.order(), d.method, d.alpha, d.pade);
  step.prepare(d.dt);
  step.advance(d.B, Vector<double>::Ones(1), Vector<double>::Ones(1));
  if (d.convention == Convention::sequence) return;
  ShiftedHippo<double, double> implicit;
  implicit.prepare(step.matrices().transposed(), alpha * d.dt);
  for (Index i = 0; i < d.C.rows(); ++i) {
    Vector<double> row = s.C.row(i).transpose();
    implicit.solve(row);
    d.C.row(i) = row.transpose();
  }
  d.D += alpha * (s.C * d.B);
}

void discretize_by_phi(DiscreteHippo& d, const HippoSystem& s, const PhiRule& rule) {
  HippoStep<double> line(d.measure, s.order(), Discretization::foh, d.alpha, d.pade);
  line.prepare(d.dt);
  d.B = sum_by_step(rule.start, line);
  if (!takes_both_ends(rule)) return;
  Matrix<double> end = sum_by_step(rule.end, line);
  d.D += s.C * end;
  line.transition(end.col(0));
  d.B += end;
}

void discretize_by_gbt(DiscreteDiagonal& d, const DiagonalSystem& s, double alpha) {
  for (Index n = 0; n < s.entries(); ++n) {
    const Complex z = d.dt * s.lambda(n);
    const Complex pivot = 1.0 - alpha * z;
    if (pivot == 0.0) {
      throw std::domain_error("longstate::discretize: I - alpha dt A is singular; take another dt or method");
    }
    d.mu(n) = log1p((1 - alpha) * z) - log1p(-alpha * z);
    d.B.row(n) *= d.dt / pivot;
    if (d.convention == Convention::control) d.C.col(n) /= pivot;
  }
  if (d.convention == Convention::control) d.D += alpha * real_product(s.C, d.B);
}

Complex sum_of(const PhiSum& sum, Complex z) {
  Complex S = sum.identity;
  if (sum.phi_1 != 0) S += sum.phi_1 * phi(1, z);
  if (sum.phi_2 != 0) S += sum.phi_2 * phi(2, z);
  return S;
}

void discretize_by_phi(DiscreteDiagonal& d, const DiagonalSystem& s, const PhiRule& rule) {
  d.mu = d.dt * s.lambda;
  Matrix<Complex> end = s.B;
  for (Index n = 0; n < s.entries(); ++n) {
    const Complex start = sum_of(rule.start, d.mu(n)), last = sum_of(rule.end, d.mu(n));
    d.B.row(n) *= d.dt * (takes_both_ends(rule) ? start + std::exp(d.mu(n)) * last : start);
    end.row(n) *= d.dt * last;
  }
  if (takes_both_ends(rule)) d.D += real_product(s.C, end);
}

}  // namespace

DiscreteHippo discretize(const HippoSystem& system, double dt, Discretization method, const DiscretizeOptions& options,
                         const PadeOptions& pade) {
  validate(system);
  check_discretization(method, dt, options);
  detail::check_feed_through(method, system.D);
  DiscreteHippo result{
      system.measure, method, options.alpha,     pade, Matrix<double>::Zero(system.order(), 1), system.C,
      system.D,       dt,     options.convention};
  std::visit(Overloaded{[&](const Gbt&) { discretize_by_gbt(result, system, gbt_alpha(method, options.alpha)); },
                        [&](const PhiRule& rule) { discretize_by_phi(result, system, rule); }},
             detail::row(method).rule);
  return finite(std::move(result));
}

DiscreteDiagonal discretize(const DiagonalSystem& system, double dt, Discretization method,
                            const DiscretizeOptions& options) {
  validate(system);
  check_discretization(method, dt, options);
  detail::check_feed_through(method, system.D);
  DiscreteDiagonal result{Vector<Complex>(system.entries()), system.B, system.C, system.D, dt, options.convention};
  std::visit(Overloaded{[&](const Gbt&) { discretize_by_gbt(result, system, gbt_alpha(method, options.alpha)); },
                        [&](const PhiRule& rule) { discretize_by_phi(result, system, rule); }},
             detail::row(method).rule);
  for (const Complex mu : result.mu) {
    if (!std::isfinite(std::exp(mu.real())) || !std::isfinite(mu.imag())) overflow("e^(lambda dt)");
  }
  return finite(std::move(result));
}

DiscreteNplr discretize(const NplrSystem& system, double dt, Discretization method, const DiscretizeOptions& options) {
  validate(system);
  if (!is_gbt(method)) {
    detail::fail("discretize",
                 "a normal plus low rank system takes bilinear, gbt or an Euler method, since the exponential of its A "
                 "is not normal plus low rank (structures hippo and dense have zoh and foh)",
                 name(method));
  }
  check_discretization(method, dt, options);
  const double alpha = gbt_alpha(method, options.alpha);
  DiscreteNplr result{
      system, alpha, nplr_solve(system, alpha * dt, dt * system.B), system.C, system.D, dt, options.convention};
  if (options.convention == Convention::control) {
    // C (I - alpha h A)^-1: the adjoint of A has conj(lambda) and the same P.
    NplrSystem adjoint = system;
    adjoint.lambda = system.lambda.conjugate();
    result.C = nplr_solve(adjoint, alpha * dt, system.C.adjoint()).adjoint();
    result.D += alpha * real_product(system.C, result.B);
  }
  return finite(std::move(result));
}

}  // namespace longstate
