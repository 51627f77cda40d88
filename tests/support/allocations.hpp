#pragma once

// A count of heap allocations in this program: operator new and malloc's kin are replaced by counting ones.

#include <cstddef>

namespace support {

/// Allocations since the start of the program.
std::size_t allocations();

}  // namespace support
