#pragma once

/// \file
/// What carries a state from one sample to the next, x <- A x, for every structure of A.

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/discretize/structured.hpp>
#include <longstate/types.hpp>

namespace longstate {

/// x <- A x of a system of any structure.
///
/// Cost       dense O(N^2), hippo as hippo_step.hpp (O(N^2) of stiff steps), the others O(N). The constructor: as the matrices of that.
/// Real-time  apply() and add() neither allocate, lock, throw nor call the system.
/// Throws     std::invalid_argument from the constructor if the system is not valid.
/// Threads    a hippo system owns scratch: copy it to use it on another thread.
template <class T>
class LONGSTATE_API Transition {
 public:
  explicit Transition(const DiscreteSystem& system);

  /// next <- A x, one column; next must not be x.
  void apply(const ConstFrame<T>& x, Frame<T> next) noexcept;

  /// next <- next + A x: with B u in `next`, a sample of the recurrence.
  void add(const ConstFrame<T>& x, Frame<T> next) noexcept;

 private:
  struct Loop;
  detail::Owned<Loop> loop_;
};

extern template class Transition<float>;
extern template class Transition<double>;

}  // namespace longstate
