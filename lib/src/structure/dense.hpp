#pragma once

// Dense systems: any A.

#include <longstate/system/state_space.hpp>
#include <longstate/types.hpp>

namespace longstate::detail {

/// A matrix, kept as diag(ones) + rest, ones of zeros and ones. A small dt makes A nearly the identity, and what matters,
/// its distance from it, would lose its digits in float: an entry 1 - 1e-3 keeps four digits of the 1e-3. (The delta
/// operator: Middleton & Goodwin 1986, "Improved finite word length characteristics in digital control".)
template <class T>
class DenseTransition {
 public:
  DenseTransition() = default;

  explicit DenseTransition(const DiscreteStateSpace& system) : DenseTransition(system.A) {}

  /// A: N x N, in double, whatever T is.
  explicit DenseTransition(const Matrix<double>& A)
      : ones_((A.diagonal().array() > 0.5).template cast<T>()),
        rest_((A - Matrix<double>(ones_.template cast<double>().asDiagonal())).template cast<T>()) {}

  Index order() const { return rest_.rows(); }

  /// next <- next + A x, one column; next must not be x. Cost O(N^2), no allocation.
  ///
  /// What is small, the input in `next` and rest x, comes first: so the state is rounded once a sample, at its own size. Where a signal
  /// holds still, each rounding goes the same way for many samples.
  void add(const T* x, T* next) const {
    const Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, 1>> from(x, order());
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>> to(next, order());
    to.noalias() += rest_ * from;
    to += ones_.cwiseProduct(from);
  }

 private:
  Vector<T> ones_;
  Matrix<T> rest_;
};

}  // namespace longstate::detail
