#pragma once

/// \file
/// HiPPO matrices: the linear system whose state is the vector of projection coefficients.

#include <longstate/config.hpp>
#include <longstate/measure/measure.hpp>
#include <longstate/types.hpp>

namespace longstate {

/// x' = A x + B u, the window or time constant of the measure included. For LegS: x' = (A x + B u) / t.
struct Hippo {
  Matrix<double> A;  ///< N x N, per second
  Vector<double> B;  ///< N, per second
  bool operator==(const Hippo&) const = default;
};

/// The matrices of a measure. With n, k from 0 and unit theta (theta divides both A and B):
///
///     measure         A[n][k]                                                       B[n]
///     legs, legs-exp  -sqrt((2n+1)(2k+1)) n>k;  -(n+1) n=k;  0 n<k                  sqrt(2n+1)
///     legt            -sqrt((2n+1)(2k+1)) (1 if n>=k, else (-1)^(n-k))              sqrt(2n+1)
///     lmu             (2n+1) (-1 if n<k, else (-1)^(n-k+1))                         (2n+1)(-1)^n
///     lagt            -l_k/l_n n>k;  -(1+beta)/2 n=k;  0 n<k                        l_n / Gamma(alpha+1)
///                     with l_n = sqrt(Gamma(n+alpha+1)/n!)
///     fourier         -2 e_n e_k, and -2 pi m at (cos m, sin m), +2 pi m at (sin m, cos m)     2 e_n
///                     with e the basis at age 0: 1, sqrt2, 0, sqrt2, 0, …
///     chebt           derivative of the Chebyshev polynomials, less a rank one term (docs/hippo.md)
///
/// The impulse response e^(A age) B is the basis times weight / tilt^2, exactly for the fading measures, and up to the
/// approximation of what leaves the window for the others.
///
/// Cost       O(order^2) time and memory.
/// Throws     std::invalid_argument for an order outside [1, max_order] or an invalid measure.
/// See        Gu et al. 2020 (HiPPO), theorems 1 and 2, app. D; Gu et al. 2023 (How to train your HiPPO), table 1;
///            Voelker et al. 2019 (LMU), eqs. 1 and 2.
LONGSTATE_API Hippo hippo(const Measure& measure, Index order);

}  // namespace longstate
