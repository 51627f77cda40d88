#pragma once

// States in units that suit them. A system in SI units, or in companion form, has entries of A from 1 to 10^30: whatever decides by
// a norm or a pivot (exponentials, solves, eigenvectors) then sees the largest alone. Scaling by powers of two rounds nothing that
// stays in range.

#include <longstate/types.hpp>

namespace longstate::detail {

/// Powers of two d for which diag(d)^-1 A diag(d) has nearly the smallest norm: off the diagonal, the 1-norms of row and column i
/// are within a factor of two (Osborne 1960, "On pre-conditioning of matrices"; Parlett & Reinsch 1969, "Balancing a matrix for
/// calculation of eigenvalues and eigenvectors"). States that others see but do not move, or the other way round, have no best unit:
/// their couplings become as small as the diagonal's largest entry, not smaller.
///
/// Cost O(N^2) a sweep, some ten sweeps.
Vector<double> balancing(const Matrix<double>& A);

/// A power of two near a size, by which it comes near 1, so that squares stay in range; 1 for 0.
double unit_of(double size);

/// The power of two by which b is to be divided and c multiplied so that they are of one size; 1 where one of them is zero.
double unit_between(double b, double c);

/// diag(d)^-1 A diag(d)
Matrix<double> rescaled(const Matrix<double>& A, const Vector<double>& d);

/// The system with states x / d: StateSpace or DiscreteStateSpace. Undone by 1 / d.
template <class System>
System rescaled(System system, const Vector<double>& d) {
  system.A = rescaled(system.A, d);
  system.B = d.cwiseInverse().asDiagonal() * system.B;
  system.C = system.C * d.asDiagonal();
  return system;
}

/// The same system in balanced states: rescaled(…, 1 / d) leads back.
template <class System>
struct Balanced {
  Vector<double> d;
  System system;

  explicit Balanced(const System& s) : d(balancing(s.A)), system(rescaled(s, d)) {}
};

}  // namespace longstate::detail
