#pragma once

// Where the loops write down what they have done (operations.hpp).

#include <longstate/operations.hpp>
#include <longstate/types.hpp>

namespace longstate::detail {

Operations& tally() noexcept;

inline void count_flops(Index flops) noexcept { tally().flops += flops; }
inline void count_multiply_adds(Index count) noexcept { tally().flops += 2 * count; }
inline void count_exponentials(Index count) noexcept { tally().exponentials += count; }

}  // namespace longstate::detail
