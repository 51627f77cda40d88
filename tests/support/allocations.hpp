#pragma once

// A count of heap allocations in this program: operator new and malloc's kin are replaced by counting ones.

#include <cstddef>

namespace support {

/// Allocations since the start of the program.
std::size_t allocations();

/// Bytes of the heap in use, as glibc counts them; 0 where it cannot (sanitizers).
std::size_t bytes_in_use();

}  // namespace support
