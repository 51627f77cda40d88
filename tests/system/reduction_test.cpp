#include "support/dense.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;
using Complex = std::complex<double>;

namespace {

DiscreteStateSpace random_stable(Index order, Index inputs, Index outputs, unsigned seed,
                                 Convention convention = Convention::sequence) {
  Matrix<double> A = random_matrix(order, order, seed);
  A *= 0.9 / support::spectral_radius(A);
  return {A,
          random_matrix(order, inputs, seed + 1),
          random_matrix(outputs, order, seed + 2),
          random_matrix(outputs, inputs, seed + 3),
          1.0,
          convention};
}

/// The largest gain of a - b over the unit circle, sampled.
double worst_gain(const DiscreteStateSpace& a, const DiscreteStateSpace& b) {
  double worst = 0;
  for (int k = 0; k <= 400; ++k) {
    const Complex w = std::polar(1.0, 3.14159265358979 * k / 400);
    const auto at = [&](const DiscreteStateSpace& s) -> Matrix<Complex> {
      const Matrix<Complex> M = Matrix<Complex>::Identity(s.order(), s.order()) - w * s.A.cast<Complex>();
      return s.C.cast<Complex>() * support::solve<Complex>(M, s.B.cast<Complex>());
    };
    worst = support::larger(worst, (at(a) - at(b)).norm());
  }
  return worst;
}

}  // namespace

TEST_CASE("states that no input moves or no output sees are left out, and nothing else") {
  const DiscreteStateSpace s = random_stable(4, 2, 3, 1);
  CHECK(connected(s) == s);
  DiscreteStateSpace more = parallel(s, s);
  more.D = s.D;
  more.B.middleRows(4, 4).setZero();
  CHECK(connected(more) == s);
  more = parallel(s, s);
  more.D = s.D;
  more.C.middleCols(0, 4).setZero();
  CHECK(connected(more) == s);
  DiscreteStateSpace line = random_stable(3, 1, 1, 5);  // 0 -> 1 -> 2
  line.A << 0.5, 0, 0, 1, 0.5, 0, 0, 1, 0.5;
  line.B << 1, 0, 0;
  line.C << 0, 0, 1;
  CHECK(connected(line).order() == 3);
  line.C << 0, 1, 0;
  CHECK(connected(line).order() == 2);
  line.C.setZero();
  CHECK(connected(line) == line);

  // 1/s + 1/(s + 1) as a diagonal system, whose entries are pairs in dense(): two states
  const DiagonalSystem pair{Vector<Complex>{{0, -1}}, Matrix<Complex>::Ones(2, 1), Matrix<Complex>::Constant(1, 2, 0.5),
                            Matrix<double>::Zero(1, 1)};
  const StateSpace two = connected(dense(pair));
  CHECK(two.order() == 2);
  const StateSpace same = balanced_truncation(two, 2).system;
  CHECK(relative_error(kernel(discretize(same, 0.1, Discretization::zoh), 100),
                       kernel(discretize(dense(pair), 0.1, Discretization::zoh), 100)) < 1e-14);
}

TEST_CASE("composed systems answer as their parts do") {
  for (const Convention convention : {Convention::sequence, Convention::control}) {
    const DiscreteStateSpace a = random_stable(4, 2, 3, 1, convention), b = random_stable(3, 3, 2, 9, convention),
                             c = random_stable(5, 2, 3, 17, convention);
    const Matrix<double> u = random_matrix(2, 60, 25);
    const auto run = [](const DiscreteStateSpace& s, const Matrix<double>& input) {
      return support::direct_run(s, input, Matrix<double>::Zero(s.order(), 1)).y;
    };
    CHECK(relative_error(run(series(a, b), u), run(b, run(a, u))) < 1e-13);
    CHECK(relative_error(run(parallel(a, c), u), run(a, u) + run(c, u)) < 1e-13);
    const DiscreteStateSpace both[] = {a, c};
    Matrix<double> wide(4, 60);
    wide << u, 2 * u;
    CHECK(relative_error(run(sum_of_channels(both), wide), run(a, u) + run(c, 2 * u)) < 1e-13);
    CHECK_THROWS_AS(series(a, c), std::invalid_argument);
    DiscreteStateSpace other = c;
    other.dt = 2;
    CHECK_THROWS_AS(parallel(a, other), std::invalid_argument);
  }
  const StateSpace legt = delay_system(LegT{}, 8, 0.5), legs = delay_system(LegSExp{}, 8, 0.5);
  const auto zero = [](const StateSpace& s) {  // the response at frequency 0
    return (s.D - s.C * support::solve(s.A, s.B)).eval();
  };
  CHECK(relative_error(zero(series(legt, legs)), zero(legs) * zero(legt)) < 1e-12);
  CHECK(relative_error(zero(parallel(legt, legs)), zero(legs) + zero(legt)) < 1e-12);
}

