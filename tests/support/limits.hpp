#pragma once

#include <limits>

namespace support {

inline constexpr double epsilon = std::numeric_limits<double>::epsilon(),
                        infinity = std::numeric_limits<double>::infinity(),
                        not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace support
