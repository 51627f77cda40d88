#pragma once

/// \file
/// The same model at another resolution: back from discrete to continuous time, and from there to any dt (the `rate` of
/// S4). A model from discretize() needs none of this: discretise its continuous system again.

#include <longstate/config.hpp>
#include <longstate/discretize/structured.hpp>

namespace longstate {

/// The continuous system whose discretisation by `method` (and alpha, for gbt) is this one.
///
///     gbt and its kind   A_c = (A - I)(alpha A + (1 - alpha) I)^-1 / dt,   B_c = (I - alpha dt A_c) B / dt
///     zoh                A_c = log(A) / dt,                                B_c = (dt phi_1(dt A_c))^-1 B
///
/// In the control convention C and D of gbt are undone, too. zoh takes the principal logarithm: what turned by more than
/// half a cycle a sample comes back aliased.
/// Cost       O(N^3).
/// Throws     std::invalid_argument for foh and impulse, std::domain_error where the inverse or a real logarithm does
///            not exist (an eigenvalue at 0 or on the negative axis).
LONGSTATE_API StateSpace continuous(const DiscreteStateSpace& system, Discretization method, double alpha = 0.5);

/// The same of a diagonal system that zoh made: lambda = mu / dt, exactly, whatever its angle.
LONGSTATE_API DiagonalSystem continuous(const DiscreteDiagonal& system);

}  // namespace longstate
