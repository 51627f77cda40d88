#pragma once

// The update of a memory whose measure has constant matrices: all but legs.

#include <longstate/discretize/hippo_step.hpp>
#include <longstate/execute/memory.hpp>

#include <memory>
#include <optional>

namespace longstate::detail {

template <class T>
struct DenseStep;

/// x' = A x + B u over steps of any length, by the O(N) operator of the measure where that is less work than a matrix, or by a matrix.
template <class T>
class TimeInvariant {
 public:
  TimeInvariant(const Measure& measure, const MemoryOptions& options);

  /// x: N x channels, u: a frame that comes dt after `previous`.
  void advance(double dt, const Vector<T>& previous, const ConstFrame<T>& u, State<T>& x);

 private:
  void advance_uneven(double dt, const Vector<T>& previous, const ConstFrame<T>& u, State<T>& x);
  bool takes_matrix(double dt) const;
  DenseStep<T> dense_step(double dt) const;

  Measure measure_;
  MemoryOptions options_;
  std::optional<HippoStep<T>> even_, uneven_;  // steps of dt, and of any other length
  std::shared_ptr<const DenseStep<T>> dense_;  // the step of dt, where it is by a matrix
  State<T> next_;
};

extern template class TimeInvariant<float>;
extern template class TimeInvariant<double>;

}  // namespace longstate::detail
