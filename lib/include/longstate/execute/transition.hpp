#pragma once

/// \file
/// The matrix that carries a state from one sample to the next.

#include <longstate/types.hpp>

namespace longstate {

/// A discrete A, kept as diag(ones) + rest with ones of zeros and ones. A small dt makes A nearly the identity, and
/// what matters, its distance from it, would lose its digits in float: an entry 1 - 1e-3 keeps four digits of the 1e-3.
/// (The delta operator: Middleton & Goodwin 1986, "Improved finite word length characteristics in digital control".)
template <class T>
class Transition {
 public:
  Transition() = default;

  /// A: N x N, in double, whatever T is.
  explicit Transition(const Matrix<double>& A)
      : ones_((A.diagonal().array() > 0.5).template cast<T>()),
        rest_((A - Matrix<double>(ones_.template cast<double>().asDiagonal())).template cast<T>()) {}

  Index order() const { return rest_.rows(); }

  /// next <- A x, one column; next must not be x. Cost O(N^2), no allocation.
  template <class X, class Next>
  void apply(const X& x, Next&& next) const {
    next = ones_.cwiseProduct(x);
    next.noalias() += rest_ * x;
  }

 private:
  Vector<T> ones_;
  Matrix<T> rest_;
};

}  // namespace longstate
