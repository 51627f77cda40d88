#pragma once

/// \file
/// The convolutional view: the impulse response of a discrete system.

#include <longstate/system/state_space.hpp>

namespace longstate {

/// The impulse response, K_0 … K_{length-1}: column j holds the q x p matrix K_j column by column, so that for one
/// input and one output it is a row of numbers.
///
///     sequence    K_j = C A^j B  (+ D at j = 0)
///     control     K_0 = D,  K_j = C A^(j-1) B
///
/// Cost       O(length q p N + sqrt(length) (q + p) N^2 + N^3 log length), by small steps of B and large ones of C;
///            memory O(length q p + sqrt(length) p N).
/// Throws     std::invalid_argument if the system is not valid or length is not in [1, 2^30].
Matrix<double> kernel(const DiscreteStateSpace& system, Index length);

/// [V, A V, …, A^(length-1) V], N x (length columns(V)): the states that follow from an impulse, or from a state.
/// By doubling: [V, …, A^(m-1) V] and A^m give twice as much in one product.   Cost O(length N^2 + N^3 log length).
Matrix<double> krylov(const Matrix<double>& A, const Matrix<double>& V, Index length);

/// A^exponent by repeated squaring, exponent >= 0.           Cost O(N^3 log exponent).
Matrix<double> power(const Matrix<double>& A, Index exponent);

}  // namespace longstate
