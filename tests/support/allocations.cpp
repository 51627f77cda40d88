#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Eigen allocates by malloc, FFTW by memalign, the rest by operator new; glibc lets a program interpose them all. Sanitizers
// interpose malloc themselves, so with them only operator new is counted.
#ifdef LONGSTATE_SANITIZED
#define LONGSTATE_INTERPOSE_MALLOC 0
#else
#define LONGSTATE_INTERPOSE_MALLOC 1
#endif

namespace {
std::atomic<std::size_t> count{0};
}

namespace support {
std::size_t allocations() { return count; }

std::size_t bytes_in_use() {
#if defined(__GLIBC__) && LONGSTATE_INTERPOSE_MALLOC
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;  // of the arena, and what was mapped for itself
#else
  return 0;
#endif
}
}  // namespace support

#if LONGSTATE_INTERPOSE_MALLOC
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void* malloc(std::size_t size) {  // operator new comes here, too
  ++count;
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  ++count;
  return __libc_calloc(number, size);
}
void* realloc(void* memory, std::size_t size) {
  ++count;
  return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  ++count;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  ++count;
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : 12;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++count;
  return __libc_memalign(alignment, size);
}
}
#else
void* operator new(std::size_t size) {
  ++count;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {  // std::stable_sort's
  ++count;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif
