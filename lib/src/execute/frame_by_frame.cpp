#include "frame_by_frame.hpp"

#include "../structure/table.hpp"

#include <longstate/no_denormals.hpp>

namespace longstate::detail {

template <class T>
std::optional<typename FrameByFrame<T>::Shape> FrameByFrame<T>::shape(const std::vector<DiscreteSystem>& layer,
                                                                      Index copies) {
  const DiscreteSystem& first = layer.front();
  const Index p = inputs(first), q = outputs(first);
  Work most;
  Shape shape{LoopKind::dense, copies, copies * (order(first) * (p + q) + p * q)};
  for (std::size_t i = 0; i < layer.size(); ++i) {
    const Work A = with_row(layer[i], [](const auto& row, const auto& s) { return row.work(s); });
    const Index runs = copies / std::ssize(layer) + (static_cast<Index>(i) < copies % std::ssize(layer) ? 1 : 0);
    shape.multiply_adds += runs * A.multiply_adds;
    if (A.multiply_adds > most.multiply_adds) most = A;
  }
  shape.loop = most.loop;
  return shape;
}

template <class T>
FrameByFrame<T>::FrameByFrame(const std::vector<DiscreteSystem>& layer, const Shape& shape)
    : convention_(longstate::convention(layer.front())), next_(longstate::order(layer.front()), shape.copies) {
  for (const DiscreteSystem& s : layer) {
    systems_.push_back({Transition<T>(s), input_matrix(s).template cast<T>(), output_matrix(s).template cast<T>(),
                        feed_through(s).template cast<T>()});
  }
}

template <class T>
void FrameByFrame<T>::advance(const ConstFrame<T>& u, Frame<T> y, StateRef<T> x) noexcept {
  for (Index c = 0; c < x.cols(); ++c) {
    System& s = systems_[static_cast<std::size_t>(c) % systems_.size()];
    const auto u_c = u.segment(c * s.B.cols(), s.B.cols());
    auto y_c = y.segment(c * s.C.rows(), s.C.rows());
    auto next = next_.col(c);

    if (convention_ == Convention::control) y_c.noalias() = s.C * x.col(c);
    next.noalias() = s.B * u_c;
    s.A.add(x.col(c), next);
    x.col(c) = next;
    if (convention_ == Convention::sequence) y_c.noalias() = s.C * x.col(c);
    y_c.noalias() += s.D * u_c;
  }
}

template <class T>
void FrameByFrame<T>::run(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x) {
  const NoDenormals guard;
  for (Index k = 0; k < u.cols(); ++k) advance(u.col(k), y.col(k), x);
}

template class FrameByFrame<float>;
template class FrameByFrame<double>;

}  // namespace longstate::detail
