#include "support/limits.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

using Long = long double;
using support::infinity;

/// Scores of up to 10^4 either way, some masked, some equal.
Vector<double> hard_scores(Index n, double size) {
  Vector<double> s = size * random_matrix(n, 1, 1);
  for (Index k = 0; k < n; k += 7) s(k) = -infinity;
  for (Index k = 3; k < n; k += 5) s(k) = s(1);
  return s;
}

Vector<double> direct(const Vector<double>& scores, const Matrix<double>& V) {
  Long sum = 0;
  Vector<Long> value = Vector<Long>::Zero(V.rows());
  const Long most = scores.maxCoeff();
  for (Index j = 0; j < scores.size(); ++j) {
    const Long weight = scores(j) == -infinity ? 0 : std::exp(Long(scores(j)) - most);
    sum += weight;
    value += weight * V.col(j).cast<Long>();
  }
  return sum == 0 ? Vector<double>::Zero(V.rows()) : Vector<double>((value / sum).cast<double>());
}

template <class T>
Vector<double> read(const OnlineSoftmax<T>& state) {
  Vector<T> y(state.value.size());
  state.read(y);
  return y.template cast<double>();
}

}  // namespace

TEST_CASE_TEMPLATE("a running softmax is the softmax, key by key, in blocks and merged, for scores of any size", T,
                   float, double) {
  const double bound = std::is_same_v<T, float> ? 1e-6 : 1e-15;
  constexpr Index n = 200, d = 5;
  const Matrix<T> V = random_matrix(d, n, 2).cast<T>();
  for (const double size : {1.0, 100.0, 1e4}) {
    const Vector<T> scores = hard_scores(n, size).cast<T>();
    const Vector<double> expected = direct(scores.template cast<double>(), V.template cast<double>());
    OnlineSoftmax<T> one(d), blocks(d), left(d), right(d);
    for (Index k = 0; k < n; ++k) one.fold(scores(k), V.col(k));
    for (Index k = 0; k < n; k += 33) {
      const Index m = std::min<Index>(33, n - k);
      blocks.fold_block(scores.segment(k, m), V.middleCols(k, m));
    }
    CHECK(relative_error(read(one), expected) < bound);
    CHECK(relative_error(read(blocks), expected) < bound);
    // (a b) c and a (b c)
    OnlineSoftmax<T> a(d), b(d), c(d);
    a.fold_block(scores.head(50), V.leftCols(50));
    b.fold_block(scores.segment(50, 50), V.middleCols(50, 50));
    c.fold_block(scores.tail(100), V.rightCols(100));
    left = a;
    left.merge(b);
    left.merge(c);
    right = b;
    right.merge(c);
    OnlineSoftmax<T> outer = a;
    outer.merge(right);
    CHECK(relative_error(read(left), expected) < bound);
    CHECK(relative_error(read(outer), expected) < bound);
    CHECK(left.max == outer.max);
  }
}

TEST_CASE("a running softmax: nothing, masked keys and empty parts are neutral") {
  OnlineSoftmax<double> none(3), some(3);
  const Vector<double> v = random_matrix(3, 1, 1);
  CHECK(read(none).isZero(0));
  none.fold(-infinity, v);
  none.fold_block(Vector<double>::Constant(2, -infinity), random_matrix(3, 2, 2));
  CHECK(none.empty());
  some.fold(-1e4, v);
  OnlineSoftmax<double> first = none, second = some;
  first.merge(some);
  second.merge(none);
  CHECK(read(first) == v);
  CHECK(read(second) == v);
  none.merge(none);
  CHECK(none.empty());
}

TEST_CASE_TEMPLATE("a scan of the softmax is its loop, the same to the bit on any number of threads", T, float,
                   double) {
  constexpr Index n = 133, d = 4;
  const Matrix<T> V = random_matrix(d, n, 2).cast<T>();
  const Vector<T> scores = hard_scores(n, 30).cast<T>();
  OnlineSoftmax<T> start(d);
  start.fold(T(3), V.col(5));
  Matrix<T> expected(d, n), Y(d, n), of_one;
  OnlineSoftmax<T> loop = start;
  for (Index k = 0; k < n; ++k) {
    loop.fold(scores(k), V.col(k));
    loop.read(expected.col(k));
  }
  for (const Index part : {1, 10, 64, 500}) {
    for (const int threads : {1, 2, 3}) {
      OnlineSoftmax<T> state = start;
      scan<T>(Threads(threads), scores, V, Y, state, part);
      CHECK((Y - expected).norm() < (std::is_same_v<T, float> ? 1e-6 : 1e-15) * expected.norm());
      CHECK((read(state) - read(loop)).norm() < (std::is_same_v<T, float> ? 1e-6 : 1e-15));
      if (threads == 1) of_one = Y;
      CHECK(Y == of_one);
    }
  }
  OnlineSoftmax<T> state = start;
  CHECK_THROWS_AS(scan<T>(Threads(1), scores, V.leftCols(3), Y, state), std::invalid_argument);
  CHECK_THROWS_AS(scan<T>(Threads(1), scores, V, Y, state, 0), std::invalid_argument);
}
