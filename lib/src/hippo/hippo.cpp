#include "../detail/check.hpp"
#include "../measure/polynomials.hpp"

#include <longstate/hippo/hippo.hpp>
#include <longstate/measure/basis.hpp>

#include <boost/math/special_functions/gamma.hpp>

#include <cmath>
#include <numbers>

namespace longstate {
namespace {

double sign(Index n) { return n % 2 == 0 ? 1.0 : -1.0; }

/// sqrt(2n+1), the norm factor of the Legendre measures.
Vector<double> legendre_scale(Index order) {
  Vector<double> p(order);
  for (Index n = 0; n < order; ++n) p(n) = std::sqrt(static_cast<double>(2 * n + 1));
  return p;
}

Hippo legs(Index order) {
  const Vector<double> p = legendre_scale(order);
  const Matrix<double> outer = -p * p.transpose();
  Matrix<double> A = outer.triangularView<Eigen::StrictlyLower>();
  for (Index n = 0; n < order; ++n) A(n, n) = -static_cast<double>(n + 1);
  return {A, p};
}

Hippo unit(const LegS& /*measure*/, Index order) { return legs(order); }
Hippo unit(const LegSExp& /*measure*/, Index order) { return legs(order); }

Hippo unit(const LegT& /*measure*/, Index order) {
  const Vector<double> p = legendre_scale(order);
  Matrix<double> A = -p * p.transpose();
  for (Index k = 0; k < order; ++k) {
    for (Index n = 0; n < k; ++n) A(n, k) *= sign(k - n);
  }
  A.diagonal() = -p.cwiseAbs2().array().round().matrix();
  return {A, p};
}

Hippo unit(const Lmu& /*measure*/, Index order) {
  Matrix<double> A(order, order);
  Vector<double> B(order);
  for (Index n = 0; n < order; ++n) {
    const double degree = static_cast<double>(2 * n + 1);
    for (Index k = 0; k < order; ++k) A(n, k) = degree * (n < k ? -1.0 : sign(n - k + 1));
    B(n) = degree * sign(n);
  }
  return {A, B};
}

Hippo unit(const LagT& measure, Index order) {
  Vector<double> l(order);
  for (Index n = 0; n < order; ++n) {
    const double degree = static_cast<double>(n);
    l(n) = 1 / std::sqrt(boost::math::tgamma_delta_ratio(degree + 1, measure.alpha));  // of n! / Gamma(n+alpha+1)
  }
  const Matrix<double> outer = -l.cwiseInverse() * l.transpose();
  Matrix<double> A = outer.triangularView<Eigen::StrictlyLower>();
  A.diagonal().setConstant(-(1 + measure.beta) / 2);
  return {A, l / boost::math::tgamma(measure.alpha + 1)};
}

Hippo unit(const Fourier& measure, Index order) {
  const Vector<double> e = basis(measure, order, 0.0);
  Matrix<double> A = -2 * e * e.transpose();
  for (Index sine = 2; sine < order; sine += 2) {
    const Index cosine = sine - 1;
    const double frequency = std::numbers::pi * static_cast<double>(sine);  // 2 pi m, m = sine / 2
    A(cosine, sine) -= frequency;
    A(sine, cosine) += frequency;
  }
  return {A, 2 * e};
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
    detail::legendre(age, std::cos(half_angle) * std::cos(half_angle), P);
    detail::chebyshev(std::cos(2 * half_angle), p);
    double q = 0;
    for (Index n = 0; n < order; ++n) q += static_cast<double>(2 * n + 1) * sign(n) * P(n);
    l += p * (c * q / static_cast<double>(order));
  }
  return l;
}

/// State x_n = integral of u(t - age) g_n(age) over the window, g_n = p_n / c, c = pi / sqrt8. Integration by parts:
///     x_n' = g_n(0) u(t) - g_n(1) u(t - 1) + sum_k G_nk x_k,
/// where G differentiates:  dp_n/dage = -4n (p_{n-1} + p_{n-3} + …), with p_0 halved twice over by sqrt2.
Hippo unit(const ChebT& /*measure*/, Index order) {
  const double c = std::numbers::pi / std::sqrt(8.0);
  Vector<double> g(order);
  for (Index n = 0; n < order; ++n) g(n) = (n == 0 ? 1.0 : std::numbers::sqrt2) / c;
  Vector<double> g_end(order);
  for (Index n = 0; n < order; ++n) g_end(n) = sign(n) * g(n);

  Matrix<double> A = -g_end * chebyshev_read_out_at_end(order, c).transpose();
  for (Index n = 0; n < order; ++n) {
    for (Index k = n - 1; k >= 0; k -= 2) {
      A(n, k) -= static_cast<double>(4 * n) / (k == 0 ? std::numbers::sqrt2 : 1.0);
    }
  }
  return {A, g};
}

}  // namespace

Hippo hippo(const Measure& measure, Index order) {
  validate(measure);
  detail::check_order("hippo", order);
  Hippo result = std::visit([&](const auto& m) { return unit(m, order); }, measure);
  const double theta = timescale(measure);
  if (theta != 1) {
    result.A /= theta;
    result.B /= theta;
  }
  return result;
}

}  // namespace longstate
