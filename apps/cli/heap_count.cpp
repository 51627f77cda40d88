// glibc lets a program stand before its allocator: every block in use is counted with the size that it really has.

#include "cli/heap.hpp"

#include <malloc.h>

namespace {

void* taken(void* block) noexcept {
  if (!block) return block;
  cli::Heap& heap = cli::heap();
  heap.counted.store(true, std::memory_order_relaxed);
  const std::size_t now = heap.now += malloc_usable_size(block);
  std::size_t peak = heap.peak.load(std::memory_order_relaxed);
  while (now > peak && !heap.peak.compare_exchange_weak(peak, now)) {
  }
  return block;
}

void given_back(void* block) noexcept {
  if (block) cli::heap().now -= malloc_usable_size(block);
}

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): glibc's own names
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
// NOLINTEND(bugprone-reserved-identifier)

void* malloc(std::size_t size) { return taken(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) { return taken(__libc_calloc(count, size)); }
void* realloc(void* block, std::size_t size) {
  given_back(block);
  void* const moved = __libc_realloc(block, size);
  if (!moved && block && size > 0) {
    taken(block);  // it is still there
    return moved;
  }
  return taken(moved);
}
void* memalign(std::size_t alignment, std::size_t size) { return taken(__libc_memalign(alignment, size)); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return taken(__libc_memalign(alignment, size)); }
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  constexpr int no_memory = 12;
  *block = taken(__libc_memalign(alignment, size));
  return *block ? 0 : no_memory;
}
void free(void* block) {
  given_back(block);
  __libc_free(block);
}
}
