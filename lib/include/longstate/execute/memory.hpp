#pragma once

/// \file
/// A memory of a signal: samples in, N coefficients a channel, the past back from them.

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/discretize/discretize.hpp>
#include <longstate/measure/measure.hpp>
#include <longstate/system/structure.hpp>
#include <longstate/types.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace longstate {

struct MemoryOptions {
  Index order = 64;    ///< N, numbers kept for each channel
  double dt = 1.0;     ///< seconds between samples given by push()
  Index channels = 1;  ///< signals remembered side by side
  /// What the signal does between samples, or which published update stands in for it.
  ///   foh                                          straight lines from sample to sample; exact
  ///   zoh                                          each sample held on the cell that ends at its time; exact
  ///   forward_euler, backward_euler, bilinear, gbt the updates of HiPPO, S4 and LMU, approximations of zoh
  Discretization method = Discretization::foh;
  double alpha = 0.5;  ///< of gbt
  /// hippo: steps by the O(N) operators of the measure, but by a matrix where that is less work (foh and zoh of small
  /// orders and long steps; chebt). dense: always by a matrix. legs needs no matrix, whatever stands here.
  Structure structure = Structure::hippo;
};

/// Keeps the projection of the past onto the basis of a measure, sample by sample.
///
/// With foh and zoh the coefficients are the exact projection of the joined or held signal for legs, legs-exp and lagt,
/// to rounding; for the sliding windows they solve the exact equation of the measure, which itself approximates what
/// leaves the window. Before its first sample the signal counts as zero (legs starts there, so it never sees that).
///
/// legs has A / t, so it runs in log time: with sigma = ln t, dx/dsigma = A x + B u. The update over a step from t to
/// t' is e^(A ln(t'/t)), by the Taylor series of the solution in running sums where the step is short, and by
/// Gauss-Legendre quadrature of p_n(v t / t') against the polynomial, exact for any step, where it is long
/// (docs/execute.md). Its published updates take dt / t with t at the end of the step, from zero state (hippo-code,
/// HiPPO_LegS). The other measures are time-invariant and run on HippoStep, for even and uneven steps alike.
///
/// Cost       a sample and channel: legs O(N (4 + N^2/k)) for the k-th of evenly spaced samples, at most O(N^2);
///            others by HippoStep: O(N) with gbt and its kind, O(N (1 + ||A|| dt)) with foh and zoh; where O(N^2) (even
///            steps) or O(N^3 log) (uneven steps) by a matrix is less work, that; chebt always so.
/// Memory     constant: N numbers a channel, beside the matrices of dense steps. No table grows with time.
/// Accuracy   legs 1e-10 of the exact projection (tests/execute/memory_test.cpp).
/// Real-time  push() and push_block() neither allocate, lock nor call the system; nor does push_at(), unless its step is made by a
///            matrix (chebt, structure dense, and of foh and zoh what the costs above say).
/// Errors     push() and push_at() throw std::invalid_argument on a sample that is not finite, a frame of the wrong size, or time
///            that does not advance, and leave the memory as it was; push_block() after it has taken the frames before that sample.
/// Threads    an ordinary value; one thread at a time.
template <class T>
class LONGSTATE_API Memory {
 public:
  /// Throws std::invalid_argument for an invalid measure or option, or method impulse.
  explicit Memory(Measure measure, const MemoryOptions& options = {});

  /// The next sample (single channel), frame, or block of frames (channels x n), dt after the one before.
  void push(T u);
  void push(ConstFrame<T> u);
  void push_block(ConstSignal<T> u);

  /// A frame with its time stamp in seconds, later than the one before. The first may have any time; with zoh and its
  /// kind its cell is taken to be dt long.
  void push_at(double time, ConstFrame<T> u);

  /// The memory's state as bytes (state.hpp), and back into a memory of the same measure and options, which then goes on
  /// as the saved one would have. restore throws std::invalid_argument as restore_state, if the order, the channels, the measure,
  /// dt or the method differ, and for numbers that no memory has; then nothing has changed.
  std::vector<std::byte> save() const;
  void restore(std::span<const std::byte> bytes);

  /// What the coefficients would be dt from now without a signal: the next step with zeros for this sample and the one before.
  State<T> faded() const;

  /// Forgets everything.
  void reset();

  const Measure& measure() const { return measure_; }
  const MemoryOptions& options() const { return options_; }
  Index order() const { return options_.order; }
  Index channels() const { return options_.channels; }
  Index samples() const { return samples_; }  ///< frames pushed

  /// x, N x channels.
  const State<T>& coefficients() const { return x_; }

  /// Seconds from the start of the signal to now. foh: from the first sample to the last, (samples - 1) dt; otherwise
  /// the cell of the first sample counts too, samples dt.
  double elapsed() const { return last_stamp_ - start_ + static_cast<double>(even_steps_) * options_.dt; }

  /// theta in seconds: the window or time constant; for legs the time elapsed.
  double window() const;

  /// Where the newest sample is in the reconstruction, seconds before now: sample k of n is worth comparing with the
  /// reconstruction at delay (n - 1 - k) dt + sample_delay(). dt sample_age(method): dt/2 with zoh and bilinear, 0 with
  /// foh; 0 for legs with the published updates, whose best shift depends on the signal (between 0 and dt/2).
  double sample_delay() const;

  /// The remembered signal u(t - delay) of one channel, delays in seconds, any order.
  /// Cost O(N) a delay. Throws std::invalid_argument if a delay is negative or beyond the measure's support (for legs
  /// the time elapsed), or the channel does not exist.
  Vector<T> reconstruct(const ConstFrame<double>& delays, Index channel = 0) const;

 private:
  struct Update;  // of a time-invariant measure, or of legs
  bool joins_lines() const { return intersample(options_.method) == Intersample::lines; }
  void check(ConstFrame<T> u) const;
  void take(double dt, ConstFrame<T> u);

  Measure measure_;
  MemoryOptions options_;
  detail::Owned<Update> update_;
  State<T> x_;
  Vector<T> previous_;  // the last frame, from which foh draws its line
  Index samples_ = 0;
  double start_ = 0;       // time of the start of the signal
  double last_stamp_ = 0;  // time of the last frame that came with a stamp (or the start), and
  Index even_steps_ = 0;   // the steps of dt since: so that time does not drift by rounding
};

extern template class Memory<float>;
extern template class Memory<double>;

}  // namespace longstate
