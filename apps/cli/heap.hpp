#pragma once

// How much memory is in use: counted where the executable carries heap_count.cpp, which stands between it and the allocator.

#include <atomic>
#include <cstddef>

namespace cli {

struct Heap {
  std::atomic<std::size_t> now{0}, peak{0};
  std::atomic<bool> counted{false};
};

Heap& heap() noexcept;

/// What is asked of the allocator at most beyond what there was before, from here on.
class HeapPeak {
 public:
  HeapPeak();
  /// In bytes; negative where nothing counts.
  long long bytes() const;

 private:
  std::size_t before_;
};

}  // namespace cli
