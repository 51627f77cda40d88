#pragma once

/// \file
/// Denormal numbers as zeros.

#include <longstate/config.hpp>

#if defined(__SSE2__) || defined(_M_X64)
#include <immintrin.h>
#endif
#include <cstdint>

namespace longstate {

/// Denormal numbers are zeros while one of these lives, on its thread: a state that fades away would otherwise slow its loop down by an
/// order of magnitude. The caller's floating-point mode returns with the destructor.
///
///     const NoDenormals guard;
///     for (…) path.step(u, y, x);
///
/// run() and its kind make one of their own. step() does not: it costs more than the step of a small system.
class NoDenormals {
 public:
#if defined(__SSE2__) || defined(_M_X64)
  NoDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | flush_to_zero | denormals_are_zero); }
  ~NoDenormals() { _mm_setcsr(before_); }

 private:
  static constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
  unsigned before_;
#elif defined(__aarch64__)
  NoDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ | flush_to_zero));
  }
  ~NoDenormals() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

 private:
  static constexpr std::uint64_t flush_to_zero = std::uint64_t{1} << 24;
  std::uint64_t before_;
#else
  NoDenormals() = default;
  ~NoDenormals() {}
#endif

 public:
  NoDenormals(const NoDenormals&) = delete;
  NoDenormals& operator=(const NoDenormals&) = delete;
};

}  // namespace longstate
