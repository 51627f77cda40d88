#pragma once

// What the machine can do at best, by loops that touch registers alone, or memory alone.

#include <cstddef>

namespace bench {

/// At least `count` multiply-adds of float, in the widest vectors, 12 chains of them at once.
void multiply_adds(double count);

/// Reads `count` numbers once, and adds them up.
void read(const float* values, std::size_t count);

}  // namespace bench
