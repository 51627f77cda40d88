#pragma once

// A plain way of doing what the library does otherwise, for its lines to go beside.

#include "aligned.hpp"

#include <longstate/longstate.hpp>

#include <vector>

namespace bench {

/// Diagonal systems of one input and output by z <- lambda z + u, y = Re(2 C B z) + D u, one sample after the other: six
/// multiply-adds an entry and sample, in the widest vectors, of copies; four entries stay in registers while the samples of a
/// chunk go by in the first cache, and the next chunk is asked for. Float.
class PlainRecurrence {
 public:
  /// Copies whose numbers are neighbours: a line of the cache, a multiple of any vector. Samples of a chunk. Entries that go together.
  static constexpr longstate::Index block = 16, chunk = 64, group = 4;

  /// Copy c runs system c mod their number. Systems and copies: multiples of `block`; entries: of `group`.
  PlainRecurrence(const std::vector<longstate::DiscreteSystem>& layer, longstate::Index copies);

  /// u, y: copies x n.
  void run(longstate::ConstSignal<float> u, longstate::Signal<float> y);

 private:
  longstate::Index entries_;
  Aligned<float> table_;    // of 16 systems and an entry: lambda (re, im), 2 C B (re, im), 16 of each
  Aligned<float> through_;  // D: 16 x systems / 16
  Aligned<float> states_;   // of 16 copies and an entry: z (re, im), 16 of each
};

}  // namespace bench
