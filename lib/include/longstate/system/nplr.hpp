#pragma once

/// \file
/// Normal plus low rank systems, the form of S4 (Gu, Goel, Re 2022, theorem 1).

#include <longstate/config.hpp>
#include <longstate/measure/measure.hpp>
#include <longstate/system/state_space.hpp>

#include <complex>

namespace longstate {

/// Continuous time, real input and output, each complex entry standing for itself and its conjugate: with Lambda =
/// diag(lambda, conj lambda) and P* over both halves,
///
///     A = Lambda - P P*,        x' = lambda x - P 2 Re(P* x) + B u,        y = 2 Re(C x) + D u.
///
/// An eigenvalue that has no partner (odd orders) is an entry with real lambda, P, B and C, the last three over sqrt(2).
struct NplrSystem {
  Vector<std::complex<double>> lambda;  ///< entries, per second
  Matrix<std::complex<double>> P;       ///< entries x rank
  Matrix<std::complex<double>> B;       ///< entries x p
  Matrix<std::complex<double>> C;       ///< q x entries
  Matrix<double> D;                     ///< q x p

  Index entries() const { return lambda.size(); }
  Index order() const { return 2 * entries(); }  ///< real numbers in the state
  Index rank() const { return P.cols(); }
  Index inputs() const { return B.cols(); }
  Index outputs() const { return C.rows(); }
  bool operator==(const NplrSystem&) const = default;
};

/// Throws std::invalid_argument naming the field whose shape does not fit, or that holds a value that is not finite.
LONGSTATE_API void validate(const NplrSystem& system);

/// The system of a measure with read-out C (q x N, of its coefficients) and D = 0: A + P P^T = c I + S with S skew, whose
/// eigenvectors V come from the Hermitian -iS and are unitary; B -> V* B, C -> C V, P -> V* P (low_rank.hpp has the P).
/// lmu and lagt with alpha != 0 are first scaled to the coordinates in which they have this form.
///
/// Cost       O(N^3).
/// Accuracy   A to about eps ||A||, whatever the order (nothing is divided by).
/// Throws     std::invalid_argument for legs (it varies in time), chebt (no such form is known), an order outside
///            [1, max_order], or a C of the wrong width.
LONGSTATE_API NplrSystem normal_plus_low_rank(const Measure& measure, Index order, const Matrix<double>& C);

/// The same system with its matrices formed, each entry as (re, im).
LONGSTATE_API StateSpace dense(const NplrSystem& system);

}  // namespace longstate
