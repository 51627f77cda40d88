#pragma once

// A system as the sum of what fades and what does not (unstable and integrating parts), which have no Gramian.

#include <longstate/system/state_space.hpp>

namespace longstate::detail {

/// The orders are those of the parts; one of them may be 0. D is with the fading part.
template <class System>
struct Split {
  System fading, lasting;
};

/// Poles that fade by less than 1e-10 of the fastest rate, or grow, last; once there is one, so do those that fade by less than 1e-7 of that
/// rate (in discrete time, of 1) a unit of time: rounding parts a double integrator that far.
///
/// By the sign of A, shifted to between the two sets of poles (Roberts 1980, "Linear model reduction and solution of the algebraic Riccati
/// equation by use of the sign function"): (I + sign) / 2 projects on what lasts. Cost O(N^3), some ten inverses where a pole lasts.
Split<StateSpace> spectral_split(const StateSpace& system);
Split<DiscreteStateSpace> spectral_split(const DiscreteStateSpace& system);

}  // namespace longstate::detail
