#pragma once

// Numbers that double cannot give: kernels and Hankel singular values computed with 50 digits, then 100, 200 …, until two agree to
// 1e-20. One input, one output. Nothing of the library is in them but the systems' type.

#include <longstate/longstate.hpp>

namespace support {

/// The first values of the impulse response (control convention) of the system discretised by zoh, foh or impulse, from the exponential
/// of the augmented matrix [hA hB 0; 0 0 1; 0 0 0]. `units`: powers of two; it works with states x / units, which changes no digit and
/// saves halvings.
longstate::Vector<double> precise_kernel(const longstate::StateSpace& system, double dt,
                                         longstate::Discretization method, longstate::Index length,
                                         const longstate::Vector<double>& units);

/// The most by which such a kernel changes, of its largest value, for a change of A, B and C by at most eps of their largest entries in
/// these units, over eps: `draws` random changes, so from below.
double kernel_condition(const longstate::StateSpace& system, double dt, longstate::Discretization method,
                        longstate::Index length, const longstate::Vector<double>& units, int draws = 4);

/// The Hankel singular values of a stable system, falling: square roots of the eigenvalues of L^T Q L with P = L L^T.
longstate::Vector<double> precise_hankel(const longstate::StateSpace& system);
longstate::Vector<double> precise_hankel(const longstate::DiscreteStateSpace& system);

/// The 2-norm over all time of the difference of the impulse responses of two stable systems, without D, relative to the first's.
double precise_difference(const longstate::DiscreteStateSpace& a, const longstate::DiscreteStateSpace& b);

}  // namespace support
