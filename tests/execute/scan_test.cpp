#include "support/allocations.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

struct Problem {
  Matrix<double> A;
  Vector<double> D;
  Matrix<double> u, delta, B, C, x0;
};

Problem problem(Index channels, Index order, Index length) {
  Problem p{-10 * random_matrix(channels, order, 1).cwiseAbs(),
            random_matrix(channels, 1, 2),
            random_matrix(channels, length, 3),
            random_matrix(channels, length, 4).cwiseAbs(),
            random_matrix(order, length, 5),
            random_matrix(order, length, 6),
            random_matrix(order, channels, 7)};
  p.A(0, 0) = 0;          // an integrator
  p.A.row(0) *= 1e-6;     // where e^(delta A) - 1 has to keep its digits
  p.delta.col(0) *= 1e3;  // everything before fades
  p.delta(0, length / 2) = 0;
  return p;
}

/// By the definition, in long double.
support::Run direct(const Problem& p, SelectiveHold hold) {
  using Long = long double;
  support::Run run{Matrix<double>(p.u.rows(), p.u.cols()), p.x0};
  for (Index c = 0; c < p.u.rows(); ++c) {
    Vector<Long> x = p.x0.col(c).cast<Long>();
    for (Index k = 0; k < p.u.cols(); ++k) {
      const Long delta = p.delta(c, k), u = p.u(c, k);
      Long y = Long(p.D(c)) * u;
      for (Index n = 0; n < p.A.cols(); ++n) {
        const Long a = p.A(c, n);
        const Long held = hold == SelectiveHold::euler || a == 0 ? delta : std::expm1(delta * a) / a;
        x(n) = std::exp(delta * a) * x(n) + held * Long(p.B(n, k)) * u;
        y += Long(p.C(n, k)) * x(n);
      }
      run.y(c, k) = double(y);
    }
    run.x.col(c) = x.cast<double>();
  }
  return run;
}

template <class T>
Problem rounded(Problem p) {
  for (Matrix<double>* m : {&p.A, &p.u, &p.delta, &p.B, &p.C, &p.x0}) *m = m->cast<T>().template cast<double>().eval();
  p.D = p.D.cast<T>().template cast<double>().eval();
  return p;
}

}  // namespace

TEST_CASE_TEMPLATE("the selective scan is its definition, for every instruction set, hold, size and split", T, float,
                   double) {
  constexpr Index length = 100;  // three chunks and a part of one
  double worst = 0;
  for (const auto hold : {SelectiveHold::euler, SelectiveHold::zoh}) {
    for (const Index channels : {1, 7, 16, 35}) {
      for (const Index order : {1, 16}) {
        CAPTURE(channels);
        CAPTURE(order);
        const Problem p = rounded<T>(problem(channels, order, length));
        const support::Run expected = direct(p, hold);
        support::EachTarget()([&] {
          SelectiveScan<T> scan(p.A, p.D, hold);
          State<T> x = p.x0.cast<T>();
          Matrix<T> y(channels, length);
          const Matrix<T> u = p.u.cast<T>(), delta = p.delta.cast<T>(), B = p.B.cast<T>(), C = p.C.cast<T>();
          for (const Index k : {0, 1}) scan.step(u.col(k), delta.col(k), B.col(k), C.col(k), y.col(k), x);
          for (Index k = 2, n = 1; k < length; k += n, n = std::min<Index>(3 * n, length - k)) {
            scan.run(u.middleCols(k, n), delta.middleCols(k, n), B.middleCols(k, n), C.middleCols(k, n),
                     y.middleCols(k, n), x);
          }
          const double error = std::max(relative_error(y.template cast<double>(), expected.y),
                                        relative_error(x.template cast<double>(), expected.x));
          CHECK(error < (std::is_same_v<T, float> ? 2e-6 : 1e-12));
          worst = support::larger(worst, error);
        });
      }
    }
  }
  MESSAGE("largest error " << worst);
}

TEST_CASE("the selective scan with steps that do not change is the recurrence of zoh") {
  constexpr Index N = 8, length = 200;
  const double dt = 0.01;
  const Vector<double> a = -Vector<double>::LinSpaced(N, 1, 20);
  const StateSpace system{a.asDiagonal(), random_matrix(N, 1, 1), random_matrix(1, N, 2), random_matrix(1, 1, 3)};
  const Matrix<double> u = random_matrix(1, length, 4);
  Recurrence<double> recurrence(discretize(system, dt, Discretization::zoh));
  State<double> x = recurrence.zero_state();
  Matrix<double> expected(1, length);
  recurrence.run(u, expected, x);

  SelectiveScan<double> scan(a.transpose(), system.D.col(0), SelectiveHold::zoh);
  State<double> z = scan.zero_state();
  Matrix<double> y(1, length);
  const std::size_t before = support::allocations();
  const Matrix<double> delta = Matrix<double>::Constant(1, length, dt);
  const Matrix<double> B = system.B.replicate(1, length), C = system.C.transpose().replicate(1, length);
  const std::size_t made = support::allocations() - before;
  scan.run(u, delta, B, C, y, z);
  CHECK(support::allocations() - before == made);
  CHECK(relative_error(y, expected) < 1e-13);
  CHECK(relative_error(z, x) < 1e-13);
}

TEST_CASE("the selective scan: shapes and values that do not fit are refused by name") {
  const Matrix<double> A = -Matrix<double>::Ones(3, 2);
  const Vector<double> D = Vector<double>::Zero(3);
  CHECK_THROWS_AS(SelectiveScan<double>(Matrix<double>(0, 2), Vector<double>()), std::invalid_argument);
  CHECK_THROWS_AS(SelectiveScan<double>(A, D.head(2)), std::invalid_argument);
  CHECK_THROWS_AS(SelectiveScan<double>(A * std::numeric_limits<double>::infinity(), D), std::invalid_argument);
  SelectiveScan<double> scan(A, D);
  State<double> x = scan.zero_state();
  Matrix<double> u(3, 4), y(3, 4), B(2, 4);
  u.setZero();
  B.setZero();
  CHECK_NOTHROW(scan.run(u, u, B, B, y, x));
  CHECK_THROWS_AS(scan.run(u, u, u, B, y, x), std::invalid_argument);
  CHECK_THROWS_AS(scan.run(u, u.leftCols(3), B, B, y, x), std::invalid_argument);
  State<double> small(2, 2);
  CHECK_THROWS_AS(scan.run(u, u, B, B, y, small), std::invalid_argument);
}
