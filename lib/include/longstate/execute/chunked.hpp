#pragma once

/// \file
/// The recurrence in chunks: blocks of samples as products of small matrices (the state-space dual).

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/discretize/structured.hpp>

#include <vector>

namespace longstate {

/// Runs a discrete system of any structure, or a layer, in blocks of T = `block` samples: the same `run(u, y, x)` as Recurrence,
/// and the same result. With u and y the inputs and outputs of a block,
///
///     y = H u + O x           H: qT x pT  block Toeplitz, K_0 … K_(T-1)
///     x <- A^T x + R u        O: qT x N   [C A; C A^2; …]        R: N x pT  [A^(T-1) B, …, B]
///
/// (C A^k where the convention is control.) H, O and R take many blocks at once, as products of matrices; only A^T x goes from
/// block to block. Nothing is approximated: H is made of the kernel's first T values, whatever comes later is in x.
///
/// (Recurrence does the same with T = 4 for diagonal systems of one input and output: src/execute/diagonal_lanes.hpp.)
///
/// Cost       multiply-adds a sample and copy: p q T + N (p + q), and for A^T: diagonal 2N / T, others N^2 / T. A diagonal
///            recurrence has 2.25 N (p = q = 1), a dense one N^2. Samples that do not fill a block go through Recurrence.
/// Memory     (N (p + q) T + p q T^2 + N^2) values a system (diagonal 2N for the N^2).
/// Accuracy   1e-12 (double), 2 max(N, 16) 1.2e-7 (float) of the largest |C| |x| + |D| |u| up to then, times what a mode has grown by
///            since; what else goes into it: docs/accuracy.md. Designed in double, also for float.
/// Not finite a sample that is not a number makes the outputs of its copy so, from the start of its block at the earliest, and its
///            state. Other copies are untouched, and nothing of it stays in this object.
/// Real-time  step() and run() neither allocate, lock nor call the system; run() throws only on shapes. Denormal numbers are zeros while
///            run() goes; for step() that is the caller's, as Recurrence.
/// Threads    copies share the matrices and own their scratch: copy it to use it on another thread.
/// Throws     std::invalid_argument from the constructors as Recurrence, or if block is no multiple of 16 up to 4,096;
///            std::domain_error as Recurrence, if powers of A, or sums of B, C or A, hold large numbers that cancel (as Convolution), if the
///            system grows beyond the largest number of T within a block, or if A^T, rounded to T, would grow where the system does not
///            (transfer functions whose poles lie together).
/// See        Dao & Gu 2024, Transformers are SSMs, section 6 (there for A that varies, without the state in and out); Burrus 1972, Block
///            realization of digital filters.
template <class T>
class LONGSTATE_API Chunked {
 public:
  /// block: samples, a multiple of 16; 0: default_chunk. copies: as Recurrence's.
  explicit Chunked(const DiscreteSystem& system, Index block = 0, Index copies = 1);
  explicit Chunked(const std::vector<DiscreteSystem>& layer, Index block = 0, Index copies = 0);

  Index order() const;
  Index copies() const;
  Index inputs() const;
  Index outputs() const;
  Index block() const;
  State<T> zero_state() const { return State<T>::Zero(order(), copies()); }

  /// One frame, as Recurrence's. Sizes are the caller's promise (asserted in debug builds); y must not overlap u. The floating-point
  /// mode is the caller's, by a NoDenormals around his loop.
  void step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept;

  /// u: inputs x n, y: outputs x n, any n. Throws std::invalid_argument if the shapes do not fit; then nothing has run.
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

 private:
  struct Loops;
  detail::Owned<Loops> loops_;
};

extern template class Chunked<float>;
extern template class Chunked<double>;

/// The best block for this system by the model of the cost that plan.hpp goes by, for long signals.
LONGSTATE_API Index default_chunk(const DiscreteSystem& system);

}  // namespace longstate
