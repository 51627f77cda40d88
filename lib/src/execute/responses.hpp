#pragma once

// C A^j B for j < length, q p x length, column j column by column: what kernel() is made of, for each structure.

#include <longstate/discretize/structured.hpp>

namespace longstate::detail {

Matrix<double> responses(const DiscreteStateSpace& system, Index length);
Matrix<double> responses(const DiscreteHippo& system, Index length);
Matrix<double> responses(const DiscreteDiagonal& system, Index length);
Matrix<double> responses(const DiscreteNplr& system, Index length);
Matrix<double> responses(const TransferFunction& system, Index length);

/// responses() by running the recurrence, for any structure: O(N) a value and column.
Matrix<double> stepped_responses(const DiscreteSystem& system, Index length);

/// responses() of a transfer function by a * K = c in long double, O(N) a value.
Matrix<double> divided_responses(const TransferFunction& system, Index length);

/// kernel() from these: each value rounded relative to the states that it is made of, not to the largest value.
Matrix<double> stepped_kernel(const DiscreteSystem& system, Index length);

}  // namespace longstate::detail
