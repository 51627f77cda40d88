#pragma once

#include <cstddef>

namespace longstate::simd {

/// The loops of simd/ count by std::size_t, matrices by a signed Index.
inline std::size_t size(std::ptrdiff_t n) { return static_cast<std::size_t>(n); }

}  // namespace longstate::simd
