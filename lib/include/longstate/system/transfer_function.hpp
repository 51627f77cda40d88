#pragma once

/// \file
/// Rational transfer functions in discrete time: a system without a state, until it is run as a recurrence.

#include <longstate/config.hpp>
#include <longstate/system/state_space.hpp>

namespace longstate {

/// H(w) = D + c(w) / a(w) with w = z^-1 (sequence; w c(w) / a(w) in the control convention), one input, q outputs:
///
///     a(w) = 1 + a_1 w + … + a_N w^N,        c(w) = c_0 + … + c_{N-1} w^{N-1}.
///
/// As a state space it is the companion form: the first row of A is -a, ones below the diagonal, B = e_0, C = c.
/// (Parnichkun et al. 2024, "State-free inference of state-space models: the transfer function approach", section 3.)
struct TransferFunction {
  Vector<double> a;  ///< N: a_1 … a_N
  Matrix<double> C;  ///< q x N: c_0 … c_{N-1}
  Matrix<double> D;  ///< q x 1
  double dt = 1.0;   ///< seconds per sample
  Convention convention = Convention::sequence;

  Index order() const { return a.size(); }
  Index inputs() const { return 1; }
  Index outputs() const { return C.rows(); }
  bool operator==(const TransferFunction&) const = default;
};

/// Throws std::invalid_argument naming the field whose shape does not fit, or that holds a value that is not finite.
LONGSTATE_API void validate(const TransferFunction& system);

/// The companion form.
LONGSTATE_API DiscreteStateSpace dense(const TransferFunction& system);

}  // namespace longstate
