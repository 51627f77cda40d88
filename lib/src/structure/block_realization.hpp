#pragma once

// A block of samples at once: what the state at its start adds to its outputs, and its inputs to the state at its end. (Burrus 1972,
// "Block realization of digital filters".)

#include <longstate/discretize/structured.hpp>

#include <vector>

namespace longstate::detail {

/// (q length) x N, row i length + k: output i, k samples into the block, of a state. C A^(k+1) (control: C A^k).
/// Cost: diagonal O(length q N), others O(length q N^2 + N^3 log length) and dense(); long_powers.hpp where powers of up to 128 states
/// are not tame or grow, here and below.
Matrix<double> observability(const DiscreteSystem& system, Index length);

/// N x (p length), column j length + k: the state after the block of input j, k samples into it: A^(length-1-k) b_j.
Matrix<double> controllability(const DiscreteSystem& system, Index length);

/// A^length - I, N x N, with the digits that A^length could not hold beside a 1; of dense systems up to 128 states in long double, since
/// what is wrong with a power adds up from block to block.   Cost O(N^3 log length).
Matrix<double> block_increment(const DiscreteSystem& system, Index length);

/// The same of lengths 1, 2, 4, … up to `length`, in one pass.
std::vector<Matrix<double>> doubled_increments(const DiscreteSystem& system, Index length);

}  // namespace longstate::detail
