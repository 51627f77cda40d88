// lagt: generalised Laguerre functions.

#include "polynomials.hpp"
#include "table.hpp"

#include <boost/math/special_functions/gamma.hpp>

#include <cmath>
#include <limits>
#include <numbers>

namespace longstate::detail {
namespace {

double age_to_alpha(const LagT& measure, double age) { return measure.alpha == 0 ? 1.0 : std::pow(age, measure.alpha); }

bool finite_but_now(const LagT& measure, double age) { return measure.alpha >= 0 || age > 0; }

double laguerre_weight(const LagT& measure, double age) { return age_to_alpha(measure, age) * std::exp(-age); }

double laguerre_tilt(const LagT& measure, double age) {
  return age_to_alpha(measure, age) * std::exp(-(1 - measure.beta) * age / 2);
}

void laguerre_basis(const LagT& measure, double age, Frame<double> h) {
  laguerre(measure.alpha, age, (1 - measure.beta) / 2, h);
  if (measure.alpha != 0) h *= std::pow(age, measure.alpha);
}

/// l_n = sqrt(Gamma(n+alpha+1) / n!)
Vector<double> laguerre_scale(double alpha, Index order) {
  Vector<double> l(order);
  for (Index n = 0; n < order; ++n) {
    l(n) = 1 / std::sqrt(boost::math::tgamma_delta_ratio(static_cast<double>(n + 1), alpha));
  }
  return l;
}

Form laguerre_matrices(const LagT& measure, Index order) {
  Semiseparable s;
  s.g = laguerre_scale(measure.alpha, order);
  s.diagonal = Vector<double>::Constant(order, -(1 + measure.beta) / 2);
  s.below = -s.g.cwiseInverse();
  s.B = s.g / boost::math::tgamma(measure.alpha + 1);
  return s;
}

Matrix<double> rank_one_of_lagt(const LagT& measure, Index order) {
  if (measure.alpha != 0) return no_low_rank(measure, order);
  return Matrix<double>::Constant(order, 1, std::numbers::sqrt2 / 2);
}

/// Entries of A below the diagonal are -l_k / l_n.
NormalCoordinates lagt_without_alpha(const LagT& measure, Index order) {
  const Vector<double> l = laguerre_scale(measure.alpha, order);
  return {LagT{.timescale = measure.timescale, .beta = measure.beta}, l / l(0)};
}

}  // namespace

const MeasureRow<LagT>& row(const LagT&) {
  static constexpr MeasureRow<LagT> lagt{.name = "lagt",
                                         .theta = &LagT::timescale,
                                         .parameters = {{{"alpha", &LagT::alpha, -1}, {"beta", &LagT::beta, -1}}},
                                         .support = std::numeric_limits<double>::infinity(),
                                         .has_finite_basis = finite_but_now,
                                         .weight = laguerre_weight,
                                         .tilt = laguerre_tilt,
                                         .basis = laguerre_basis,
                                         .squared_norm = orthonormal<LagT>,
                                         .kind = OperatorKind::triangular,
                                         .matrices = laguerre_matrices,
                                         .low_rank = rank_one_of_lagt,
                                         .normal = lagt_without_alpha};
  return lagt;
}

}  // namespace longstate::detail
