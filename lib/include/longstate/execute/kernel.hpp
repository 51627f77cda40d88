#pragma once

/// \file
/// The convolutional view: the impulse response of a discrete system.

#include <longstate/config.hpp>
#include <longstate/discretize/structured.hpp>

namespace longstate {

/// The impulse response, K_0 … K_{length-1}: column j holds the q x p matrix K_j column by column, so that for one
/// input and one output it is a row of numbers.
///
///     sequence    K_j = C A^j B  (+ D at j = 0)
///     control     K_0 = D,  K_j = C A^(j-1) B
///
/// By structure, with L the length:
///
///     dense      small steps of B, large ones of C           O(L q p N + sqrt(L) (q + p) N^2 + N^3 log L)
///     hippo      its recurrence                              O(L N q) times the solves of a step
///     nplr       the generating function by Cauchy sums      O(L N (q + r)(p + r) + L log L), and O(N^3 log L) once
///                on a circle, one inverse FFT (S4)
///     diagonal   a Vandermonde product                       2 N q p L real multiply-adds for N entries
///     transfer   numerator over denominator by FFT           O(q L log L), whatever N; where that is not good O(q L N)
///
/// Systems that grow: nplr and transfer by their recurrence, O(L N). Dense ones whose powers are large, as those of a companion form: too,
/// O(L N^2), in long double up to 128 states.
///
/// Accuracy   1e-11 of the largest value, up to L = 2^20 (tests/execute/kernel_test.cpp, against 60 digits). A transfer function's
///            by FFT where that is good to 1e-12, else by a * K = c in long double, O(L N): to 1e-19 times the condition
///            ||a||_1 ||1/a||_1 of that; a dense companion form's by its recurrence in long double (docs/accuracy.md). (Coefficients
///            rounded to double determine a kernel to 1e-16 times the condition, whatever the method.)
/// Throws     std::invalid_argument if the system is not valid or length is not in [1, 2^30]; std::domain_error if the kernel passes
///            the largest double within it, with the place, or rounding leaves the recurrence of a dense companion form of no use (recurrence.hpp).
LONGSTATE_API Matrix<double> kernel(const DiscreteSystem& system, Index length);

/// [V, A V, …, A^(length-1) V], N x (length columns(V)): the states that follow from an impulse, or from a state.
/// By doubling: [V, …, A^(m-1) V] and A^m give twice as much in one product, as long as A^m is not so large that squares of it lose digits;
/// from there in steps of m.   Cost O(length N^2 + N^3 log length).
LONGSTATE_API Matrix<double> krylov(const Matrix<double>& A, const Matrix<double>& V, Index length);

/// A^exponent by repeated squaring, exponent >= 0.           Cost O(N^3 log exponent).
LONGSTATE_API Matrix<double> power(const Matrix<double>& A, Index exponent);

}  // namespace longstate
