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
/// Cost       O(N) for all structures but dense, O(N^2). No allocation.
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
