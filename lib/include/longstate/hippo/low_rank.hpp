#pragma once

/// \file
/// HiPPO matrices as normal plus low rank (S4: Gu, Goel, Re 2022, theorem 1).

#include <longstate/config.hpp>
#include <longstate/measure/measure.hpp>
#include <longstate/types.hpp>

namespace longstate {

/// P (N x r) such that A + P P^T is normal, A = hippo(measure, order).A.
///
///     legs, legs-exp   sqrt(n + 1/2)                      r = 1   A + P P^T = -I/2 + skew
///     legt             sqrt(n + 1/2) (1, (-1)^n)          r = 2   skew
///     lagt, alpha = 0  sqrt(1/2)                          r = 1   -beta I/2 + skew
///     fourier          sqrt(2) (basis at age 0)           r = 1   skew
///
/// divided by sqrt(theta). In each the normal part is a multiple of I plus a skew-symmetric matrix, so its eigenvectors
/// are unitary; A itself must never be diagonalised (legs: the condition of its eigenvectors passes 1e19 at N = 32).
///
/// Cost       O(N).
/// Throws     std::invalid_argument for lmu, chebt and lagt with alpha != 0: in those coordinates no correction of
///            small rank is known (lmu and chebt are similar to legt, see conventions.hpp and docs/hippo.md).
LONGSTATE_API Matrix<double> low_rank_correction(const Measure& measure, Index order);

}  // namespace longstate
