#pragma once

/// \file
/// Floating-point operations, counted where they are made rather than estimated from sizes.

#include <cstdint>

namespace longstate {

struct Operations {
  std::int64_t flops = 0;         ///< additions and multiplications; a multiply-add is two
  std::int64_t exponentials = 0;  ///< of the softmax and of 1 + elu
};

/// What this thread does from here on in the run() and step() of Recurrence, Chunked, Convolution, and of attention's decoders
/// (full, cached, constant, linear; the normalisers' own weights and sums aside). Each loop adds its sizes when it has run, with the
/// lanes that it fills up to whole vectors, and in vectors an addition or product alone for the multiply-add in whose place it
/// stands; FFTs add what FFTW says of its plan.
///
///     const OperationCount count;
///     path.run(u, y, x);
///     count.so_far().flops
///
/// Cost       an addition for a loop over many; no allocation, no lock.
/// Threads    each has a count of its own (Threaded: the caller's counts what ran on the caller's).
class OperationCount {
 public:
  OperationCount() noexcept;
  Operations so_far() const noexcept;

 private:
  Operations before_;
};

}  // namespace longstate
