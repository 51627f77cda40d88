// chebt: Chebyshev polynomials, tilted.

#include "polynomials.hpp"
#include "table.hpp"

#include <cmath>
#include <numbers>

namespace longstate::detail {
namespace {

bool finite_inside(const ChebT& /*measure*/, double age) { return age > 0 && age < 1; }

double chebyshev_weight(const ChebT& /*measure*/, double age) {
  return 1.0 / (std::numbers::pi * std::sqrt(age * (1 - age)));
}

double chebyshev_tilt(const ChebT& measure, double age) {
  return std::numbers::pi / std::sqrt(8.0) * weight(Measure(measure), age);  // 0 outside the window
}

void chebyshev_basis(const ChebT& measure, double age, Frame<double> h) {
  chebyshev(1 - 2 * age, h);
  h *= chebyshev_tilt(measure, age);
}

/// u(t - theta) ~ sum_k l_k x_k: the value at age 1 of the polynomial of degree < order whose moments are the state.
/// Its Riesz representer is q(age) = sum_n (2n+1) P_n(-1) P_n(1 - 2 age), and l its coefficients in the kernels p_k /
/// c, found exactly by Gauss-Chebyshev quadrature.
Vector<double> chebyshev_read_out_at_end(Index order, double c) {
  Vector<double> l = Vector<double>::Zero(order);
  Vector<double> P(order);
  Vector<double> p(order);
  for (Index j = 0; j < order; ++j) {
    const double half_angle = std::numbers::pi * (static_cast<double>(j) + 0.5) / static_cast<double>(2 * order);
    const double age = std::sin(half_angle) * std::sin(half_angle);
    legendre(age, std::cos(half_angle) * std::cos(half_angle), P);
    chebyshev(std::cos(2 * half_angle), p);
    double q = 0;
    for (Index n = 0; n < order; ++n) q += static_cast<double>(2 * n + 1) * (n % 2 == 0 ? P(n) : -P(n));
    l += p * (c * q / static_cast<double>(order));
  }
  return l;
}

/// State x_n = integral of u(t - age) g_n(age) over the window, g_n = p_n / c, c = pi / sqrt8. Integration by parts:
///     x_n' = g_n(0) u(t) - g_n(1) u(t - 1) + sum_k G_nk x_k,
/// where G differentiates:  dp_n/dage = -4n (p_{n-1} + p_{n-3} + …), with p_0 halved twice over by sqrt2.
Form chebyshev_matrices(const ChebT& /*measure*/, Index order) {
  const double c = std::numbers::pi / std::sqrt(8.0);
  Vector<double> g = Vector<double>::Constant(order, std::numbers::sqrt2 / c);
  g(0) = 1.0 / c;
  Vector<double> g_end = g;
  for (Index n = 1; n < order; n += 2) g_end(n) = -g(n);

  Matrix<double> A = -g_end * chebyshev_read_out_at_end(order, c).transpose();
  for (Index n = 0; n < order; ++n) {
    for (Index k = n - 1; k >= 0; k -= 2) {
      A(n, k) -= static_cast<double>(4 * n) / (k == 0 ? std::numbers::sqrt2 : 1.0);
    }
  }
  return Dense{A, g};
}

}  // namespace

const MeasureRow<ChebT>& row(const ChebT&) {
  static constexpr MeasureRow<ChebT> chebt{.name = "chebt",
                                           .theta = &ChebT::window,
                                           .parameters = {},
                                           .support = 1,
                                           .has_finite_basis = finite_inside,
                                           .weight = chebyshev_weight,
                                           .tilt = chebyshev_tilt,
                                           .basis = chebyshev_basis,
                                           .squared_norm = orthonormal<ChebT>,
                                           .kind = OperatorKind::none,
                                           .matrices = chebyshev_matrices,
                                           .low_rank = no_low_rank<ChebT>,
                                           .normal = its_own<ChebT>};
  return chebt;
}

}  // namespace longstate::detail
