#pragma once

// The recurrence in T beside the same in long double: what rounding does to outputs.

#include "../structure/long_powers.hpp"
#include "excitation.hpp"

#include <Eigen/SparseCore>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace longstate::detail {

template <class T>
using Sparse = Eigen::SparseMatrix<T, Eigen::RowMajor>;  // of a delay or a companion form most entries are zeros

/// The recurrence in long double, in the units given.
class Exact {
 public:
  /// steps: whether sums are those of a sample's step, too.
  Exact(const DiscreteStateSpace& s, Vector<long double> start, bool steps)
      : x(std::move(start)),
        y(s.outputs()),
        sums(s.outputs()),
        of_a_step(steps),
        sizes(x.cwiseAbs()),
        A(s.A.cast<long double>().sparseView()),
        B(s.B.cast<long double>()),
        C(s.C.cast<long double>()),
        D(s.D.cast<long double>()),
        C_abs(C.cwiseAbs()),
        D_abs(D.cwiseAbs()),
        next(s.order()),
        after(s.convention == Convention::sequence) {
    if (steps) {
      A_abs = A.cwiseAbs();
      B_abs = B.cwiseAbs();
    }
  }

  void step(const Vector<long double>& u) {
    u_abs = u.cwiseAbs();
    if (!after) see(u);
    if (of_a_step) {
      x_abs = x.cwiseAbs();
      sizes.noalias() = A_abs * x_abs;
      sizes += B_abs.lazyProduct(u_abs);
    }
    next.noalias() = A * x;
    next += B.lazyProduct(u);
    x.swap(next);
    if (after) see(u);
  }

  Vector<long double> x, y;
  Vector<long double> sums;  ///< |C| |x| + |D| |u| of each output; of a step, |C| (|A| |x| + |B| |u|) + |D| |u|

 private:
  void see(const Vector<long double>& u) {
    y = C.lazyProduct(x) + D.lazyProduct(u);
    if (!of_a_step) sizes = x.cwiseAbs();
    sums = C_abs.lazyProduct(sizes) + D_abs.lazyProduct(u_abs);
  }

  bool of_a_step;
  Vector<long double> sizes;
  Sparse<long double> A, A_abs;
  Long B, C, D, B_abs, C_abs, D_abs;
  Vector<long double> next, x_abs, u_abs;
  bool after;
};

/// The recurrence in T as it is run, but for the order of sums: A less the ones of its diagonal (DenseTransition); of a transfer function
/// A and its sums in double (CompanionTransition).
template <class T, class Coefficient>
class Textbook {
 public:
  Textbook(const DiscreteStateSpace& s, Vector<T> start)
      : x(std::move(start)),
        y(s.outputs()),
        kept((s.A.diagonal().array() > 0.5).template cast<Coefficient>()),
        rest((s.A - Matrix<double>(kept.template cast<double>().asDiagonal()))
                 .template cast<Coefficient>()
                 .sparseView()),
        B(s.B.cast<T>()),
        C(s.C.cast<T>()),
        D(s.D.cast<T>()),
        next(s.order()),
        after(s.convention == Convention::sequence) {}

  void step(const Vector<T>& u) {
    if (!after) y = C.lazyProduct(x) + D.lazyProduct(u);
    now = x.template cast<Coefficient>();
    next.noalias() = rest * now;
    next += B.lazyProduct(u).template cast<Coefficient>();
    next += kept.cwiseProduct(now);
    x = next.template cast<T>();
    if (after) y = C.lazyProduct(x) + D.lazyProduct(u);
  }

  Vector<T> x, y;

 private:
  Vector<Coefficient> kept;
  Sparse<Coefficient> rest;
  Matrix<T> B, C, D;
  Vector<Coefficient> now, next;
  bool after;
};

/// What has been seen of each output: the largest error, |y|, and |C| |x| + |D| |u|.
struct Seen {
  Vector<long double> error, output, sums;
  explicit Seen(Index outputs) : error(Vector<long double>::Zero(outputs)), output(error), sums(error) {}
};

/// A signal through the recurrence in long double and in T.
template <class T, class Coefficient>
class Beside {
 public:
  /// d: the units of the states in which signals are given, and growth is seen.
  Beside(const DiscreteStateSpace& given, const Vector<double>& d, const Excitation& signal)
      : d_(d.cast<long double>()),
        start_(d_.cwiseProduct(signal.x0.cast<long double>()).template cast<T>()),
        exact_(given, start_.template cast<long double>(), signal.may_vanish),
        own_(given, start_),
        seen_(given.outputs()) {
    seen_.sums = given.C.cwiseAbs().cast<long double>() * start_.template cast<long double>().cwiseAbs();
  }

  void step(const ConstFrame<double>& u) {
    constexpr long double growth = 1e30L, most = std::numeric_limits<T>::max() / 4;
    exact_input_ = u.cast<long double>();
    exact_.step(exact_input_);
    const long double size = exact_.x.cwiseQuotient(d_).cwiseAbs().maxCoeff();
    if (unit_ == 0) unit_ = size;
    beyond_ =
        beyond_ || size > growth * unit_ || exact_.x.cwiseAbs().maxCoeff() > most || exact_.sums.maxCoeff() > most;
    if (beyond_) return;
    own_input_ = u.template cast<T>();
    own_.step(own_input_);
    see(own_.y, seen_.error);
    seen_.output = seen_.output.cwiseMax(exact_.y.cwiseAbs());
    seen_.sums = seen_.sums.cwiseMax(exact_.sums);
  }

  /// The largest error of each output, y being what a path gives for this sample.
  void see(const Vector<T>& y, Vector<long double>& error) const {
    for (Index i = 0; i < y.size(); ++i) {
      const long double e = std::abs(static_cast<long double>(y(i)) - exact_.y(i));
      if (!(e <= error(i))) error(i) = e;  // NaN, too
    }
  }

  const Vector<T>& start() const { return start_; }  ///< in the units given
  const Seen& seen() const { return seen_; }         ///< of the recurrence in T

  /// True once the state has grown 10^30-fold, or is near the largest number of T: only what was seen before is judged.
  bool beyond() const { return beyond_; }

 private:
  Vector<long double> d_;
  Vector<T> start_;
  Exact exact_;
  Textbook<T, Coefficient> own_;
  Vector<long double> exact_input_;
  Vector<T> own_input_;
  Seen seen_;
  long double unit_ = 0;
  bool beyond_ = false;
};

}  // namespace longstate::detail
