#pragma once

#include <initializer_list>
#include <vector>

namespace support {

#ifdef LONGSTATE_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// What a test goes through: all of it, or under sanitizers, which take ten times as long, a part that goes through the same code.
template <class T>
std::vector<T> values(std::initializer_list<T> all, std::initializer_list<T> part) {
  return sanitized ? part : all;
}

}  // namespace support
