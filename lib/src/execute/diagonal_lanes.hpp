#pragma once

// Diagonal recurrences in the lanes of vector instructions; Recurrence runs on it where it can.

#include "../detail/aligned.hpp"
#include "../simd/diagonal.hpp"
#include "../simd/diagonal_step.hpp"
#include "../structure/work.hpp"

#include <longstate/discretize/structured.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace longstate::detail {

/// Runs diagonal systems of one input and one output, with B taken into C, z <- lambda z + u, y = 2 Re(C B z) + D u, x = B z,
/// four samples at a time (look-ahead, Parhi & Messerschmitt 1989, "Pipeline interleaving and parallelism in recursive digital
/// filters"): with H the kernel's first values, and z before the four,
///
///     y_i = 2 Re(C B lambda^(i+1) z) + sum over j <= i of H_(i-j) u_j,  i = 0 … 3 (lambda^i for Convention::control)
///     z <- lambda^4 z + lambda^3 u_0 + lambda^2 u_1 + lambda u_2 + u_3
///
/// which is (2) of docs/speed.md, the chunks of the state-space dual, with T = 4.
///
/// Layout     W numbers make a vector of the machine at hand. From W / 2 copies on, W of them advance together, one entry at a
///            time; fewer run one at a time, W entries together. Samples go in chunks that stay in the first cache; while W copies
///            advance, the inputs of the next W are copied beside them, and the outputs of those before are written.
/// Cost       4.5 multiply-adds an entry and sample (six one sample at a time), in vectors of W; run() takes the state over and
///            gives it back: 16 an entry, in vectors too.
/// Accuracy   as Recurrence. What rounding takes from the powers of lambda is given back: in calls and chunks of fewer than 64 samples
///            in every step, of others half before and half after; and what it takes from B, whenever the state is taken over. In
///            float nothing of it adds up over samples or calls; how a signal is cut does not matter but for rounding.
/// Real-time  step() and run() neither allocate, lock nor call the system; denormal numbers are taken as zeros while run() goes.
/// Threads    owns its scratch: copy it to use it on another thread.
template <class T>
class DiagonalLanes {
 public:
  struct Shape {
    using Stepper = DiagonalLanes;
    Index entries, copies;
    Index width;       // W
    bool one_channel;  // a copy at a time, entries in the lanes

    Index blocks() const { return one_channel ? copies : (copies + width - 1) / width; }
    Index rows() const { return one_channel ? (entries + width - 1) / width : entries; }  // of a block
    Index chunk() const;                                                                  // samples that go together
    Work work(Index samples) const;
    Work step_work() const;
  };
  /// Of layers whose systems are all diagonal, with one input and one output, no B near zero, and powers of lambda that float can hold.
  static std::optional<Shape> shape(const std::vector<DiscreteSystem>& layer, Index copies);

  /// Copy c runs system c mod the layer's size. The layer is valid and fits: the caller's promise.
  DiagonalLanes(const std::vector<DiscreteSystem>& layer, const Shape& shape);

  /// u, y: copies x n; x: N x copies. Shapes are the caller's promise.
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

  /// One sample of each copy, on x as it lies, in 8 multiply-adds an entry (float 12, with what it leaves of lambda).
  void step(const ConstFrame<T>& u, Frame<T>& y, StateRef<T>& x) const noexcept;

 private:
  Index blocks() const { return shape_.blocks(); }
  Index system_of(Index copy) const { return copy % systems_; }
  Index table_of(Index block) const { return block % static_cast<Index>(tables_.size()); }
  struct Place {
    Index block, row, lane;
  };
  Place place(Index copy, Index entry) const;
  void fill(const DiscreteDiagonal& system, Index copy);
  std::size_t channels_of(Index block) const;
  void gather(const StateRef<T>& x, Index block);
  void scatter(StateRef<T> x, Index block) const;
  void take(const StateRef<T>& x);
  void give(StateRef<T> x);
  void scale(const std::vector<Aligned<T>>& factors, Index block, const T* from, T* to) const;
  T* state_of(Index block, Index row);
  simd::DiagonalRows<T> rows_of(Index block);
  void run_channel(Index channel, ConstSignal<T> u, Signal<T> y);
  void run_block(Index block, ConstSignal<T> u, Signal<T> y);
  void run_full_blocks(ConstSignal<T> u, Signal<T> y);
  void advance(Index block, const T* u, T* y, Index n, const simd::Traffic<T>& traffic);

  Shape shape_;
  Index systems_;
  std::vector<Aligned<T>> tables_, drift_;  // of the blocks that differ, as simd::DiagonalRows has them
  std::vector<Aligned<T>> through_;         // H of these: W (one channel: period) x ahead
  std::vector<Aligned<T>> B_, inverse_B_;   // of these: 4 W x rows, (re, im) and what T leaves of it
  Aligned<T> numbers_;                      // of the state of a block: W x 2 rows
  std::vector<Aligned<T>> states_;          // of a block: 2 W x rows
  const simd::DiagonalStep<T>* step_;
  struct Frames;
  std::shared_ptr<const Frames> frames_;  // what a step reads; shared by copies of this
  Aligned<T> u_[2], y_[2];  // W x chunk: of what runs, and of what comes or goes; one channel's after zeros
};

extern template class DiagonalLanes<float>;
extern template class DiagonalLanes<double>;

}  // namespace longstate::detail
