#pragma once

#include <limits>

namespace longstate::detail {

inline constexpr double eps = std::numeric_limits<double>::epsilon();

}  // namespace longstate::detail
