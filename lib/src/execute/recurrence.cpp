#include "../detail/layer.hpp"
#include "../detail/tally.hpp"
#include "../detail/with_value.hpp"
#include "stepper.hpp"
#include "threaded.hpp"
#include "trial.hpp"

#include <longstate/execute/recurrence.hpp>

namespace longstate {
namespace {

template <class T>
detail::Stepper<T> checked_stepper(const std::vector<DiscreteSystem>& layer, const detail::StepperShape<T>& shape) {
  for (const DiscreteSystem& system : layer) {
    detail::check_range<T>("Recurrence", system);
    detail::try_recurrence<T>("Recurrence", system);
  }
  return detail::make_stepper<T>(layer, shape);
}

}  // namespace

template <class T>
struct Recurrence<T>::Loops {
  Loops(const std::vector<DiscreteSystem>& layer, Index asked_copies)
      : order(longstate::order(layer.front())),
        copies(asked_copies),
        inputs(longstate::inputs(layer.front()) * copies),
        outputs(longstate::outputs(layer.front()) * copies),
        shape(detail::stepper_shape<T>(layer, copies)),
        stepper(checked_stepper<T>(layer, shape)),
        step_work(std::visit([](const auto& of) { return of.step_work(); }, shape)) {}

  Index order, copies, inputs, outputs;
  detail::StepperShape<T> shape;
  detail::Stepper<T> stepper;
  detail::Work step_work;
};

template <class T>
Recurrence<T>::Recurrence(const DiscreteSystem& system, Index copies)
    : Recurrence(std::vector<DiscreteSystem>{system}, detail::check_copies("Recurrence", copies)) {}

template <class T>
Recurrence<T>::Recurrence(const std::vector<DiscreteSystem>& layer, Index copies)
    : loops_(std::make_shared<Loops>(layer, detail::check_layer("Recurrence", layer, copies))) {}

template <class T>
Index Recurrence<T>::order() const {
  return loops_->order;
}
template <class T>
Index Recurrence<T>::copies() const {
  return loops_->copies;
}
template <class T>
Index Recurrence<T>::inputs() const {
  return loops_->inputs;
}
template <class T>
Index Recurrence<T>::outputs() const {
  return loops_->outputs;
}

template <class T>
void Recurrence<T>::step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept {
  Loops& loops = *loops_;
  detail::with_value(loops.stepper, [&](auto& stepper) { stepper.step(u, y, x); });
  detail::count_multiply_adds(loops.step_work.multiply_adds);
}

template <class T>
void Recurrence<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  detail::check_run("Recurrence::run", *this, u, y, x);
  std::visit([&](auto& stepper) { stepper.run(u, y, x); }, loops_->stepper);
  detail::count_multiply_adds(
      std::visit([&](const auto& of) { return of.work(u.cols()); }, loops_->shape).multiply_adds);
}

template class Recurrence<float>;
template class Recurrence<double>;
template class Threaded<Recurrence<float>>;
template class Threaded<Recurrence<double>>;

}  // namespace longstate
