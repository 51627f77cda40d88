#pragma once

// Factors Z of Gramians, Z Z^T, by squaring (Smith 1968), in states that suit it.

#include <longstate/system/state_space.hpp>

namespace longstate::detail {

/// Z (N x at most N), and how many times its rounding the last digit of its rows may be off: infinite where A is not stable.
struct GramianFactor {
  Matrix<double> Z;
  double loss;
};

/// Z with Z Z^T the controllability Gramian: sum_k A^k B B^T A^kT; of a continuous system the integral of e^(At) B B^T e^(A^T t).
///
/// [Z, A^(2^k) Z] is compressed by QR, k = 0, 1, …, until no row of Z changes. Each row is computed to its own rounding: the unit of a
/// state does not matter. A continuous system goes by its Cayley transform A_d = (cI + A)(cI - A)^-1, which has the same Gramian, with
/// c a fast rate of it; of A_d - I every entry keeps its digits, and with them the slow states.
///
/// The power P = A^(2^k) has errors of eps |P| |P|, where |P| may be large and cancel in P P and P Z. `loss` is the most
/// |P| |P| |Z| of all k, over Z: it does not depend on the units of the states either.
GramianFactor gramian_factor(const DiscreteStateSpace& system);
GramianFactor gramian_factor(const StateSpace& system);

/// The system whose controllability Gramian is the observability Gramian of this one.
template <class System>
System dual(System system) {
  system.A.transposeInPlace();
  const Matrix<double> B = system.C.transpose();
  system.C = system.B.transpose();
  system.B = B;
  system.D.transposeInPlace();
  return system;
}

/// Both factors, with the states in which they lose the least: those given, or where these lose four digits and more, those of the Schur
/// form, T^-1 x, if they lose less. (Not in any case: they mix fast and slow states, whose own digits the given ones may keep.)
/// Throws std::domain_error if A is not stable.
enum class Factors { both, controllability };
template <class System>
struct Gramians {
  System system;
  Matrix<double> T;
  Matrix<double> controllability, observability;  // the second empty if it is not asked for

  explicit Gramians(const System& s, Factors factors = Factors::both);
};

extern template struct Gramians<StateSpace>;
extern template struct Gramians<DiscreteStateSpace>;

}  // namespace longstate::detail
