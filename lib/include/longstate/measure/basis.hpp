#pragma once

/// \file
/// Basis functions of the measures, and with them the way back from coefficients to the past:
///
///     u(t - delay) ~ sum_n x_n(t) h_n(age),        age = delay / theta.

#include <longstate/config.hpp>
#include <longstate/measure/measure.hpp>
#include <longstate/types.hpp>

namespace longstate {

/// h_n(age) for n < order, a column for each age.
///
///     legs, legt   sqrt(2n+1) P_n(1 - 2 age)
///     legs-exp     sqrt(2n+1) P_n(2 e^(-age) - 1)
///     lmu          P_n(2 age - 1)
///     lagt         L_n^(alpha)(age) sqrt(n! / Gamma(n+alpha+1)) age^alpha e^(-(1-beta) age / 2)
///     fourier      1, sqrt2 cos 2 pi age, sqrt2 sin 2 pi age, sqrt2 cos 4 pi age, …
///     chebt        p_n(1 - 2 age) chi(age), p_0 = 1, p_n = sqrt2 T_n
///
/// Orthonormal with respect to weight / tilt^2; lmu orthogonal, with squared norms 1 / (2n+1) (`basis_norms`).
///
/// Cost       O(order) for each age, by three-term recurrences (Laguerre's with a running exponent, so that neither a
///            large age nor a large order overflows).
/// Accuracy   1e-12 of the largest function up to order 1,024 (tests/measure/basis_test.cpp, against 60 digits).
/// Throws     std::invalid_argument if order is not in [1, max_order], or an age is not where the basis is finite.
/// See        Abramowitz & Stegun 22.7 for the recurrences; docs/measure.md.
LONGSTATE_API Matrix<double> basis(const Measure& measure, Index order, const ConstFrame<double>& ages);

/// The same at a single age: one vector of `order` values.
LONGSTATE_API Vector<double> basis(const Measure& measure, Index order, double age);

/// The squared norms of the basis functions: ones for all but lmu.
LONGSTATE_API Vector<double> basis_norms(const Measure& measure, Index order);

}  // namespace longstate
