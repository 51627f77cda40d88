#pragma once

/// \file
/// From any discrete system to its transfer function.

#include <longstate/config.hpp>
#include <longstate/discretize/structured.hpp>

namespace longstate {

/// The transfer function of any discrete system with one input: a from the eigenvalues of A, c from a and the first N
/// values of the kernel.
///
/// Coefficients of a polynomial determine its roots badly when these lie together, as those of a small dt do near 1. So
/// the kernel by the coefficients is compared with the system's own over max(4N, 1024) samples, and if they differ by
/// more than `max_error` of the largest value, this throws std::domain_error with the difference. (Roots spread around
/// the circle are good at any order: LRU, s4d-lin with N/2 pi dt near pi. legs at dt = 1e-3 is refused at N = 4
/// already.)
///
/// Cost       O(N^3) (diagonal: O(N^2)), and the system's kernel.
LONGSTATE_API TransferFunction transfer_function(const DiscreteSystem& system, double max_error = 1e-10);

}  // namespace longstate
