#pragma once

/// \file
/// What carries a state from one sample to the next, x <- A x, for every structure of A.

#include <longstate/config.hpp>
#include <longstate/discretize/hippo_step.hpp>
#include <longstate/discretize/structured.hpp>
#include <longstate/types.hpp>

#include <variant>

namespace longstate {

/// A matrix, kept as diag(ones) + rest, ones of zeros and ones. A small dt makes A nearly the identity, and what matters,
/// its distance from it, would lose its digits in float: an entry 1 - 1e-3 keeps four digits of the 1e-3. (The delta
/// operator: Middleton & Goodwin 1986, "Improved finite word length characteristics in digital control".)
template <class T>
class DenseTransition {
 public:
  DenseTransition() = default;

  /// A: N x N, in double, whatever T is.
  explicit DenseTransition(const Matrix<double>& A)
      : ones_((A.diagonal().array() > 0.5).template cast<T>()),
        rest_((A - Matrix<double>(ones_.template cast<double>().asDiagonal())).template cast<T>()) {}

  Index order() const { return rest_.rows(); }

  /// next <- next + A x, one column; next must not be x. Cost O(N^2), no allocation.
  ///
  /// What is small, the input in `next` and rest x, comes first: so the state is rounded once a sample, at its own size. Where a signal
  /// holds still, each rounding goes the same way for many samples.
  template <class X, class Next>
  void add(const X& x, Next&& next) const {
    next.noalias() += rest_ * x;
    next += ones_.cwiseProduct(x);
  }

 private:
  Vector<T> ones_;
  Matrix<T> rest_;
};

/// Complex entries as (re, im), x_n <- lambda_n x_n.
///
/// The products are made in double and rounded once, also where the state is float: a mode that turns fast and fades
/// slowly has lambda near the unit circle but far from 1, so that no difference from the identity helps, and an error of
/// 3e-8 in |lambda|, or a rounding in every product, adds up over its thousands of samples (S4D-LegS, N = 64: 2e-5).
template <class T>
class LONGSTATE_API DiagonalTransition {
 public:
  DiagonalTransition() = default;
  explicit DiagonalTransition(const Vector<std::complex<double>>& lambda) : lambda_(lambda) {}

  /// next <- next + A x, one column; next must not be x. Cost 4 multiply-adds an entry.
  template <class X, class Next>
  void add(const X& x, Next&& next) const {
    add(x.data(), next.data());
  }
  void add(const T* x, T* next) const;
  /// Adds lambda_n x_n of `count` entries from `first` on, in double, to 2 count sums.
  void add(Index first, Index count, const T* x, double* sums) const;

  const Vector<std::complex<double>>& lambda() const { return lambda_; }

 private:
  Vector<std::complex<double>> lambda_;
};

/// Diagonal and low rank, A = diag - U V^T, from a DiscreteNplr by the Woodbury identity: with R = (I - alpha h Lambda)^-1,
///
///     A = I + h Lambda R - h R P (I + alpha h P* R P)^-1 P* R,
///
/// in which no difference of large numbers occurs. In double as the diagonal: a stiff step of bilinear has eigenvalues near -1, of
/// which rounding would add up.
template <class T>
class LONGSTATE_API NplrTransition {
 public:
  explicit NplrTransition(const DiscreteNplr& system);

  /// next <- next + A x, one column. Cost 4 + 4 r multiply-adds an entry.
  template <class X, class Next>
  void add(const X& x, Next&& next) const {
    add(x.data(), next.data());
  }
  void add(const T* x, T* next) const;

  const DiagonalTransition<T>& diagonal() const { return diagonal_; }
  const Matrix<double>& U() const { return U_; }  ///< 2 entries x r
  const Matrix<double>& V() const { return V_; }

 private:
  DiagonalTransition<T> diagonal_;
  Matrix<double> U_, V_;
};

/// The companion form of a transfer function: x_0 <- -a . x, the others one place on. a and the sum in double, also where the state is
/// float: poles that lie together are not where they were once a is rounded.
template <class T>
class CompanionTransition {
 public:
  explicit CompanionTransition(const TransferFunction& system) : a_(system.a) {}

  /// next <- next + A x.
  template <class X, class Next>
  void add(const X& x, Next&& next) const {
    next(0) = static_cast<T>(static_cast<double>(next(0)) - a_.dot(x.template cast<double>()));
    for (Index n = 1; n < a_.size(); ++n) next(n) += x(n - 1);
  }

 private:
  Vector<double> a_;
};

/// The step of a hippo system: its A by HippoStep::transition. `pade` in place of the system's.
template <class T>
LONGSTATE_API HippoStep<T> hippo_step(const DiscreteHippo& system, const PadeOptions& pade);

/// A of a hippo system, by its step. With an input in `next` the state is rounded twice a sample.
template <class T>
class HippoTransition {
 public:
  explicit HippoTransition(const DiscreteHippo& system)
      : step_(hippo_step<T>(system, system.pade)), stepped_(system.order()) {}

  /// next <- next + A x.
  template <class X, class Next>
  void add(const X& x, Next&& next) {
    stepped_ = x;
    step_.transition(stepped_);
    next += stepped_;
  }

 private:
  HippoStep<T> step_;
  Vector<T> stepped_;  // A x
};

/// Any of them.
///
/// Cost       O(N) for all structures but dense, O(N^2). No allocation.
/// Threads    a hippo system owns scratch: copy it to use it on another thread.
template <class T>
class LONGSTATE_API Transition {
 public:
  explicit Transition(const DiscreteSystem& system);

  /// next <- A x, one column; next must not be x.
  void apply(const ConstFrame<T>& x, Frame<T> next);

  /// next <- next + A x: with B u in `next`, a sample of the recurrence.
  void add(const ConstFrame<T>& x, Frame<T> next);

 private:
  std::variant<DenseTransition<T>, HippoTransition<T>, NplrTransition<T>, DiagonalTransition<T>, CompanionTransition<T>>
      A_;
};

extern template class DiagonalTransition<float>;
extern template class DiagonalTransition<double>;
extern template class NplrTransition<float>;
extern template class NplrTransition<double>;
extern template HippoStep<float> hippo_step(const DiscreteHippo&, const PadeOptions&);
extern template HippoStep<double> hippo_step(const DiscreteHippo&, const PadeOptions&);
extern template class Transition<float>;
extern template class Transition<double>;

/// A - I, N x N, of a hippo system with more digits than A can hold beside a 1: A^L by repeated squaring multiplies what A
/// rounds off by L. Cost as dense().
LONGSTATE_API Matrix<double> increment(const DiscreteSystem& system);

/// The same system with its matrices formed, in the coordinates of its real state. Cost O(N^2), hippo N steps.
LONGSTATE_API DiscreteStateSpace dense(const DiscreteSystem& system);

}  // namespace longstate
