#pragma once

// C A^j B for j < length, q p x length, column j column by column: what kernel() is made of, for each structure.

#include <longstate/discretize/structured.hpp>

namespace longstate::detail {

Matrix<double> responses(const DiscreteStateSpace& system, Index length);
Matrix<double> responses(const DiscreteHippo& system, Index length);
Matrix<double> responses(const DiscreteDiagonal& system, Index length);
Matrix<double> responses(const DiscreteNplr& system, Index length);
Matrix<double> responses(const TransferFunction& system, Index length);

/// e^(mu k). The angle is taken in long double, so that a large k costs no digits of it.
std::complex<double> power_of(std::complex<double> mu, Index k);

/// responses() by running the recurrence, for any structure: O(N) a value and column.
Matrix<double> stepped_responses(const DiscreteSystem& system, Index length);

}  // namespace longstate::detail
