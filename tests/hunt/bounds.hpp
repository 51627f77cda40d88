#pragma once

// How far a path may be off: the terms of docs/accuracy.md.

#include <longstate/longstate.hpp>

#include <type_traits>

namespace hunt {

using longstate::DiscreteSystem;
using longstate::Index;

/// ||a||_1 ||1/a||_1, the condition of a * K = c (docs/accuracy.md); 1 for other structures.
double condition(const DiscreteSystem& system, Index length);

/// b
template <class T>
double bound(Index order) {
  return std::is_same_v<T, float> ? 2 * static_cast<double>(std::max<Index>(order, 16)) * 1.2e-7 : 1e-12;
}

/// What a step of many windows loses, and in n samples adds up to where an eigenvalue is zero (docs/accuracy.md).
double stiff_rounding(const DiscreteSystem& system, Index n);

/// Where nothing fades: in double what rounds A or its powers, one way; in float, whose factors are corrected, five standard deviations of
/// the random walk of the state, where they pass the bound.
template <class T>
double unfaded_rounding(Index order, Index n);

/// What a system grows by in a sample, at least 1, as far as it is known well: rounding grows so, whether the signal does or not.
double growth(const DiscreteSystem& system);

/// Whether that is more than 1, and no condition of coefficients covers it: dense and diagonal systems.
bool rounding_grows(const DiscreteSystem& system);

/// Where a signal holds still or drifts, float rounds the state one way, sample after sample, until it has faded: about the sum of ||A^k||_2
/// over the samples, by k = 1, 2, 4, …; A divided by what it grows by, which is in the scale.
template <class T>
double held_rounding(const DiscreteSystem& system, Index n);

}  // namespace hunt
