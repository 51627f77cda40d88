#pragma once

/// \file
/// Diagonal recurrences in the lanes of vector instructions; Recurrence runs on it where it can.

#include <longstate/discretize/structured.hpp>

#include <vector>

namespace longstate {

namespace simd {
template <class T>
struct DiagonalRows;
template <class T>
struct Frames;
}  // namespace simd

/// Runs diagonal systems of one input and one output, with B taken into C, z <- lambda z + u, y = 2 Re(C B z) + D u, x = B z,
/// four samples at a time (look-ahead, Parhi & Messerschmitt 1989, "Pipeline interleaving and parallelism in recursive digital
/// filters"): with H the kernel's first values, and z before the four,
///
///     y_i = 2 Re(C B lambda^(i+1) z) + sum over j <= i of H_(i-j) u_j,  i = 0 … 3 (lambda^i for Convention::control)
///     z <- lambda^4 z + lambda^3 u_0 + lambda^2 u_1 + lambda u_2 + u_3
///
/// Layout     W numbers make a vector of the machine at hand. From W / 2 copies on, W of them advance together, one entry at a
///            time; fewer run one at a time, W entries together. Samples go in chunks that stay in the first cache.
///            run_together: blocks of W copies that have the same systems, as sequences through one layer do, go up to four at a time, so
///            that a number of their systems is loaded once for all, and sums stay in registers over all entries.
/// Cost       4.5 multiply-adds an entry and sample (six one sample at a time), in vectors of W; run() takes the state over and
///            gives it back: 8 an entry, in vectors too.
/// Accuracy   as Recurrence. What rounding takes from the powers of lambda is given back after each chunk, so that in float it does not
///            add up over the samples; the result does not depend on how a signal is cut into calls but for rounding.
/// Real-time  run() neither allocates, locks nor calls the system; denormal numbers are taken as zeros while it runs.
/// Threads    owns its scratch: copy it to use it on another thread.
template <class T>
class DiagonalLanes {
 public:
  /// Whether all systems are diagonal, with one input and one output and no B near zero.
  static bool fits(const std::vector<DiscreteSystem>& layer);

  /// Whether run_together() pays: all blocks of W copies are full, and four by four have the same systems. Never where there are but
  /// 16 registers.
  static bool shares(Index systems, Index copies);

  /// Copy c runs system c mod the layer's size. The layer is valid and fits: the caller's promise.
  DiagonalLanes(const std::vector<DiscreteSystem>& layer, Index copies);

  /// u, y: copies x n; x: N x copies. Shapes are the caller's promise.
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

  /// As run(), the same result but for rounding; run() itself where there are fewer than W copies, or a frame of u or y does not
  /// begin at a multiple of 64 bytes.
  void run_together(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

 private:
  Index blocks() const { return one_channel_ ? copies_ : (copies_ + width_ - 1) / width_; }
  Index system_of(Index copy) const { return copy % systems_; }
  Index table_of(Index block) const { return block % static_cast<Index>(tables_.size()); }
  struct Place {
    Index block, row, lane;
  };
  Place place(Index copy, Index entry) const;
  void fill(const DiscreteDiagonal& system, Index copy);
  void group_blocks();
  std::size_t channels_of(Index block) const;
  void gather(const StateRef<T>& x, Index block);
  void scatter(StateRef<T> x, Index block) const;
  void take(const StateRef<T>& x);
  void give(StateRef<T> x);
  T* state_of(Index block, Index row);
  simd::DiagonalRows<T> rows_of(Index block);
  void run_channel(Index channel, ConstSignal<T> u, Signal<T> y);
  void fetch(const T* u, const T* y);
  void run_block(Index block, ConstSignal<T> u, Signal<T> y);

  /// Blocks first, first + tables, … that go together, from sample `start` on; groups of a panel go tile after tile, then
  /// those of the next.
  struct Group {
    Index first, count, panel;
  };
  struct Tile {
    Index group, start;
  };
  struct Slot {
    Index group, place;
  };
  Tile after(Tile tile, Index whole) const;
  template <class Number>
  simd::Frames<Number> frames(Number* first, Index stride, Tile tile, Index whole) const;
  void run_tiles(ConstSignal<T> u, Signal<T> y);
  void run_rest(ConstSignal<T> u, Signal<T> y, Index done);

  Index copies_, systems_, entries_, width_;
  bool one_channel_;
  Index chunk_;                            // samples that go together
  Index rows_;                             // of a block
  std::vector<Matrix<T>> tables_, drift_;  // of the blocks that differ, as simd::DiagonalRows has them
  std::vector<Matrix<T>> through_;         // H of these: W (one channel: period) x ahead
  std::vector<Matrix<T>> B_, inverse_B_;   // of these: 2 W x rows
  Matrix<T> numbers_;                      // of the state of a block: W x 2 rows
  std::vector<Matrix<T>> states_;          // of a group: 2 W count x rows
  Matrix<T> u_, y_;                        // W x chunk; one channel's u after zeros
  std::vector<const T*> fetch_;            // lines of the next chunk's frames, the first fetched_
  std::size_t fetched_ = 0;
  std::vector<Group> groups_;  // all blocks; of whole ones are the first whole_groups_
  std::vector<Slot> slots_;    // of a block
  Index whole_groups_;
  Matrix<T> tile_u_[2], tile_sums_;  // W most x tile: of the group that runs, and of the next
};

extern template class DiagonalLanes<float>;
extern template class DiagonalLanes<double>;

}  // namespace longstate
