#pragma once

/// \file
/// Measures: what of the past is remembered, and how it is weighted.
///
/// HiPPO (Gu et al. 2020, section 2.2) keeps, at every time t, the best approximation of the past u(t - delay) in N
/// basis functions, best in the sense of a measure with density omega (`weight`) over the past. Some families tilt
/// their functions by a factor chi (`tilt`); the basis is then orthonormal with respect to omega / chi^2 (app. A.1
/// there).
///
/// Throughout, age = delay / theta is the time before now in units of the measure's window or time constant theta:
/// age 0 is now. `LegS` has no theta of its own: its window is all that has passed since the start.

#include <longstate/config.hpp>
#include <span>
#include <string_view>
#include <variant>

namespace longstate {

/// All of the past since the start, evenly: weight 1 for 0 <= age <= 1, age = delay / elapsed time.
/// Scaled Legendre; time-varying, x' = (A x + B u) / t. HiPPO theorem 2.
struct LegS {
  bool operator==(const LegS&) const = default;
};

/// The matrices of LegS in a time-invariant system, as S4 uses them: weight e^(-age), fading.
/// Gu et al. 2023, "How to train your HiPPO", corollary 3.3.
struct LegSExp {
  double timescale = 1.0;  ///< time constant theta, seconds, > 0
  bool operator==(const LegSExp&) const = default;
};

/// A sliding window, evenly: weight 1 for 0 <= age <= 1. Translated Legendre, HiPPO theorem 1 with lambda_n =
/// sqrt(2n+1).
struct LegT {
  double window = 1.0;  ///< theta, seconds, > 0
  bool operator==(const LegT&) const = default;
};

/// LegT as the Legendre Memory Unit scales it (Voelker et al. 2019): basis P_n, not orthonormal but orthogonal.
struct Lmu {
  double window = 1.0;  ///< theta, seconds, > 0
  bool operator==(const Lmu&) const = default;
};

/// The past, fading: weight age^alpha e^(-age), generalised Laguerre functions. HiPPO app. D.2, whose (alpha, beta)
/// these are, but for its overall factor zeta, which does not exist at beta = 0; conventions.hpp has that scaling by
/// name.
struct LagT {
  double timescale = 1.0;  ///< time constant theta, seconds, > 0
  double alpha = 0.0;      ///< > -1
  double beta = 0.0;       ///< > -1; tilt age^alpha e^(-(1 - beta) age / 2)
  bool operator==(const LagT&) const = default;
};

/// A sliding window, evenly, in truncated Fourier series: 1, cos, sin, cos, sin, … of period theta. HiPPO app. D.4;
/// scaled as in Gu et al. 2023, app. A (FouT). An even order leaves its last cosine without a sine, so odd orders are
/// the natural ones.
struct Fourier {
  double window = 1.0;  ///< theta, seconds, > 0
  bool operator==(const Fourier&) const = default;
};

/// A sliding window with Chebyshev weight 1 / (pi sqrt(age (1 - age))), tilted by pi / sqrt(8) times that weight, as in
/// HiPPO app. D.5. The basis is infinite at both ends of the window: a reconstruction is good inside, never at an edge.
/// What leaves the window, u(t - theta), is taken from the polynomial with the same moments (docs/hippo.md), which
/// makes the system similar to LegT and as stable; without that term it has no window and drifts.
struct ChebT {
  double window = 1.0;  ///< theta, seconds, > 0
  bool operator==(const ChebT&) const = default;
};

using Measure = std::variant<LegS, LegSExp, LegT, Lmu, LagT, Fourier, ChebT>;

/// The names of all measures, in the order of the variant: legs, legs-exp, legt, lmu, lagt, fourier, chebt.
LONGSTATE_API std::span<const std::string_view> measure_names();

/// The name of a measure, e.g. "legt".
LONGSTATE_API std::string_view name(const Measure& measure);

/// The measure of that name with window or time constant `window` in seconds (which `legs` does not have).
/// Throws std::invalid_argument for an unknown name (it lists the known ones) or a window that is not positive.
LONGSTATE_API Measure make_measure(std::string_view name, double window = 1.0);

/// theta in seconds; 1 for LegS, whose matrices are for log time.
LONGSTATE_API double timescale(const Measure& measure);

/// Whether its system has constant matrices: all but LegS.
LONGSTATE_API bool is_time_invariant(const Measure& measure);

/// The greatest age that carries weight: 1 for a window, infinity for a fading measure.
LONGSTATE_API double support(const Measure& measure);

/// Whether the basis is finite at this age: within the support, and for ChebT strictly inside it.
LONGSTATE_API bool in_support(const Measure& measure, double age);

/// omega(age), the density of the measure; 0 outside its support.
LONGSTATE_API double weight(const Measure& measure, double age);

/// chi(age), the factor that the basis functions carry beyond their polynomials; 1 for all but LagT and ChebT.
LONGSTATE_API double tilt(const Measure& measure, double age);

/// Throws std::invalid_argument naming the parameter that is out of range.
LONGSTATE_API void validate(const Measure& measure);

}  // namespace longstate
