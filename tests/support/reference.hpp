#pragma once

// The reference data that reference/make_reference.py makes.

#include <longstate/types.hpp>

#include <string>

namespace support {

/// The orders and steps for which there are references.
inline constexpr longstate::Index reference_orders[] = {1, 2, 5, 16, 64};
inline constexpr const char* reference_steps[] = {"0.001", "0.1"};

bool has_reference(const std::string& key);

/// Throws std::out_of_range for a key that is not there.
longstate::Matrix<double> reference(const std::string& key);

/// The largest difference, relative to the largest entry of `expected` (to 1 where that is zero).
double relative_error(const longstate::Matrix<double>& actual, const longstate::Matrix<double>& expected);

}  // namespace support
