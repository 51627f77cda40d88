#pragma once

// The loop that a recurrence runs on, chosen by structure and size.

#include "diagonal_lanes.hpp"
#include "frame_by_frame.hpp"
#include "sweep_lanes.hpp"

#include <concepts>
#include <optional>
#include <variant>

namespace longstate::detail {

/// What a loop has: a shape, which says without tables whether it takes a layer and what it does; run(), which loads the caller's state
/// into the loop's own layout and stores it back; and step().
template <class S, class T>
concept Steps = requires(S s, const std::vector<DiscreteSystem>& layer, Index count, const typename S::Shape& shape,
                         const ConstSignal<T>& u, Signal<T> y, const ConstFrame<T>& frame, Frame<T>& read,
                         StateRef<T>& x) {
  { S::shape(layer, count) } -> std::same_as<std::optional<typename S::Shape>>;  // of copies; nothing: it does not fit
  { shape.work(count) } -> std::same_as<Work>;                                   // of samples in one call of run()
  { shape.step_work() } -> std::same_as<Work>;
  S(layer, shape);
  s.run(u, y, x);  // denormal numbers are taken as zeros
  { s.step(frame, read, x) }
  noexcept;  // the floating-point mode is the caller's
};

template <class T>
using Stepper = std::variant<DiagonalLanes<T>, SweepLanes<T>, FrameByFrame<T>>;
template <class T>
using StepperShape =
    std::variant<typename DiagonalLanes<T>::Shape, typename SweepLanes<T>::Shape, typename FrameByFrame<T>::Shape>;
template <class T>
inline constexpr bool all_step = Steps<DiagonalLanes<T>, T>&& Steps<SweepLanes<T>, T>&& Steps<FrameByFrame<T>, T>;
static_assert(all_step<float> && all_step<double>);

/// Of the first loop of these that takes the layer; the last takes all. Copy c runs system c mod the layer's size; the layer is valid:
/// the caller's promise.
template <class T>
StepperShape<T> stepper_shape(const std::vector<DiscreteSystem>& layer, Index copies);

template <class T>
Stepper<T> make_stepper(const std::vector<DiscreteSystem>& layer, const StepperShape<T>& shape);

}  // namespace longstate::detail
