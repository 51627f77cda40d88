// legs, legs-exp, legt and lmu: Legendre polynomials.

#include "polynomials.hpp"
#include "table.hpp"

#include <cmath>
#include <limits>

namespace longstate::detail {
namespace {

/// 2n + 1
Vector<double> odd_numbers(Index order) {
  Vector<double> odd(order);
  for (Index n = 0; n < order; ++n) odd(n) = static_cast<double>(2 * n + 1);
  return odd;
}

Vector<double> legendre_scale(Index order) { return odd_numbers(order).cwiseSqrt(); }

/// (-1)^n v_n
Vector<double> alternating(Vector<double> v) {
  for (Index n = 1; n < v.size(); n += 2) v(n) = -v(n);
  return v;
}

template <class M>
void legendre_on_window(const M& /*measure*/, double age, Frame<double> h) {
  orthonormal_legendre(age, 1 - age, h);
}

void legendre_fading(const LegSExp& /*measure*/, double age, Frame<double> h) {
  orthonormal_legendre(-std::expm1(-age), std::exp(-age), h);
}

void legendre_of_lmu(const Lmu& /*measure*/, double age, Frame<double> h) { legendre(1 - age, age, h); }

double fading_weight(const LegSExp& /*measure*/, double age) { return std::exp(-age); }

double norm_of_lmu(const Lmu& /*measure*/, Index n) { return 1.0 / static_cast<double>(2 * n + 1); }

template <class M>
Form scaled_legendre(const M& /*measure*/, Index order) {
  Semiseparable s;
  s.B = s.g = legendre_scale(order);
  s.below = -s.g;
  s.diagonal = -(odd_numbers(order).array() + 1) / 2;
  return s;
}

Form translated_legendre(const LegT& /*measure*/, Index order) {
  Semiseparable s;
  s.B = s.g = legendre_scale(order);
  s.below = -s.g;
  s.diagonal = -odd_numbers(order);
  s.h = alternating(s.g);
  s.above = -s.h;
  return s;
}

Form lmu_matrices(const Lmu& /*measure*/, Index order) {
  Semiseparable s;
  s.B = alternating(odd_numbers(order));
  s.below = -s.B;
  s.g = alternating(Vector<double>::Ones(order));
  s.diagonal = s.above = -odd_numbers(order);
  s.h = Vector<double>::Ones(order);
  return s;
}

template <class M>
Matrix<double> rank_one_of_legs(const M& /*measure*/, Index order) {
  Matrix<double> P(order, 1);
  for (Index n = 0; n < order; ++n) P(n, 0) = std::sqrt(static_cast<double>(n) + 0.5);
  return P;
}

Matrix<double> rank_two_of_legt(const LegT& measure, Index order) {
  Matrix<double> P(order, 2);
  P.col(0) = rank_one_of_legs(measure, order);
  P.col(1) = alternating(P.col(0));
  return P;
}

NormalCoordinates lmu_as_legt(const Lmu& measure, Index order) {
  return {LegT{.window = measure.window}, alternating(legendre_scale(order).cwiseInverse())};
}

}  // namespace

const MeasureRow<LegS>& row(const LegS&) {
  static constexpr MeasureRow<LegS> legs{.name = "legs",
                                         .theta = nullptr,
                                         .parameters = {},
                                         .support = 1,
                                         .has_finite_basis = finite_everywhere<LegS>,
                                         .weight = evenly<LegS>,
                                         .tilt = no_tilt<LegS>,
                                         .basis = legendre_on_window<LegS>,
                                         .squared_norm = orthonormal<LegS>,
                                         .kind = OperatorKind::triangular,
                                         .matrices = scaled_legendre<LegS>,
                                         .low_rank = rank_one_of_legs<LegS>,
                                         .normal = its_own<LegS>};
  return legs;
}

const MeasureRow<LegSExp>& row(const LegSExp&) {
  static constexpr MeasureRow<LegSExp> legs_exp{.name = "legs-exp",
                                                .theta = &LegSExp::timescale,
                                                .parameters = {},
                                                .support = std::numeric_limits<double>::infinity(),
                                                .has_finite_basis = finite_everywhere<LegSExp>,
                                                .weight = fading_weight,
                                                .tilt = no_tilt<LegSExp>,
                                                .basis = legendre_fading,
                                                .squared_norm = orthonormal<LegSExp>,
                                                .kind = OperatorKind::triangular,
                                                .matrices = scaled_legendre<LegSExp>,
                                                .low_rank = rank_one_of_legs<LegSExp>,
                                                .normal = its_own<LegSExp>};
  return legs_exp;
}

const MeasureRow<LegT>& row(const LegT&) {
  static constexpr MeasureRow<LegT> legt{.name = "legt",
                                         .theta = &LegT::window,
                                         .parameters = {},
                                         .support = 1,
                                         .has_finite_basis = finite_everywhere<LegT>,
                                         .weight = evenly<LegT>,
                                         .tilt = no_tilt<LegT>,
                                         .basis = legendre_on_window<LegT>,
                                         .squared_norm = orthonormal<LegT>,
                                         .kind = OperatorKind::semiseparable,
                                         .matrices = translated_legendre,
                                         .low_rank = rank_two_of_legt,
                                         .normal = its_own<LegT>};
  return legt;
}

const MeasureRow<Lmu>& row(const Lmu&) {
  static constexpr MeasureRow<Lmu> lmu{.name = "lmu",
                                       .theta = &Lmu::window,
                                       .parameters = {},
                                       .support = 1,
                                       .has_finite_basis = finite_everywhere<Lmu>,
                                       .weight = evenly<Lmu>,
                                       .tilt = no_tilt<Lmu>,
                                       .basis = legendre_of_lmu,
                                       .squared_norm = norm_of_lmu,
                                       .kind = OperatorKind::semiseparable,
                                       .matrices = lmu_matrices,
                                       .low_rank = no_low_rank<Lmu>,
                                       .normal = lmu_as_legt};
  return lmu;
}

}  // namespace longstate::detail
