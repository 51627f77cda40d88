#pragma once

#include <longstate/discretize/structured.hpp>

namespace longstate::detail {

/// kernel(), each value rounded relative to the states that it is made of, not to the largest value.
Matrix<double> stepped_kernel(const DiscreteSystem& system, Index length);

}  // namespace longstate::detail
