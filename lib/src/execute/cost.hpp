#pragma once

// What a sample of one copy costs on each path, as a model: the sum of what was found to matter, with constants measured on
// one machine (docs/speed.md says by which command). A plan compares these; only their ratios count.

#include "../structure/work.hpp"

#include <longstate/discretize/structured.hpp>

#include <functional>
#include <vector>

namespace longstate::detail {

struct CostOf {
  const DiscreteSystem& system;
  Index systems;                                  // different ones: their matrices are read anew
  Index copies, call;                             // of a part that one thread runs; samples a call
  Index bytes;                                    // of a number
  std::function<Work(Index samples)> recurrence;  // of a call, by the loop that it goes in
};

/// Of a layer that one thread runs, systems to copies in turn; it must outlive this. O(N) for each HiPPO system; a step too stiff for its
/// factors makes its matrix, O(N^3).
template <class T>
CostOf cost_of(const std::vector<DiscreteSystem>& layer, Index copies, Index call);

/// Blocks of the chunked path to choose from.
inline constexpr Index chunks[] = {16, 32, 64, 128, 256, 512};

double recurrent_seconds(const CostOf& of);
double chunked_seconds(const CostOf& of, Index block);
double convolution_seconds(const CostOf& of, Index block);

}  // namespace longstate::detail
