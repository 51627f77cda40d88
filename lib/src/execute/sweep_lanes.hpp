#pragma once

// HiPPO and nplr recurrences in the lanes of vector instructions; Recurrence runs on it where it can.

#include "../detail/aligned.hpp"
#include "../simd/sweep.hpp"
#include "../structure/work.hpp"

#include <longstate/discretize/pade.hpp>
#include <longstate/discretize/structured.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace longstate::detail {

/// Runs systems of one input and one output whose step is a sweep over the state with running sums: DiscreteHippo of every
/// measure with an O(N) form, and DiscreteNplr of rank 1 or 2. A lane is a channel, so no sum waits for its neighbour's. Where there
/// are fewer copies than half a vector, each goes by itself with entries in the lanes, and the sums of a triangular or semiseparable
/// measure are blocked prefix scans over the state: log2 W steps within a vector, then carries from vector to vector
/// (Hillis & Steele 1986, "Data parallel algorithms"; for s <- m s + v: Blelloch 1990, "Prefix sums and their applications").
///
/// A backward sweep and a forward one make a factor of A (triangular measures: the forward one): the product of the next
/// factor is taken along by the solve of this one, and what the output reads, too.
///
/// Cost       multiply-adds a sample, copy and entry, in vectors of W copies: gbt 13 (triangular 9, fourier 10), zoh and foh 26 for
///            each factor of hippo_step.hpp (triangular 16, fourier 18), nplr 8 + 4 rank (float 9 + 4 rank) for a pair's two numbers; scans some
///            log2 W more for each sum. run() takes the state over and gives it back.
/// Accuracy   as Recurrence, in the order of its sums. nplr in float: what rounding takes from lambda is given back every 16 samples.
/// Real-time  step() and run() neither allocate, lock nor call the system; denormal numbers are taken as zeros while run() goes.
/// Threads    owns its scratch: copy it to use it on another thread.
template <class T>
class SweepLanes {
 public:
  struct Shape {
    using Stepper = SweepLanes;
    simd::Sweep<T> sweep;  // without its tables
    PadeOptions pade;      // zoh and foh: enough for all systems
    Index order, copies, lanes;
    Index width;  // channels that go together

    Index blocks() const { return sweep.scan ? copies : (copies + width - 1) / width; }
    Work work(Index samples) const;
    Work step_work() const { return work(1); }
  };
  /// Of layers whose systems are of one kind, with one input and output: HiPPO of one measure and method; or nplr of rank 1 or 2, which,
  /// as fourier, takes copies enough for the lanes.
  static std::optional<Shape> shape(const std::vector<DiscreteSystem>& layer, Index copies);

  /// Copy c runs system c mod the layer's size. The layer is valid and fits: the caller's promise.
  SweepLanes(const std::vector<DiscreteSystem>& layer, const Shape& shape);

  /// u, y: copies x n; x: N x copies. Shapes are the caller's promise.
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

  /// One sample of each copy; the floating-point mode is the caller's.
  void step(const ConstFrame<T>& u, Frame<T>& y, StateRef<T>& x) noexcept;

 private:
  void take(const StateRef<T>& x, Index block);
  void take_entries(const T* x, Index block);
  void give_entries(T* x, Index block) const;
  void give(StateRef<T> x, Index block) const;
  void run_block(Index block, ConstSignal<T> u, Signal<T> y);

  struct Tables;
  Shape shape_;
  std::shared_ptr<const Tables> tables_;  // shared by copies of this
  std::vector<Aligned<T>> states_;        // of a block: width x rows
  Aligned<T> u_, y_;                      // (chunk W) x vectors
};

extern template class SweepLanes<float>;
extern template class SweepLanes<double>;

}  // namespace longstate::detail
