#pragma once

// A system as the sum of what fades and what does not (unstable and integrating parts), which have no Gramian.

#include <longstate/system/state_space.hpp>

namespace longstate::detail {

/// The orders are those of the parts; one of them may be 0. D is with the fading part.
template <class System>
struct Split {
  System fading, lasting;
};

/// A pole lasts where it grows, or fades by less than rounding moves it: by its condition and the size of what it is coupled with both ways
/// (a slow pair beside a fast one that it does not feel fades), at most by 1e-7 of the fastest rate (in discrete time, of 1): rounding parts
/// a double integrator that far. So do all poles slower than one that lasts, and those below 1e-14 of that rate.
///
/// By the sign of A, shifted to between the two sets of poles (Roberts 1980, "Linear model reduction and solution of the algebraic Riccati
/// equation by use of the sign function"): (I + sign) / 2 projects on what lasts. Cost O(N^3), some ten inverses where a pole lasts.
Split<StateSpace> spectral_split(const StateSpace& system);
Split<DiscreteStateSpace> spectral_split(const DiscreteStateSpace& system);

}  // namespace longstate::detail
