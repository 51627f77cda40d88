#pragma once

/// \file
/// Long kernels on a stream: no sample waits. Only in a library built with FFTW (LONGSTATE_WITH_FFTW).

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/execute/planning.hpp>
#include <longstate/types.hpp>

#include <memory>

namespace longstate {

/// y_c(t) = sum_k kernels(c, k) u_c(t - k), as Fir, for signals that come a few samples at a time: y(t) has all of u(t), whatever
/// the length of a call, so the latency is the caller's block alone. The kernel is cut into partitions, later ones longer:
///
///     [0, B)       sums of products, in time                          B = `block` samples
///     [B, 2P)      in parts of B, by transforms of a block of B       made when a block is full, for the next
///     [2P, taps)   in parts of P, by transforms of a block of P       made while the next block of P fills, some channels with
///                                                                     each B samples, for the one after
///
/// so work comes evenly: no call waits for a long transform of all channels. Spectra of past blocks are kept and their products
/// summed before one inverse transform (a delay line in frequency).
///
/// Cost       of a sample and channel: B + 4 (2P / B + taps / P) multiply-adds, two transforms of B and two of P complex points for B
///            and P samples; P is near sqrt(taps B / 2). Memory 4 taps values a channel.
/// Accuracy   5e-15 (double), 1e-6 (float; 2e-6 of more than 2^14 taps) of the largest output (tests/execute/streaming_test.cpp).
/// Real-time  run() neither allocates, locks nor calls the system; it throws only on shapes.
/// Threads    copies share the spectra of the kernels and own the rest: copy it to use it on another thread.
/// See        Gardner, Efficient convolution without input-output delay, JAES 43, 1995; Garcia, Optimal filter partition for efficient
///            convolution with short input/output delay, AES 113, 2002; Wefers, Partitioned convolution algorithms, 2015, ch. 5 and 6.
template <class T>
class LONGSTATE_API StreamingFir {
 public:
  /// kernels: channels x taps. block: a power of 2 from 16 to 65,536, best the samples of a call. Throws std::invalid_argument if
  /// kernels is empty or not finite, or for another block.
  explicit StreamingFir(const Matrix<double>& kernels, Index block = 64, Planning planning = Planning::estimate);

  Index taps() const;
  Index channels() const;
  Index block() const;
  Index long_block() const;  ///< P, or 0 where the kernel is too short to need one

  /// u, y: channels x n, any n; y may be u. Throws std::invalid_argument if the shapes do not fit.
  void run(ConstSignal<T> u, Signal<T> y);

  /// Forgets all past input.
  void reset();

 private:
  struct Loops;
  detail::Owned<Loops> loops_;
};

extern template class StreamingFir<float>;
extern template class StreamingFir<double>;

}  // namespace longstate
