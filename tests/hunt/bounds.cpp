#include "bounds.hpp"

#include "support/dense.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace longstate;

namespace hunt {

double condition(const DiscreteSystem& system, Index length) {
  const auto* s = std::get_if<TransferFunction>(&system);
  if (!s) return 1;
  Vector<long double> inverse(length);
  for (Index k = 0; k < length; ++k) {
    long double sum = k == 0 ? 1 : 0;
    for (Index i = 0; i < std::min(k, s->a.size()); ++i) sum -= static_cast<long double>(s->a(i)) * inverse(k - 1 - i);
    inverse(k) = sum;
  }
  constexpr long double most = 1e300L;  // of what grows
  return static_cast<double>(std::min((1 + s->a.lpNorm<1>()) * inverse.lpNorm<1>(), most));
}

double stiff_rounding(const DiscreteSystem& system, Index n) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  if (const auto* nplr = std::get_if<DiscreteNplr>(&system)) {
    const NplrSystem& c = nplr->continuous;
    const double once = nplr->alpha * nplr->dt * (c.lambda.cwiseAbs().maxCoeff() + 2 * c.P.squaredNorm()) * eps;
    if (once < 1e-13) return 0;
    const double fades = 1 - support::spectral_radius(dense(system).A);
    return once * std::min(static_cast<double>(n), 1 / std::max(fades, eps));
  }
  const auto* s = std::get_if<DiscreteHippo>(&system);
  if (!s || !std::holds_alternative<Fourier>(s->measure)) return 0;
  const double norm = HippoOperator<double>(s->measure, s->order()).norm_bound() * s->dt;
  const double alpha = is_gbt(s->method) ? gbt_alpha(s->method, s->alpha) : 1;  // zoh and foh: their sub-steps
  return alpha * norm * eps * static_cast<double>(n);
}

template <class T>
double unfaded_rounding(Index order, Index n) {
  const auto samples = static_cast<double>(n);
  if (std::is_same_v<T, double>) return 4 * std::numeric_limits<double>::epsilon() * samples;
  return std::max(0.0, 2.4e-7 * std::sqrt(samples) - bound<T>(order));
}

double growth(const DiscreteSystem& system) {
  if (const auto* s = std::get_if<DiscreteStateSpace>(&system)) return std::max(1.0, support::spectral_radius(s->A));
  if (const auto* s = std::get_if<DiscreteDiagonal>(&system)) return std::max(1.0, std::exp(s->mu.real().maxCoeff()));
  if (std::holds_alternative<TransferFunction>(system)) return std::max(1.0, support::spectral_radius(dense(system).A));
  return 1;
}

bool rounding_grows(const DiscreteSystem& system) {
  return !std::holds_alternative<TransferFunction>(system) && growth(system) > 1;
}

template <class T>
double held_rounding(const DiscreteSystem& system, Index n) {
  if (std::is_same_v<T, double>) return 0;
  const auto norm = [](const Matrix<double>& M) {
    return std::sqrt(M.cwiseAbs().rowwise().sum().maxCoeff() * M.cwiseAbs().colwise().sum().maxCoeff());
  };
  Matrix<double> power = dense(system).A / growth(system);
  double sum = 1, before = norm(power);
  for (Index k = 1; k < n; k *= 2) {
    power = (power * power).eval();
    const double after = norm(power);
    sum += static_cast<double>(std::min(k, n - k)) * std::max(before, after);
    before = after;
  }
  return 1.2e-7 * sum;
}

template double unfaded_rounding<float>(Index, Index);
template double unfaded_rounding<double>(Index, Index);
template double held_rounding<float>(const DiscreteSystem&, Index);
template double held_rounding<double>(const DiscreteSystem&, Index);

}  // namespace hunt
