#include "../detail/denormals.hpp"
#include "../detail/layer.hpp"
#include "../detail/tally.hpp"
#include "trial.hpp"

#include <longstate/execute/recurrence.hpp>

namespace longstate {

template <class T>
Recurrence<T>::Recurrence(const DiscreteSystem& system, Index copies)
    : Recurrence(std::vector<DiscreteSystem>{system}, detail::check_copies("Recurrence", copies)) {}

template <class T>
Recurrence<T>::Recurrence(const std::vector<DiscreteSystem>& layer, Index copies) {
  copies = detail::check_layer("Recurrence", layer, copies);
  convention_ = convention(layer.front());
  for (const DiscreteSystem& s : layer) {
    detail::check_range<T>("Recurrence", s);
    detail::try_recurrence<T>("Recurrence", s);
    systems_.push_back({Transition<T>(s), input_matrix(s).template cast<T>(), output_matrix(s).template cast<T>(),
                        feed_through(s).template cast<T>()});
  }
  scratch_.resize(longstate::order(layer.front()), copies);
  if (DiagonalLanes<T>::fits(layer)) lanes_.emplace(layer, copies);
  if (SweepLanes<T>::fits(layer, copies)) sweeps_.emplace(layer, copies);
}

template <class T>
void Recurrence<T>::step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept {
  if (lanes_) return lanes_->run(u, y, x);
  if (sweeps_) return sweeps_->run(u, y, x);
  const detail::NoDenormals guard;
  advance(u, y, x);
}

template <class T>
void Recurrence<T>::advance(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept {
  for (Index c = 0; c < copies(); ++c) {
    System& s = systems_[static_cast<std::size_t>(c) % systems_.size()];
    const auto u_c = u.segment(c * s.B.cols(), s.B.cols());
    auto y_c = y.segment(c * s.C.rows(), s.C.rows());
    auto next = scratch_.col(c);

    if (convention_ == Convention::control) y_c.noalias() = s.C * x.col(c);
    next.noalias() = s.B * u_c;
    s.A.add(x.col(c), next);
    x.col(c) = next;
    if (convention_ == Convention::sequence) y_c.noalias() = s.C * x.col(c);
    y_c.noalias() += s.D * u_c;
    detail::count_multiply_adds(s.A.work() + s.B.size() + s.C.size() + s.D.size());
  }
}

template <class T>
void Recurrence<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  detail::check_run("Recurrence::run", *this, u, y, x);
  if (lanes_) return lanes_->run(u, y, x);
  if (sweeps_) return sweeps_->run(u, y, x);
  const detail::NoDenormals guard;
  for (Index k = 0; k < u.cols(); ++k) advance(u.col(k), y.col(k), x);
}

template class Recurrence<float>;
template class Recurrence<double>;

}  // namespace longstate
