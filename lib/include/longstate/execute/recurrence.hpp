#pragma once

/// \file
/// The recurrent view: one sample at a time, in constant memory.

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/discretize/structured.hpp>

#include <vector>

namespace longstate {

/// Runs a discrete system of any structure, or a layer of them, step by step.
///
///     sequence    x <- A x + B u,  y = C x + D u          x: N x copies    state, the caller's
///     control     y = C x + D u,   x <- A x + B u         u: p copies      one frame; y: q copies
///
/// `copies` independent runs of one system share its matrices (stereo through one filter); a layer of H systems has one for each of H
/// copies, or, of more, system c mod H for copy c: sequences side by side in a frame, one after the other of H channels.
/// Copy c reads channels c p … c p + p - 1 and writes c q … c q + q - 1.
///
/// Cost       O(copies N (p + q)) a sample, and for A: dense O(N^2), hippo as hippo_step.hpp, the others O(N). With p = q = 1
///            diagonal layers (src/execute/diagonal_lanes.hpp), and hippo and nplr ones (src/execute/sweep_lanes.hpp: nplr and fourier of
///            several copies), go at the speed of vector instructions: run(). step() of such takes
///            1.6 to 11 times a sample of run() (docs/speed.md).
/// Accuracy   the reference for all other paths: of the recurrence in long double, 1e-12 (double), 2 max(N, 16) 1.2e-7 (float) of the
///            largest |C| |x| + |D| |u| (of complex entries, moduli) up to then, times what a mode has grown by since (what is
///            rounded grows with it, whether the signal does or not), however a signal is cut into calls. docs/accuracy.md has what else goes into it:
///            matrices of dense systems rounded to float, the condition of a transfer function, stiff steps, and what float's states round:
///            as a random walk where nothing fades, or slowly beside the calls (2.4e-7 sqrt(n) over n samples remembered); one way, sample after sample, where a signal holds still or drifts slowly: 1.2e-7 of
///            the state times the sum of ||A^k|| over the samples, 1 / (1 - spectral radius) of a normal A. Take double for long memories of such.
/// Not finite a sample that is not a number makes the outputs of its copy so from there on, and its state. Other copies are untouched,
///            and nothing of it stays in this object: a run from another state is as in a new one. A mode that grows passes the largest
///            number in the end; then outputs are not numbers, also those that do not see it (0 times infinity).
/// Real-time  step() and run() neither allocate, lock nor call the system (but see ConstSignal, types.hpp, for what Eigen does
///            with an expression in place of u); step() does not throw, run() only on shapes.
///            Denormal numbers are taken as zeros while run() goes, so that silence costs no more than sound; for step() that is the
///            caller's, by a NoDenormals around his loop.
/// Threads    owns its scratch: copy it to use it on another thread.
/// Throws     std::invalid_argument from the constructors if a system is not valid, the layer's sizes disagree, or copies is less
///            than its size and not 0. std::domain_error where B, C, D or a dense A is beyond the largest number of T, and where noise, a
///            constant, what drives the largest state, or a start state let go shows that rounding, or numbers that T takes for zero,
///            leave a dense system or transfer function of no use: one output off by a hundredth of its largest, as those of a digital filter of many poles and
///            a low cutoff in companion form, in float sooner than in double.
template <class T>
class LONGSTATE_API Recurrence {
 public:
  explicit Recurrence(const DiscreteSystem& system, Index copies = 1);
  /// copies: 0: one of each system.
  explicit Recurrence(const std::vector<DiscreteSystem>& layer, Index copies = 0);

  Index order() const;
  Index copies() const;
  Index inputs() const;
  Index outputs() const;
  State<T> zero_state() const { return State<T>::Zero(order(), copies()); }

  /// One frame; diagonal layers, and few copies of a HiPPO system, go on the state as it lies. Sizes are the caller's promise (asserted in
  /// debug builds of the library); y must not overlap u.
  void step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept;

  /// u: inputs x n, y: outputs x n, any n. Throws std::invalid_argument if the shapes do not fit; then nothing has run.
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

 private:
  struct Loops;
  detail::Owned<Loops> loops_;
};

extern template class Recurrence<float>;
extern template class Recurrence<double>;

}  // namespace longstate
