#pragma once

// What the loop of a recurrence does, known before its tables are made: operations are counted by it, and the cost of a plan estimated.

#include <longstate/types.hpp>

namespace longstate::detail {

/// How a loop goes through its multiply-adds: what one of them takes.
enum class LoopKind {
  lanes,  ///< vectors that do not wait for each other: of many copies, or of the entries of one
  sums,   ///< one vector of copies; each number waits for a sum over those before it
  scans,  ///< one copy, its sums made within vectors of its entries
  dense,  ///< copy after copy (frame_by_frame.hpp), by the structure of A
  hippo,
  nplr,
  diagonal,
  transfer
};

/// Of some samples of all copies.
struct Work {
  LoopKind loop = LoopKind::lanes;
  Index multiply_adds = 0;   ///< with the lanes that are filled up to whole vectors
  Index frames = 0;          ///< samples of a copy, in lanes too
  Index taken_over = 0;      ///< numbers of states that come into lanes, and go back
  bool own_numbers = false;  ///< each lane has its own for every multiply-add
};

}  // namespace longstate::detail
