#pragma once

/// \file
/// Floating-point operations, as the loops make them: with what fills up their vectors.

#include <cstdint>
#include <longstate/config.hpp>

namespace longstate {

struct Operations {
  std::int64_t flops = 0;         ///< additions and multiplications; a multiply-add is two
  std::int64_t exponentials = 0;  ///< of the softmax and of 1 + elu
};

namespace detail {
/// To all counts of this thread. No allocation, lock or system call.
LONGSTATE_API void add_to_counts(const Operations& done) noexcept;
}  // namespace detail

/// What this thread does from here on in the run() and step() of Recurrence, Chunked, Convolution, Planned, and of attention's decoders
/// (full, cached, constant, linear; the normalisers' own weights and sums aside). Each path adds the work of its loop when that has run, with the
/// lanes that it fills up to whole vectors, and in vectors an addition or product alone for the multiply-add in whose place it
/// stands; FFTs add what FFTW says of its plan.
///
///     const OperationCount count;
///     path.run(u, y, x);
///     count.so_far().flops
///
/// Cost       where no count is alive in the process, a load for a loop over many; else an addition more for each count of the thread.
/// Real-time  counting neither allocates, locks nor calls the system, in no thread, also where the library came with a plug-in that
///            was loaded at run time; a thread that has no count takes no memory for one. The constructor may allocate.
/// Threads    each has counts of its own (Threaded: the caller's counts what ran on the caller's): a count is made and ends on the
///            thread that it counts. Several of a thread count side by side.
/// Throws     std::system_error from the constructor where the system has no key to give (pthread_key_create).
class LONGSTATE_API OperationCount {
 public:
  OperationCount();
  OperationCount(const OperationCount&) = delete;
  OperationCount& operator=(const OperationCount&) = delete;
  ~OperationCount();  // NOLINT(bugprone-exception-escape)
  Operations so_far() const noexcept { return counted_; }

 private:
  friend void detail::add_to_counts(const Operations& done) noexcept;

  mutable Operations counted_;
  mutable const OperationCount* outer_;  // of this thread, alive when this one began
};

}  // namespace longstate