TEST_CASE("the Gramian's factor, and the Hankel singular values against their definition") {
  const DiscreteStateSpace s = random_stable(6, 2, 1, 4);
  const Matrix<double> Z = controllability_factor(s);
  const Matrix<double> P = Z * Z.transpose();
  CHECK(relative_error(s.A * P * s.A.transpose() + s.B * s.B.transpose(), P) < 1e-13);
  DiscreteStateSpace dual = s;
  dual.A = s.A.transpose();
  dual.B = s.C.transpose();
  dual.C = s.B.transpose();
  dual.D = s.D.transpose();
  const Matrix<double> Y = controllability_factor(dual);
  Vector<double> squares = support::eigenvalues(P * Y * Y.transpose()).real();
  std::sort(squares.begin(), squares.end(), std::greater<>());
  CHECK(relative_error(hankel_singular_values(s), squares.cwiseSqrt()) < 1e-12);
  // continuous: 1 / (s + 1) has the single value 1/2
  const StateSpace one{-Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1),
                       Matrix<double>::Zero(1, 1)};
  CHECK(hankel_singular_values(one)(0) == doctest::Approx(0.5).epsilon(1e-14));
  DiscreteStateSpace unstable = s;
  unstable.A /= 0.9;
  CHECK_THROWS_AS(hankel_singular_values(unstable), std::domain_error);
}

TEST_CASE("balanced truncation keeps its bound, and all orders the system") {
  const DiscreteStateSpace s = random_stable(12, 2, 2, 40);
  for (const Index order : {2, 5, 9, 12}) {
    CAPTURE(order);
    const auto reduction = balanced_truncation(s, order);
    CHECK(reduction.system.order() == order);
    CHECK(worst_gain(s, reduction.system) <= reduction.bound * (1 + 1e-9) + 1e-11);
  }
  CHECK_THROWS_AS(balanced_truncation(s, 0), std::invalid_argument);
  // legs, continuous: a delay of half its time constant needs few states
  const StateSpace large = delay_system(LegSExp{}, 64, 0.5);
  const auto reduction = reduce_to_error(large, 1e-3);
  CHECK(reduction.system.order() < 64);
  CHECK(reduction.difference <= 1e-3);
  const DiscreteStateSpace fine = discretize(large, 1e-3, Discretization::zoh);
  const DiscreteStateSpace small = discretize(reduction.system, 1e-3, Discretization::zoh);
  const Matrix<double> K = kernel(fine, 20000);
  CHECK((kernel(small, 20000) - K).norm() < 1.1e-3 * K.norm());
}

TEST_CASE("the tail of a kernel: exact, and the length for an error is the least, in both conventions") {
  DiscreteStateSpace s = random_stable(7, 1, 2, 70);
  SUBCASE("sequence") {}
  SUBCASE("control") { s.convention = Convention::control; }
  Matrix<double> K = kernel(s, 4000);
  K.col(0) -= s.D.reshaped();
  for (const Index length : {0, 1, 10, 57}) {
    CHECK(tail_norm(s, length) == doctest::Approx(K.rightCols(4000 - length).norm()).epsilon(1e-12));
  }
  for (const double error : {0.5, 1e-3, 1e-9}) {
    const Index length = kernel_length(s, error);
    CHECK(tail_norm(s, length) <= error * tail_norm(s, 0));
    CHECK(tail_norm(s, length - 1) > error * tail_norm(s, 0));
  }
  CHECK_THROWS_AS(kernel_length(s, 0), std::invalid_argument);
}
