#pragma once

// Three-term recurrences of the orthogonal polynomials, all stable in the direction of rising degree on their interval.
// Formulas: Abramowitz & Stegun, table 22.7. `out` receives one value for each degree from 0.

#include <longstate/types.hpp>

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>

namespace longstate::detail {

/// P_n(1 - t), 0 <= t <= 1. In differences, since 1 - t would lose the digits of a small t, of which P_n(1 - t) takes
/// n^2/2 times as many:  (n+1)(P_{n+1} - P_n) = n (P_n - P_{n-1}) - (2n+1) t P_n.
template <class Out>
void legendre_near_one(double t, Out&& out) {
  double difference = 0;
  double current = 1;
  for (Index n = 0; n < out.size(); ++n) {
    out(n) = current;
    const double degree = static_cast<double>(n);
    difference = (degree * difference - (2 * degree + 1) * t * current) / (degree + 1);
    current += difference;
  }
}

/// P_n(1 - 2a), 0 <= a <= 1, from a and b = 1 - a, both exact; P_n(-y) = (-1)^n P_n(y).
template <class Out>
void legendre(double a, double b, Out&& out) {
  legendre_near_one(2 * std::min(a, b), out);
  if (a <= b) return;
  for (Index n = 1; n < out.size(); n += 2) out(n) = -out(n);
}

/// The orthonormal sqrt(2n+1) P_n(1 - 2a).
template <class Out>
void orthonormal_legendre(double a, double b, Out&& out) {
  legendre(a, b, out);
  for (Index n = 0; n < out.size(); ++n) out(n) *= std::sqrt(static_cast<double>(2 * n + 1));
}

/// p_0 = 1, p_n = sqrt2 T_n(y), orthonormal for the Chebyshev weight:  T_{n+1} = 2 y T_n - T_{n-1}.
template <class Out>
void chebyshev(double y, Out&& out) {
  double previous = y;  // T_{-1}
  double current = 1;
  for (Index n = 0; n < out.size(); ++n) {
    out(n) = n == 0 ? 1.0 : std::sqrt(2.0) * current;
    const double next = 2 * y * current - previous;
    previous = current;
    current = next;
  }
}

/// l_n(a) e^(-decay a), with l_n = L_n^(alpha) sqrt(n! / Gamma(n+alpha+1)) orthonormal for a^alpha e^-a:
///     sqrt((n+1)(n+1+alpha)) l_{n+1} = (2n + 1 + alpha - a) l_n - sqrt(n (n+alpha)) l_{n-1}.
/// For a large `a` the polynomial overflows and the exponential underflows while their product is ordinary, so the
/// recurrence carries the exponent apart.
template <class Out>
void laguerre(double alpha, double a, double decay, Out&& out) {
  constexpr double big = 0x1p+500;
  // boost's, since std::lgamma writes a global, which is a race between threads
  double exponent = -decay * a - boost::math::lgamma(alpha + 1) / 2;
  double scale = std::exp(exponent);
  double previous = 0;
  double current = 1;
  for (Index n = 0; n < out.size(); ++n) {
    out(n) = current * scale;
    const double degree = static_cast<double>(n);
    const double next = ((2 * degree + 1 + alpha - a) * current - std::sqrt(degree * (degree + alpha)) * previous) /
                        std::sqrt((degree + 1) * (degree + 1 + alpha));
    previous = current;
    current = next;
    if (std::abs(current) > big) {
      current /= big;
      previous /= big;
      exponent += std::log(big);
      scale = std::exp(exponent);
    }
  }
}

}  // namespace longstate::detail
