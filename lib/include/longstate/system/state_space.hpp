#pragma once

/// \file
/// Linear state-space systems, dense, with any number of inputs and outputs. The continuous and the discrete system are
/// different types, so that stepping a continuous one does not compile.

#include <longstate/config.hpp>
#include <longstate/measure/measure.hpp>
#include <longstate/types.hpp>

#include <string_view>

namespace longstate {

/// Continuous time, per second:  x' = A x + B u,  y = C x + D u.
struct StateSpace {
  Matrix<double> A;  ///< N x N
  Matrix<double> B;  ///< N x p
  Matrix<double> C;  ///< q x N
  Matrix<double> D;  ///< q x p

  Index order() const { return A.rows(); }
  Index inputs() const { return B.cols(); }
  Index outputs() const { return C.rows(); }
  bool operator==(const StateSpace&) const = default;
};

/// When the output is taken, two conventions of the same discrete system.
enum class Convention {
  /// x_k = A x_{k-1} + B u_k,  y_k = C x_k + D u_k: the output sees the current sample (S4, LMU, Mamba). The default.
  sequence,
  /// x_{k+1} = A x_k + B u_k,  y_k = C x_k + D u_k (scipy, MATLAB).
  control
};

/// "sequence" or "control", and back (which throws std::invalid_argument for another name).
LONGSTATE_API std::string_view name(Convention convention);
LONGSTATE_API Convention make_convention(std::string_view name);

/// Discrete time. The state handed to a step is the one before the sample in both conventions.
struct DiscreteStateSpace {
  Matrix<double> A;  ///< N x N
  Matrix<double> B;  ///< N x p
  Matrix<double> C;  ///< q x N
  Matrix<double> D;  ///< q x p
  double dt = 1.0;   ///< seconds per sample
  Convention convention = Convention::sequence;

  Index order() const { return A.rows(); }
  Index inputs() const { return B.cols(); }
  Index outputs() const { return C.rows(); }
  bool operator==(const DiscreteStateSpace&) const = default;
};

/// Throws std::invalid_argument naming the matrix whose shape does not fit, or that holds a value that is not finite.
LONGSTATE_API void validate(const StateSpace& system);
LONGSTATE_API void validate(const DiscreteStateSpace& system);

/// The system that computes the coefficients of a measure: one input, y = x (C = I, D = 0).
/// Throws std::invalid_argument for LegS, whose system varies in time (LegSExp is the time-invariant one; Memory runs
/// LegS), and for an order outside [1, max_order].
LONGSTATE_API StateSpace coefficient_system(const Measure& measure, Index order);

/// A delay line, y(t) ~ u(t - delay): C is the basis of the measure at age delay / theta, D = 0. How short a delay and
/// how fast a signal it can follow depends on the order; with a hold, each sample is worth its centre, dt / 2 earlier.
/// Throws as coefficient_system, and for a delay outside the measure's support.
LONGSTATE_API StateSpace delay_system(const Measure& measure, Index order, double delay);

}  // namespace longstate
