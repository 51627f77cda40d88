#include "../detail/check.hpp"
#include "polynomials.hpp"

#include <longstate/measure/basis.hpp>

#include <cmath>
#include <numbers>

namespace longstate {
namespace {

using Column = Frame<double>;

void fill(const LegS& /*measure*/, double age, Column h) { detail::orthonormal_legendre(age, 1 - age, h); }
void fill(const LegSExp& /*measure*/, double age, Column h) {
  detail::orthonormal_legendre(-std::expm1(-age), std::exp(-age), h);
}
void fill(const LegT& /*measure*/, double age, Column h) { detail::orthonormal_legendre(age, 1 - age, h); }
void fill(const Lmu& /*measure*/, double age, Column h) { detail::legendre(1 - age, age, h); }

void fill(const LagT& measure, double age, Column h) {
  detail::laguerre(measure.alpha, age, (1 - measure.beta) / 2, h);
  if (measure.alpha != 0) h *= std::pow(age, measure.alpha);
}

void fill(const Fourier& /*measure*/, double age, Column h) {
  h(0) = 1;
  for (Index n = 1; n < h.size(); ++n) {
    const Index m = (n + 1) / 2;
    const double phase = 2 * std::numbers::pi * static_cast<double>(m) * age;
    h(n) = std::numbers::sqrt2 * (n % 2 == 1 ? std::cos(phase) : std::sin(phase));
  }
}

void fill(const ChebT& measure, double age, Column h) {
  detail::chebyshev(1 - 2 * age, h);
  h *= tilt(measure, age);
}

}  // namespace

Matrix<double> basis(const Measure& measure, Index order, const ConstFrame<double>& ages) {
  validate(measure);
  detail::check_order("basis", order);
  Matrix<double> h(order, ages.size());
  for (Index j = 0; j < ages.size(); ++j) {
    if (!in_support(measure, ages(j))) {
      detail::fail("basis", "an age of " + std::string(name(measure)) + " must be where its basis is finite", ages(j));
    }
    std::visit([&](const auto& m) { fill(m, ages(j), h.col(j)); }, measure);
  }
  return h;
}

Vector<double> basis(const Measure& measure, Index order, double age) {
  return basis(measure, order, Vector<double>::Constant(1, age));
}

Vector<double> basis_norms(const Measure& measure, Index order) {
  detail::check_order("basis_norms", order);
  Vector<double> norms = Vector<double>::Ones(order);
  if (std::holds_alternative<Lmu>(measure)) {
    for (Index n = 0; n < order; ++n) norms(n) = 1.0 / static_cast<double>(2 * n + 1);
  }
  return norms;
}

}  // namespace longstate
