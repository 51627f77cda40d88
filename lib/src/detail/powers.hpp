#pragma once

// Powers of eigenvalues given by their logarithms, and what rounding takes from them.

#include "../simd/rest.hpp"

#include <longstate/types.hpp>

#include <cmath>
#include <complex>
#include <limits>

namespace longstate::detail {

/// e^(mu k), 0 for mu = -infinity, an eigenvalue of zero. The angle is taken in long double, so that a large k costs no digits of it.
inline std::complex<double> power_of(std::complex<double> mu, Index k) {
  if (k == 0) return 1;
  const double modulus = std::exp(mu.real() * static_cast<double>(k));
  if (modulus == 0) return 0;
  const long double angle = static_cast<long double>(mu.imag()) * static_cast<long double>(k);
  return {modulus * static_cast<double>(std::cos(angle)), modulus * static_cast<double>(std::sin(angle))};
}

/// e^(mu k) of every entry.
inline Vector<std::complex<double>> powers_of(const Vector<std::complex<double>>& mu, Index k) {
  return mu.unaryExpr([k](std::complex<double> each) { return power_of(each, k); });
}

/// A power as T has it: one of which T would keep a few bits alone, next to its denormal numbers, is zero. It is at most 1e-31 beside
/// the 1 of the power before it.
template <class T>
std::complex<T> rounded_power(std::complex<double> exact) {
  constexpr T least = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
  return std::abs(exact) < static_cast<double>(least) ? std::complex<T>(0) : std::complex<T>(exact);
}

/// x - float(x), apart from all other code: where g++ 12 joins two of these in a vector, it takes the way to float and back for nothing.
double rest_of_float(double x);

/// exact - rounded_power, where T keeps it (rest.hpp).
template <class T>
std::complex<double> rest_of_power(std::complex<double> exact) {
  if (!simd::keeps_rest<T> || rounded_power<T>(exact) == std::complex<T>(0)) return 0;
  return {rest_of_float(exact.real()), rest_of_float(exact.imag())};
}

/// The same as a part of the power: multiplied by 1 + drift, a state gets it back.
template <class T>
std::complex<double> drift(std::complex<double> exact) {
  const std::complex<double> rest = rest_of_power<T>(exact);
  return rest == 0.0 ? 0 : rest / exact;
}

}  // namespace longstate::detail
