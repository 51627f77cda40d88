#pragma once

// Blocks of W channels that share the rows of a diagonal recurrence, as sequences through one layer do: each number of a row is
// loaded once for all of them.

#include "diagonal.hpp"

namespace longstate::simd {

/// n samples of some blocks of W channels: a sample's block is W numbers in a row.
template <class T>
struct Frames {
  T* data;
  std::size_t samples, blocks;
  std::size_t stride, apart;  // numbers from a sample to the next, and from a block to the next
};

/// What a run of the loop over one tile needs. While it multiplies, the samples of the next tile are copied to where the loop
/// will read them again and again, and those of the one after it asked for from memory: two lines of each every four rows.
template <class T>
struct SharedTile {
  const T* u;                   ///< samples x blocks x W, dense
  T* sums;                      ///< as u: scratch
  Frames<T> y;                  ///< samples: a multiple of `ahead`; blocks: 1, 2, … most
  bool past_cache;              ///< y goes to memory at once; y, stride and apart are multiples of a vector of 64 bytes
  Frames<const T> next, later;  ///< `later` is only asked for
  T* next_u;
};

template <class T>
struct SharedLoops {
  std::size_t most;  ///< blocks that go together: their sums stay in registers

  /// To samples x blocks x W, dense.
  void (*copy)(const Frames<const T>& from, T* to);

  /// rows.state: rows x blocks x 2 x W.
  void (*run)(const DiagonalRows<T>& rows, const SharedTile<T>& tile);

  /// After `steps` of `ahead` samples: x <- (1 + steps drift) x, in each of the blocks.
  void (*give_back)(const DiagonalRows<T>& rows, std::size_t blocks, std::size_t steps);
};

/// For the instruction set of this machine.
template <class T>
const SharedLoops<T>& shared_loops();

}  // namespace longstate::simd
