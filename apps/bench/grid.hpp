#pragma once

// Which path is the fastest over orders, lengths and channels, and what a plan by the model chooses there.

#include "paired.hpp"

#include <longstate/execute/plan.hpp>

#include <functional>
#include <vector>

namespace bench {

struct Cell {
  longstate::Index order, channels, length;
  std::vector<longstate::Candidate> measured;  ///< the fastest first
  longstate::Candidate chosen;                 ///< by the model, with its measured time

  double ratio() const { return chosen.seconds / measured.front().seconds; }
};

struct Grid {
  std::vector<longstate::Index> orders{4, 16, 64, 256}, channels{1, 16, 256};
  int first = 8, last = 20;  ///< of log2 length
};

/// Diagonal layers, float, one thread. Each path in its two best blocks runs in turn with the others, at least five times, and the least
/// time of each counts. What the model says takes more than 3 times as long as the best is left out, but for one of recurrent and chunked
/// each. progress: after each cell, with the part that is done.
std::vector<Cell> measure_grid(const Grid& grid, const std::function<void(double)>& progress);

/// The cell, up to 2^13 samples, where the model chooses worst.
Line auto_line();

}  // namespace bench
