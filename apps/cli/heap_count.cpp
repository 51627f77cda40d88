// glibc lets a program stand before its allocator. What was asked for is what counts, and is kept in the block's last bytes: the
// size that glibc gives differs by 16 bytes from one block of the same request to another.

#include "cli/heap.hpp"

#include <malloc.h>

#include <cstring>
#include <limits>

namespace {

using std::size_t;

constexpr size_t note = sizeof(size_t);

/// With room for the note; a request that is too large stays so.
size_t noted(size_t size) { return size > std::numeric_limits<size_t>::max() - note ? size : size + note; }

char* note_of(void* block) { return static_cast<char*>(block) + malloc_usable_size(block) - note; }

void* taken(void* block, size_t size) noexcept {
  if (!block) return block;
  std::memcpy(note_of(block), &size, note);
  cli::Heap& heap = cli::heap();
  heap.counted.store(true, std::memory_order_relaxed);
  const size_t now = heap.now += size;
  size_t peak = heap.peak.load(std::memory_order_relaxed);
  while (now > peak && !heap.peak.compare_exchange_weak(peak, now)) {
  }
  return block;
}

size_t size_of(void* block) noexcept {
  size_t size = 0;
  if (block) std::memcpy(&size, note_of(block), note);
  return size;
}

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): glibc's own names
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);
// NOLINTEND(bugprone-reserved-identifier)

void* malloc(size_t size) { return taken(__libc_malloc(noted(size)), size); }
void* calloc(size_t count, size_t size) {
  size_t all = 0;
  if (__builtin_mul_overflow(count, size, &all)) all = std::numeric_limits<size_t>::max();  // glibc's to refuse
  return taken(__libc_calloc(1, noted(all)), all);
}
void* realloc(void* block, size_t size) {
  const size_t before = size_of(block);
  void* const moved = __libc_realloc(block, noted(size));
  if (moved) cli::heap().now -= before;  // else it is still there
  return taken(moved, size);
}
void* memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, noted(size)), size); }
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  constexpr int no_memory = 12;
  *block = memalign(alignment, size);
  return *block ? 0 : no_memory;
}
void free(void* block) {
  if (block) cli::heap().now -= size_of(block);
  __libc_free(block);
}
}
