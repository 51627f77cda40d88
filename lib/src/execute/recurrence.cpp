#include "../detail/layer.hpp"
#include "../detail/tally.hpp"
#include "diagonal_lanes.hpp"
#include "sweep_lanes.hpp"
#include "trial.hpp"

#include <longstate/execute/recurrence.hpp>
#include <longstate/execute/transition.hpp>
#include <longstate/no_denormals.hpp>

#include <optional>

namespace longstate {

template <class T>
struct Recurrence<T>::Stepper {
  Stepper(const std::vector<DiscreteSystem>& layer, Index asked_copies);
  void run(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x);
  void step(const ConstFrame<T>& u, Frame<T>& y, StateRef<T>& x) noexcept;
  void advance(const ConstFrame<T>& u, Frame<T> y, StateRef<T> x) noexcept;

  struct System {
    Transition<T> A;
    Matrix<T> B, C, D;
  };
  Index order, copies;
  std::vector<System> systems;  // copy c runs system c mod their number
  Convention convention;
  State<T> scratch;
  std::optional<detail::DiagonalLanes<T>> lanes;
  std::optional<detail::SweepLanes<T>> sweeps;
};

template <class T>
Recurrence<T>::Stepper::Stepper(const std::vector<DiscreteSystem>& layer, Index asked_copies)
    : order(longstate::order(layer.front())),
      copies(asked_copies),
      convention(longstate::convention(layer.front())),
      scratch(order, copies) {
  for (const DiscreteSystem& s : layer) {
    detail::check_range<T>("Recurrence", s);
    detail::try_recurrence<T>("Recurrence", s);
    systems.push_back({Transition<T>(s), input_matrix(s).template cast<T>(), output_matrix(s).template cast<T>(),
                       feed_through(s).template cast<T>()});
  }
  if (detail::DiagonalLanes<T>::fits(layer)) lanes.emplace(layer, copies);
  if (detail::SweepLanes<T>::fits(layer, copies)) sweeps.emplace(layer, copies);
}

template <class T>
void Recurrence<T>::Stepper::advance(const ConstFrame<T>& u, Frame<T> y, StateRef<T> x) noexcept {
  for (Index c = 0; c < copies; ++c) {
    System& s = systems[static_cast<std::size_t>(c) % systems.size()];
    const auto u_c = u.segment(c * s.B.cols(), s.B.cols());
    auto y_c = y.segment(c * s.C.rows(), s.C.rows());
    auto next = scratch.col(c);

    if (convention == Convention::control) y_c.noalias() = s.C * x.col(c);
    next.noalias() = s.B * u_c;
    s.A.add(x.col(c), next);
    x.col(c) = next;
    if (convention == Convention::sequence) y_c.noalias() = s.C * x.col(c);
    y_c.noalias() += s.D * u_c;
    detail::count_multiply_adds(s.A.work() + s.B.size() + s.C.size() + s.D.size());
  }
}

template <class T>
void Recurrence<T>::Stepper::run(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x) {
  if (lanes) return lanes->run(u, y, x);
  if (sweeps) return sweeps->run(u, y, x);
  const NoDenormals guard;
  for (Index k = 0; k < u.cols(); ++k) advance(u.col(k), y.col(k), x);
}

template <class T>
void Recurrence<T>::Stepper::step(const ConstFrame<T>& u, Frame<T>& y, StateRef<T>& x) noexcept {
  if (lanes) return lanes->step(u.data(), y.data(), x.data(), x.outerStride());
  if (sweeps) return sweeps->step(u.data(), y.data(), x);
  advance(u, y, x);
}

template <class T>
Recurrence<T>::Recurrence(const DiscreteSystem& system, Index copies)
    : Recurrence(std::vector<DiscreteSystem>{system}, detail::check_copies("Recurrence", copies)) {}

template <class T>
Recurrence<T>::Recurrence(const std::vector<DiscreteSystem>& layer, Index copies)
    : stepper_(std::make_shared<Stepper>(layer, detail::check_layer("Recurrence", layer, copies))) {}

template <class T>
Index Recurrence<T>::order() const {
  return stepper_->order;
}
template <class T>
Index Recurrence<T>::copies() const {
  return stepper_->copies;
}
template <class T>
Index Recurrence<T>::inputs() const {
  return stepper_->systems.front().B.cols() * copies();
}
template <class T>
Index Recurrence<T>::outputs() const {
  return stepper_->systems.front().C.rows() * copies();
}

template <class T>
void Recurrence<T>::step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept {
  stepper_->step(u, y, x);
}

template <class T>
void Recurrence<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  detail::check_run("Recurrence::run", *this, u, y, x);
  stepper_->run(u, y, x);
}

template class Recurrence<float>;
template class Recurrence<double>;

}  // namespace longstate
