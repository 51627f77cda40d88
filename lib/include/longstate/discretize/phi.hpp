#pragma once

/// \file
/// The exponential of a matrix and its relatives, the phi functions, which integrate a linear system over one step
/// without an inverse of A:
///
///     phi_0(X) = e^X,        phi_k(X) = sum_j X^j / (j+k)!,        phi_k(X) = 1/k! + X phi_{k+1}(X).
///
/// For x' = A x + b with constant b:  x(dt) = phi_0(A dt) x(0) + dt phi_1(A dt) b; if b rises linearly by db over the
/// step, dt phi_2(A dt) db is added. (Hochbruck & Ostermann 2010, "Exponential integrators", section 2.1.)

#include <longstate/config.hpp>
#include <longstate/types.hpp>

#include <complex>
#include <vector>

namespace longstate {

/// phi_0(X), …, phi_k(X) for a square matrix X, k >= 0.
///
/// Method     X is balanced by powers of two. Then the Taylor series of phi_k at X / 2^s, ||X / 2^s||_1 <= 1, the others by their
///            relation, and s doublings, of M = phi_0 - I in place of phi_0, so that slow entries beside fast ones keep their digits:
///            M(2X) = 2M + M^2,  phi_j(2X) = 2^-j (M phi_j + phi_j + sum_{i=1..j} phi_i / (j-i)!).
///            (Skaflestad & Wright 2009, "The scaling and modified squaring method", eq. 2.12.)
/// Cost       about 7 + (s + 1)(k + 1) products of N x N.
/// Accuracy   relative to the largest entry, 1e-12 up to ||X|| of several thousand (tests/discretize/discretize_test.cpp, against 60
///            digits). In any units of the states, and for stiff and defective X, as docs/accuracy.md "Any scaling" says.
/// Throws     std::invalid_argument if X is not square or holds a value that is not finite; std::domain_error if a result does, or if the
///            rounding of X alone leaves no digit of e^X, as of a rotation by 10^16 and more.
LONGSTATE_API std::vector<Matrix<double>> phi_functions(const Matrix<double>& X, int k);

/// phi_k(z) of a number, 0 <= k <= 3: the series for |z| <= 1, its relation from e^z beyond. Accurate to a few eps at any
/// z, 0 and 1e-300 included.
LONGSTATE_API std::complex<double> phi(int k, std::complex<double> z);

/// e^z - 1 without cancellation, and log(1 + z): the complex expm1 and log1p.
LONGSTATE_API std::complex<double> expm1(std::complex<double> z);
LONGSTATE_API std::complex<double> log1p(std::complex<double> z);

}  // namespace longstate
