#pragma once

/// \file
/// Convolution with given kernels, one a channel, by FFT. Only in a library built with FFTW (LONGSTATE_WITH_FFTW).

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/execute/planning.hpp>
#include <longstate/types.hpp>

#include <complex>
#include <memory>

namespace longstate {

/// y_c(t) = sum_k kernels(c, k) u_c(t - k): a finite impulse response for each channel, as long as you like, the same law as
/// the other paths: `run(u, y, x)`, any number of samples a call, the state carried.
///
/// The state says what past inputs still add to the outputs to come: x(k, c) to y_c k samples from now, k < taps - 1. (In
/// control's terms: the observability form of the shift register.) It is zero at rest, and short: no past input is kept.
///
/// Overlap-add in blocks: each channel is transformed, multiplied by its kernel's spectrum and transformed back while it is in
/// the cache, 2 transforms of (block + taps) / 2 complex points a block.
///
/// Cost       O(log(block + taps) (block + taps) / block) a sample and channel; a short call costs as much as a block: for
///            blocks shorter than the kernel, in real time, see StreamingFir. Memory: (block + 2 taps) values a channel.
/// Accuracy   run() 2e-15 (double), 1e-6 (float) of the largest output, 2^20 taps (tests/execute/fir_test.cpp). step() rounds what is to come
///            once a sample: taps / 2 times 1.1e-16 (6e-8) at most, where a signal holds still; the root of that on noise. The spectra are
///            made in double.
/// Real-time  step() and run() neither allocate, lock nor call the system; run() throws only on shapes.
/// Threads    copies share spectra and plans and own their scratch: copy it to use it on another thread.
/// See        Oppenheim & Schafer, Discrete-Time Signal Processing, 8.7.3 (overlap-add).
template <class T>
class LONGSTATE_API Fir {
 public:
  /// kernels: channels x taps. block: samples at a time, 0: as many as taps, but at least 1,024; the length of the signal is
  /// best for one that is run whole. Throws std::invalid_argument if kernels is empty or not finite, or block < 0.
  explicit Fir(const Matrix<double>& kernels, Index block = 0, Planning planning = Planning::estimate);

  Index taps() const;
  Index copies() const;
  Index inputs() const { return copies(); }
  Index outputs() const { return copies(); }
  Index order() const { return taps() - 1; }
  Index block() const;
  Index fft_length() const;  ///< of the real signals
  State<T> zero_state() const { return State<T>::Zero(order(), copies()); }

  /// One frame, by taps multiply-adds a channel; y may be u. Sizes are the caller's promise, and the floating-point mode is his, by a
  /// NoDenormals around his loop.
  void step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept;

  /// u, y: channels x n, any n; u and y may be the same. Throws std::invalid_argument if the shapes do not fit.
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

 private:
  struct Loops;
  detail::Owned<Loops> loops_;
};

extern template class Fir<float>;
extern template class Fir<double>;

}  // namespace longstate
