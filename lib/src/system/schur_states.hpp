#pragma once

// States in which A is quasi-triangular.

#include <longstate/system/state_space.hpp>

namespace longstate::detail {

/// The system with states T^-1 x, of which A is the real Schur form, and T.
///
/// Powers of a companion form cancel: those of a filter of n poles within delta of each other have entries of some delta^(1 - n), of which
/// nothing is left where the response fades. Powers of a triangular matrix are sums of few terms of mostly one sign.
///
/// The QR algorithm puts errors of eps ||A|| into A, which move such poles by eps delta^(1 - n), too. So what it leaves over,
/// A T - T A', is computed exactly (exact_product.hpp) and added to A', which then is triangular to rounding alone, but has the poles of A;
/// B and C likewise. The transformed system is the given one to the rounding of its own entries, which matters little in these states.
///
/// Cost O(N^3), some 50 products of matrices. A' is A, and T the identity, where the QR algorithm fails.
template <class System>
struct SchurStates {
  System system;
  Matrix<double> T;

  explicit SchurStates(const System& s);
};

extern template struct SchurStates<StateSpace>;
extern template struct SchurStates<DiscreteStateSpace>;

}  // namespace longstate::detail
