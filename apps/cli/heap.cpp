#include "cli/heap.hpp"

namespace cli {

Heap& heap() noexcept {
  static Heap the_heap;
  return the_heap;
}

HeapPeak::HeapPeak() : before_(heap().now) { heap().peak = before_; }

long long HeapPeak::bytes() const {
  return heap().counted ? static_cast<long long>(heap().peak) - static_cast<long long>(before_) : -1;
}

}  // namespace cli
