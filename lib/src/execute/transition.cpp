#include "../structure/table.hpp"

#include <longstate/execute/transition.hpp>

namespace longstate {
namespace {

template <class T>
detail::AddTransition<T> add_of(const DiscreteSystem& system) {
  validate(system);
  return detail::with_row(system, [](const auto& row, const auto& s) -> detail::AddTransition<T> {
    if constexpr (std::is_same_v<T, float>) {
      return row.add_in_float(s);
    } else {
      return row.add_in_double(s);
    }
  });
}

}  // namespace

template <class T>
struct Transition<T>::Loop {
  detail::AddTransition<T> add;
};

template <class T>
Transition<T>::Transition(const DiscreteSystem& system) : loop_(std::make_shared<Loop>(Loop{add_of<T>(system)})) {}

template <class T>
void Transition<T>::apply(const ConstFrame<T>& x, Frame<T> next) noexcept {
  next.setZero();
  add(x, next);
}

template <class T>
void Transition<T>::add(const ConstFrame<T>& x, Frame<T> next) noexcept {
  loop_->add(x.data(), next.data());
}

template class Transition<float>;
template class Transition<double>;

}  // namespace longstate
