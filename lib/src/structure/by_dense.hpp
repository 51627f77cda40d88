#pragma once

// What the rows of many structures say: by the matrices of the system, formed, or a sample at a time.

#include "../detail/product.hpp"
#include "growth.hpp"
#include "long_powers.hpp"
#include "table.hpp"

namespace longstate::detail {

/// The system's matrices, by its transition of each unit vector. Cost N steps.
template <class System>
DiscreteStateSpace formed(const System& s) {
  const auto& of = row(s);
  const Index N = s.order();
  DiscreteStateSpace result{Matrix<double>::Zero(N, N), of.B(s), of.C(s), s.D, s.dt, s.convention};
  const Matrix<double> I = Matrix<double>::Identity(N, N);
  AddTransition<double> add = of.add_in_double(s);
  for (Index n = 0; n < N; ++n) add(I.col(n).data(), result.A.col(n).data());
  return result;
}
inline const DiscreteStateSpace& formed(const DiscreteStateSpace& s) { return s; }

template <class System>
double formed_growth(const System& s) {
  return log_radius(formed(s).A);
}
template <class System>
Matrix<double> formed_increment(const System& s) {
  return formed(s).A - Matrix<double>::Identity(s.order(), s.order());
}

Matrix<double> observability_of(const DiscreteStateSpace& s, Index length);
Matrix<double> controllability_of(const DiscreteStateSpace& s, Index length);

template <class System>
Matrix<double> formed_observability(const System& s, Index length) {
  return observability_of(formed(s), length);
}
template <class System>
Matrix<double> formed_controllability(const System& s, Index length) {
  return controllability_of(formed(s), length);
}

inline Long times(const Long& a, const Long& b) { return a * b; }
inline Matrix<double> times(const Matrix<double>& a, const Matrix<double>& b) { return product(a, b); }

/// With A^m = I + M, A^n = I + R, their product is I + (M + R + M R): near the identity the digits are those of what sets A apart from it.
template <class M>
M combined(const M& one, const M& other) {
  return one + other + times(one, other);
}

/// A^length - I from A - I.
template <class M>
Matrix<double> by_squaring(M square, Index length) {
  M result = M::Zero(square.rows(), square.cols());
  for (Index rest = length; rest > 0; rest /= 2) {
    if (rest % 2 == 1) result = combined(square, result);
    if (rest > 1) square = combined(square, square);
  }
  return result.template cast<double>();
}

template <class M>
std::vector<Matrix<double>> by_doubling(M square, Index length) {
  std::vector<Matrix<double>> all{square.template cast<double>()};
  for (Index done = 2; done <= length; done *= 2) {
    square = combined(square, square);
    all.push_back(square.template cast<double>());
  }
  return all;
}

template <class System>
Matrix<double> increment_by_squaring(const System& s, Index length) {
  return by_squaring(row(s).increment(s), length);
}
template <class System>
std::vector<Matrix<double>> increments_by_doubling(const System& s, Index length) {
  return by_doubling(row(s).increment(s), length);
}

/// C A^j B by running the recurrence: O(N) a value and column where a step is.
template <class System>
Matrix<double> stepped(const System& s, Index length) {
  const auto& of = row(s);
  AddTransition<double> add = of.add_in_double(s);
  Matrix<double> x = of.B(s), next(x.rows(), 1);
  const Matrix<double> C = of.C(s);
  Matrix<double> K(C.rows() * x.cols(), length);
  for (Index j = 0; j < length; ++j) {
    K.col(j) = (C * x).reshaped();
    for (Index input = 0; input < x.cols(); ++input) {
      next.setZero();
      add(x.col(input).data(), next.data());
      x.col(input) = next;
    }
  }
  return K;
}

}  // namespace longstate::detail
