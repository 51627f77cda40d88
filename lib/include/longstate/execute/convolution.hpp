#pragma once

/// \file
/// The convolutional view, run by FFT, with the state carried: the same `run(u, y, x)` as Recurrence, and the same
/// result. Only in a library built with FFTW (LONGSTATE_WITH_FFTW, the default).

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/discretize/structured.hpp>

#include <vector>

namespace longstate {

/// Runs a discrete system of any structure, or a layer, in blocks of L = `block` samples. Within a block
///
///     y = K * u                 causal, by FFT of a good length >= 2L - 1     (zero-state response)
///       + [C A; C A^2; …] x     from the state at its start                   (zero-input response)
///     x <- A^L x + [A^(L-1) B, …, B] u
///
/// so nothing is ever cut off, any input length works, and a signal may be split between this path and Recurrence at
/// any sample. (C A^k where the convention is control.) Copies and layers as Recurrence's.
///
/// Cost       O(copies (p q log L + N (p + q) + N^2 log(L) / L)) a sample for full blocks; a shorter call pays the
///            transforms of a whole block, up to 32 samples sums of products, n^2 / 2, in their place. Memory O(L N (p + q)) values: tables of responses. The kernel is made by the
///            structure (kernel.hpp); the tables from its matrices, formed once.
/// Accuracy   1e-12 (double), 2 max(N, 16) 1.2e-7 (float) of the largest |C| |x| + |D| |u| up to the end of the block, or of
///            max |K_j| max |u| of the block where that is more (an FFT rounds relative to the largest), N <= 256, 2^16 samples
///            (tests/execute/agreement_test.cpp, docs/accuracy.md). Designed in double, also for float.
/// Not finite a sample that is not a number makes the outputs of its copy so, from the start of its block, and its state. Other
///            copies are untouched, and nothing of it stays in this object.
/// Real-time  step() and run() neither allocate, lock nor call the system; run() throws only on shapes.
/// Threads    copies share the tables and the plans and own their scratch: copy it to use it on another thread.
/// Throws     std::invalid_argument from the constructors as Recurrence, if block < 1, or if a mode grows within a block by more than
///            2^12 (double) or 2^5 (float), which would take the digits of the block's first outputs: the message says how long it may be;
///            std::domain_error if a table passes the largest number of T, or if powers of A, or sums of B, C or A, hold large numbers
///            that cancel (a companion form of poles that lie together) and would take the outputs' digits: each system is tried. One
///            whose powers are large, also when A is divided by its spectral radius, is refused without a trial where two blocks of it
///            would take seconds of long double (100 dense states in blocks of 16,384).
/// See        Oppenheim & Schafer, Discrete-Time Signal Processing, 8.7 (block convolution by the DFT).
template <class T>
class LONGSTATE_API Convolution {
 public:
  Convolution(const DiscreteSystem& system, Index block, Index copies = 1);
  Convolution(const std::vector<DiscreteSystem>& layer, Index block, Index copies = 0);

  Index order() const;
  Index copies() const;
  Index inputs() const;
  Index outputs() const;
  Index block() const;
  Index fft_length() const;
  State<T> zero_state() const { return State<T>::Zero(order(), copies()); }

  /// One frame, without a transform: N (p + q) multiply-adds and a step of the structure (dense N^2), in double. Sizes are the caller's promise (asserted in debug builds); y must not overlap u. The floating-point
  /// mode is the caller's, by a NoDenormals around his loop.
  void step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept;

  /// u: inputs x n, y: outputs x n, any n. Throws std::invalid_argument if the shapes do not fit; then nothing has run.
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

 private:
  struct Loops;
  detail::Owned<Loops> loops_;
};

extern template class Convolution<float>;
extern template class Convolution<double>;

/// A block for this system: 4,096 samples, or the length of the signal if that is less (0: not known), or what keeps
/// the tables of responses within 32 MiB, but at least 64; of a system that grows what Convolution takes in float. Dense systems: some
/// products of N x N to see whether they do.
LONGSTATE_API Index default_block(const DiscreteSystem& system, Index length_hint = 0);

}  // namespace longstate
