#pragma once

/// \file
/// Diagonal recurrences in the lanes of vector instructions; Recurrence runs on it where it can.

#include <longstate/discretize/structured.hpp>

#include <vector>

namespace longstate {

namespace simd {
template <class T>
struct DiagonalRows;
}

/// Runs diagonal systems of one input and one output, with B taken into C, z <- lambda z + u, y = 2 Re(C B z) + D u, x = B z,
/// four samples at a time (look-ahead, Parhi & Messerschmitt 1989, "Pipeline interleaving and parallelism in recursive digital
/// filters"): with H the kernel's first values, and z before the four,
///
///     y_i = 2 Re(C B lambda^(i+1) z) + sum over j <= i of H_(i-j) u_j,  i = 0 … 3 (lambda^i for Convention::control)
///     z <- lambda^4 z + lambda^3 u_0 + lambda^2 u_1 + lambda u_2 + u_3
///
/// Layout     W numbers make a vector of the machine at hand. From W / 2 copies on, W of them advance together, one entry at a
///            time; fewer run one at a time, W entries together. Samples go in chunks that stay in the first cache.
/// Cost       4.5 multiply-adds an entry and sample (six one sample at a time), in vectors of W; run() takes the state over and
///            gives it back: 8 an entry.
/// Accuracy   as Recurrence. What rounding takes from the powers of lambda is given back after each chunk, so that in float it does not
///            add up over the samples; the result does not depend on how a signal is cut into calls but for rounding.
/// Real-time  run() neither allocates, locks nor calls the system; denormal numbers are taken as zeros while it runs.
/// Threads    owns its scratch: copy it to use it on another thread.
template <class T>
class DiagonalLanes {
 public:
  /// Whether all systems are diagonal, with one input and one output and no B near zero.
  static bool fits(const std::vector<DiscreteSystem>& layer);

  /// `copies` runs of one system, or one of each. The layer is valid and fits: the caller's promise.
  DiagonalLanes(const std::vector<DiscreteSystem>& layer, Index copies);

  /// u, y: copies x n; x: N x copies. Shapes are the caller's promise.
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

 private:
  Index blocks() const { return one_channel_ ? copies_ : (copies_ + width_ - 1) / width_; }
  Index table_of(Index block) const { return shared_ ? 0 : block; }
  struct Place {
    Index block, row, lane;
  };
  Place place(Index copy, Index entry) const;
  void fill(const DiscreteDiagonal& system, Index copy);
  void take(const StateRef<T>& x);
  void give(StateRef<T> x) const;
  simd::DiagonalRows<T> rows_of(Index block);
  void run_channel(Index channel, ConstSignal<T> u, Signal<T> y);
  void fetch(const T* u, const T* y);
  void run_block(Index block, ConstSignal<T> u, Signal<T> y);

  Index copies_, entries_, width_;
  bool shared_, one_channel_;
  Index chunk_;                                // samples that go together
  Index rows_;                                 // of a block
  std::vector<Matrix<T>> powers_, c_, drift_;  // of a block: 2 ahead W x rows
  std::vector<Matrix<T>> through_;             // H of a block: W (one channel: period) x ahead
  Matrix<T> B_, inverse_B_;                    // N x copies, or N x 1
  std::vector<Matrix<T>> states_;              // 2 W x rows
  Matrix<T> u_, y_;                            // W x chunk; one channel's u after zeros
  std::vector<const T*> fetch_;                // lines of the next chunk's frames
};

extern template class DiagonalLanes<float>;
extern template class DiagonalLanes<double>;

}  // namespace longstate
