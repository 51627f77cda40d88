#pragma once

// Powers of eigenvalues given by their logarithms, and what rounding takes from them.

#include <longstate/types.hpp>

#include <cmath>
#include <complex>
#include <limits>
#include <type_traits>

namespace longstate::detail {

/// e^(mu k), 0 for mu = -infinity, an eigenvalue of zero. The angle is taken in long double, so that a large k costs no digits of it.
inline std::complex<double> power_of(std::complex<double> mu, Index k) {
  if (k == 0) return 1;
  const double modulus = std::exp(mu.real() * static_cast<double>(k));
  if (modulus == 0) return 0;
  const long double angle = static_cast<long double>(mu.imag()) * static_cast<long double>(k);
  return {modulus * static_cast<double>(std::cos(angle)), modulus * static_cast<double>(std::sin(angle))};
}

/// A power as T has it: one of which T would keep a few bits alone, next to its denormal numbers, is zero. It is at most 1e-31 beside
/// the 1 of the power before it.
template <class T>
std::complex<T> rounded_power(std::complex<double> exact) {
  constexpr T least = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
  return std::abs(exact) < static_cast<double>(least) ? std::complex<T>(0) : std::complex<T>(exact);
}

/// What rounding takes from the logarithm of a power that is held as `held`, at most the rounding of T: multiplied by 1 + drift, a
/// state gets it back. In double the correction would be a rounding error of its own.
template <class T>
std::complex<double> drift(std::complex<double> exact, std::complex<double> held) {
  if (std::is_same_v<T, double> || held == 0.0) return 0;
  return std::log(exact / held);  // near 0: the logarithms themselves could differ by a turn
}

/// Of rounded_power.
template <class T>
std::complex<double> drift(std::complex<double> exact) {
  return drift<T>(exact, std::complex<double>(rounded_power<T>(exact)));
}

}  // namespace longstate::detail
