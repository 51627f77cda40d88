#pragma once

// The recurrence as it is written, for every structure and any number of inputs and outputs.

#include "../structure/work.hpp"

#include <longstate/execute/transition.hpp>

#include <optional>
#include <vector>

namespace longstate::detail {

/// One sample after the other, one copy after the other: x <- A x + B u, y = C x + D u, A by its Transition.
template <class T>
class FrameByFrame {
 public:
  struct Shape {
    using Stepper = FrameByFrame;
    LoopKind loop;                // of the system with most work
    Index copies, multiply_adds;  // a sample, of all copies

    Work work(Index samples) const {
      return {.loop = loop, .multiply_adds = samples * multiply_adds, .frames = samples * copies};
    }
    Work step_work() const { return work(1); }
  };
  /// Of any layer.
  static std::optional<Shape> shape(const std::vector<DiscreteSystem>& layer, Index copies);

  FrameByFrame(const std::vector<DiscreteSystem>& layer, const Shape& shape);

  void run(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x);
  void step(const ConstFrame<T>& u, Frame<T>& y, StateRef<T>& x) noexcept { advance(u, y, x); }

 private:
  struct System {
    Transition<T> A;
    Matrix<T> B, C, D;
  };
  void advance(const ConstFrame<T>& u, Frame<T> y, StateRef<T> x) noexcept;

  std::vector<System> systems_;  // copy c runs system c mod their number
  Convention convention_;
  State<T> next_;
};

extern template class FrameByFrame<float>;
extern template class FrameByFrame<double>;

}  // namespace longstate::detail
