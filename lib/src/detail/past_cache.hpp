#pragma once

#include <longstate/types.hpp>

#include <cstdint>

namespace longstate::detail {

inline constexpr Index line_bytes = 64;  // of the cache

/// Whether outputs go past the cache, straight to memory: there are too many for them to be read from it soon, and frames begin with
/// a line of it.
template <class T>
bool pass_cache(const Signal<T>& y) {
  constexpr Index cache_bytes = 1 << 20, number = sizeof(T);
  const bool in_lines =
      reinterpret_cast<std::uintptr_t>(y.data()) % line_bytes == 0 && y.outerStride() * number % line_bytes == 0;
  return in_lines && y.size() * number > cache_bytes;
}

}  // namespace longstate::detail
