#pragma once

// Where the loops write down what they have done (operations.hpp).

#include <longstate/operations.hpp>
#include <longstate/types.hpp>

#include <atomic>

namespace longstate::detail {

/// Of the whole process: the OperationCounts alive. Where there is none, a loop pays for a load, and no thread is looked at.
extern std::atomic<int> counts_alive;

inline void count(const Operations& done) noexcept {
  if (counts_alive.load(std::memory_order_acquire) > 0) add_to_counts(done);
}
inline void count_flops(Index flops) noexcept { count({flops, 0}); }
inline void count_multiply_adds(Index products) noexcept { count({2 * products, 0}); }
inline void count_exponentials(Index exponentials) noexcept { count({0, exponentials}); }

}  // namespace longstate::detail
