#pragma once

/// \file
/// Diagonal systems that change with every sample, by scans over time.

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/discretize/discretize.hpp>
#include <longstate/execute/threads.hpp>
#include <longstate/system/diagonal.hpp>

#include <optional>
#include <vector>

namespace longstate {

/// x_k = a_k x_(k-1) + b_k for k = 0 … n - 1, entry by entry, with x before the first. On return b holds x_0 … x_(n-1), and x
/// the last of them. For systems whose a, b = B_k u_k and read-out are the caller's own; VaryingScan and SelectiveScan make
/// theirs.
///
///     a, b: N x n     x: N     T: float or double
///
/// Cost one complex multiply-add an entry and sample, in vectors of entries; no allocation. Throws std::invalid_argument if the
/// shapes do not fit.
template <class T>
LONGSTATE_API void scan(ConstSignal<std::complex<T>> a, Signal<std::complex<T>> b, Frame<std::complex<T>> x);

/// The same with parts of the time going at once, since steps compose, (a, b) and then (a', b') being (a' a, a' b + b')
/// (Blelloch 1990, section 1.4; S5: Smith et al. 2023, appendix H): each part is scanned from zero, and its a become their
/// products so far; the ends of the parts are put together in turn; each part adds what it takes from the state before it.
///
/// The same to the bit for any number of threads; not to the bit what the scan without them gives, for the order of the sums
/// differs. Cost three complex multiply-adds an entry and sample. Throws as above, and if part < 1.
template <class T>
LONGSTATE_API void scan(const Threads& threads, Signal<std::complex<T>> a, Signal<std::complex<T>> b,
                        Frame<std::complex<T>> x, Index part = 1024);

/// The layer of S5 (Smith et al. 2023): a diagonal system with any number of inputs and outputs, whose time step delta_k is
/// given for each sample: irregular samples, or a step that depends on the input.
///
///     x_k = a_k x_(k-1) + b_k B u_k,    y_k = 2 Re(C x_k) + D u_k
///
///     zoh         a_k = e^(lambda delta_k)                                     b_k = (a_k - 1) / lambda
///     bilinear    a_k = (1 + lambda delta_k / 2) / (1 - lambda delta_k / 2)    b_k = delta_k / (1 - lambda delta_k / 2)
///
/// A learnt step of its own for each entry, as in S5, goes into lambda and B as a factor.
///
/// Layout     entries in the lanes of vector instructions; samples in parts that stay in the cache.
/// Cost       N (p + q) multiply-adds a sample, and for each of the N / 2 entries an exponential, a sine and a cosine (zoh) or
///            a division (bilinear).
/// Accuracy   steps and states are kept in double, also where signals are float: the rounding of a_k would add up over the
///            samples. The state that goes in and out is of T: each call rounds it, step() each sample. Against long double 1e-12 of the
///            largest output, float 2e-6 in calls of hundreds of samples (tests/execute/associative_test.cpp); in single samples as Recurrence,
///            1.2e-7 of the state times the samples that it remembers, where a signal holds still.
/// Not finite a sample or step that is not a number makes the outputs so from there on, and the state (with threads: from the start of
///            its part of 256 samples at the earliest); nothing of it stays in this object.
/// Real-time  step() and, without threads, run() neither allocate, lock nor call the system; run() throws only on shapes and steps that are
///            none. With threads it allocates and locks.
template <class T>
class LONGSTATE_API VaryingScan {
 public:
  /// One sample after the other; or, with threads, parts of the time at once, as scan().
  /// Throws std::invalid_argument if the system is invalid, or for another method than zoh and bilinear.
  explicit VaryingScan(const DiagonalSystem& system, Discretization method = Discretization::zoh,
                       std::optional<Threads> threads = {});

  Index order() const;
  Index inputs() const;
  Index outputs() const;
  State<T> zero_state() const { return State<T>::Zero(order(), 1); }

  /// One frame, delta seconds long, on this thread. Sizes and a delta that is a time are the caller's promise, and the floating-point mode
  /// is his, by a NoDenormals around his loop.
  void step(ConstFrame<T> u, T delta, Frame<T> y, StateRef<T> x) noexcept;

  /// u: p x n, delta: 1 x n in seconds, y: q x n, x: N x 1 as (re, im). Any number of samples and any split into calls.
  /// Throws std::invalid_argument if the shapes do not fit, or a delta is negative or not finite; then nothing has run.
  void run(ConstSignal<T> u, ConstSignal<T> delta, Signal<T> y, StateRef<T> x);

 private:
  struct Parts;
  detail::Owned<Parts> parts_;
};

extern template class VaryingScan<float>;
extern template class VaryingScan<double>;

}  // namespace longstate
