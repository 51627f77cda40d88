#pragma once

/// \file
/// Systems whose step, input and read-out change with every sample.

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/types.hpp>

#include <vector>

namespace longstate {

/// How a sample enters a selective scan.
enum class SelectiveHold {
  euler,  ///< B_bar = delta B: Mamba's own (its code; its paper's eq. 4 says zoh)
  zoh,    ///< B_bar = (e^(delta A) - 1) / A  B, exact for an input held over the step; delta B where A = 0
};

/// The selective scan of Mamba (Gu & Dao 2023, algorithm 2): channel c has its own real, diagonal A_c and step delta, and all
/// channels share the input and output vectors of a sample,
///
///     x_cn <- e^(delta_c A_cn) x_cn + B_bar_cn u_c          u, y, delta: channels x n samples
///     y_c = sum over n of C_n x_cn + D_c u_c                B, C: N x n samples     x: N x channels
///
/// Layout     channels in the lanes of vector instructions; samples in chunks that stay in the cache.
/// Cost       4 multiply-adds and one exponential, of about 15 more, for each channel, entry and sample.
/// Accuracy   1e-12 of the largest output (double) and 2e-6 (float) against long double (tests/execute/scan_test.cpp), of states that fade within
///            some samples; in float the rounding of e^(delta A) and of x adds up: 1.2e-7 of the state times the samples that it remembers,
///            1 / (delta |A|), where a signal holds still. Take double for long memories of such.
/// Real-time  step() and run() neither allocate, lock nor call the system; run() throws only on shapes.
/// Threads    owns its scratch: copy it to use it on another thread.
template <class T>
class LONGSTATE_API SelectiveScan {
 public:
  /// A: channels x N in 1/s, D: channels. Throws std::invalid_argument if there is no channel or entry, if the sizes
  /// disagree, or if an entry is not finite.
  SelectiveScan(const Matrix<double>& A, const Vector<double>& D, SelectiveHold hold = SelectiveHold::euler);

  Index order() const;
  Index channels() const;
  State<T> zero_state() const { return State<T>::Zero(order(), channels()); }

  /// One frame: u, delta, y: channels; B, C: N. Sizes are the caller's promise, and the floating-point mode is his, by a NoDenormals
  /// around his loop.
  void step(ConstFrame<T> u, ConstFrame<T> delta, ConstFrame<T> B, ConstFrame<T> C, Frame<T> y, StateRef<T> x) noexcept;

  /// Any number of samples, and any split into calls. delta in seconds; e^(delta A) saturates at e^88 (float), e^709.
  /// delta is not looked at, for speed: one that is negative or not a number goes into the formula.
  /// Throws std::invalid_argument if the shapes do not fit; then nothing has run.
  void run(ConstSignal<T> u, ConstSignal<T> delta, ConstSignal<T> B, ConstSignal<T> C, Signal<T> y, StateRef<T> x);

 private:
  struct Lanes;
  detail::Owned<Lanes> lanes_;
};

extern template class SelectiveScan<float>;
extern template class SelectiveScan<double>;

}  // namespace longstate
