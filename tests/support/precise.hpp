#pragma once

// Numbers that double cannot give: kernels and Hankel singular values computed with 50 digits, then 100, 200 …, until two agree to
// 1e-20 (precise.cpp); closed forms with 100 (precise_forms.cpp). Systems have one input and one output. Nothing of the library is in
// them but its types.

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

/// One value of the impulse response of a diagonal system discretised by zoh or bilinear (sequence convention): Re sum 2 C B lambda^place
/// over its pairs, the power by polar coordinates.
double precise_kernel(const longstate::DiagonalSystem& system, double dt, longstate::Discretization method,
                      longstate::Index place);

/// e^(a dt) and (e^(a dt) - 1) / a, a other than 0.
struct Exponentials {
  double exponential, integral;
};
Exponentials precise_exponentials(double a, double dt);

/// The weights of alpha-entmax of these scores, by halving its threshold.
longstate::Vector<double> precise_entmax(const longstate::Vector<double>& scores, double alpha);

}  // namespace support
