#include "support/allocations.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

using namespace longstate;
using support::direct_run;
using support::random_matrix;
using support::reference;
using support::relative_error;

namespace {

DiscreteStateSpace random_model(Index N, Index p, Index q, unsigned seed, Convention convention) {
  return {random_matrix(N, N, seed) * 0.9 / std::sqrt(double(N)),
          random_matrix(N, p, seed + 1),
          random_matrix(q, N, seed + 2),
          random_matrix(q, p, seed + 3),
          0.1,
          convention};
}

}  // namespace

TEST_CASE("the recurrence is its definition, in both conventions, MIMO") {
  for (const Convention convention : {Convention::sequence, Convention::control}) {
    const DiscreteStateSpace model = random_model(7, 3, 2, 11, convention);
    const Matrix<double> u = random_matrix(3, 50, 5);
    const Matrix<double> x0 = random_matrix(7, 1, 6);
    Recurrence<double> recurrence(model);
    Matrix<double> y(2, 50);
    State<double> x = x0;
    recurrence.run(u, y, x);
    const support::Run expected = direct_run(model, u, x0);
    CHECK(relative_error(y, expected.y) < 1e-14);
    CHECK(relative_error(x, expected.x) < 1e-14);
  }
}

TEST_CASE("the control convention is scipy's dlsim") {
  for (const std::string name : {"random", "mimo", "integrator", "stiff", "legt", "fourier"}) {
    for (const std::string_view method : discretization_names()) {
      const std::string key = "scipy/" + name + "/" + std::string(method) + "/";
      if (!support::has_reference(key + "y")) continue;  // an unstable one
      CAPTURE(key);
      const DiscreteStateSpace model{
          reference(key + "A"), reference(key + "B"), reference(key + "C"), reference(key + "D"), 0.05,
          Convention::control};
      const Matrix<double> u = reference("scipy/" + name + "/u");
      Recurrence<double> recurrence(model);
      State<double> x = recurrence.zero_state();
      Matrix<double> y(model.outputs(), u.cols());
      recurrence.run(u, y, x);
      CHECK(relative_error(y, reference(key + "y")) < 1e-12);
    }
  }
}

TEST_CASE("copies and layers are independent runs, interleaved") {
  const DiscreteStateSpace a = random_model(5, 1, 1, 21, Convention::sequence);
  const DiscreteStateSpace b = random_model(5, 1, 1, 31, Convention::sequence);
  const Matrix<double> u = random_matrix(2, 40, 8);
  const auto alone = [&](const DiscreteStateSpace& model, Index channel) {
    return direct_run(model, u.row(channel), Matrix<double>::Zero(5, 1)).y;
  };
  Matrix<double> y(2, 40);

  Recurrence<double> stereo(a, 2);
  State<double> x = stereo.zero_state();
  stereo.run(u, y, x);
  CHECK(relative_error(y.row(0), alone(a, 0)) < 1e-14);
  CHECK(relative_error(y.row(1), alone(a, 1)) < 1e-14);

  Recurrence<double> layer({a, b});
  x = layer.zero_state();
  layer.run(u, y, x);
  CHECK(relative_error(y.row(0), alone(a, 0)) < 1e-14);
  CHECK(relative_error(y.row(1), alone(b, 1)) < 1e-14);
}

TEST_CASE_TEMPLATE("linear, time-invariant, and the same in any chunks", T, float, double) {
  const double eps = std::is_same_v<T, float> ? 1e-5 : 1e-13;
  Recurrence<T> recurrence(discretize(delay_system(LegT{}, 16, 0.3), 0.01, Discretization::zoh));
  const auto run = [&](const Matrix<T>& u) {
    State<T> x = recurrence.zero_state();
    Matrix<T> y(1, u.cols());
    recurrence.run(u, y, x);
    return Matrix<double>(y.template cast<double>());
  };
  const Matrix<T> u = random_matrix(1, 200, 1).cast<T>();
  const Matrix<T> v = random_matrix(1, 200, 2).cast<T>();
  CHECK(relative_error(run(2 * u - 3 * v), 2 * run(u) - 3 * run(v)) < eps);

  Matrix<T> late = Matrix<T>::Zero(1, 200);
  late.rightCols(150) = u.leftCols(150);
  CHECK(relative_error(run(late).rightCols(150), run(u).leftCols(150)) == 0);

  State<T> x = recurrence.zero_state();
  Matrix<T> y(1, 200);
  recurrence.run(u.leftCols(37), y.leftCols(37), x);
  recurrence.run(u.middleCols(37, 1), y.middleCols(37, 1), x);
  recurrence.run(u.rightCols(162), y.rightCols(162), x);
  CHECK(y.template cast<double>() == run(u));
}

TEST_CASE_TEMPLATE("stepping and running do not allocate", T, float, double) {
  Recurrence<T> recurrence(discretize(coefficient_system(LegT{}, 64), 0.01, Discretization::zoh), 2);
  State<T> x = recurrence.zero_state();
  const Matrix<T> u = random_matrix(2, 64, 1).cast<T>();
  Matrix<T> y(recurrence.outputs(), 64);
  const std::size_t before = support::allocations();
  recurrence.run(u, y, x);
  for (Index k = 0; k < u.cols(); ++k) recurrence.step(u.col(k), y.col(k), x);
  CHECK(support::allocations() == before);

  const std::vector<double> guard(100);  // and the guard does count
  CHECK(guard.data() != nullptr);
  CHECK(support::allocations() > before);
}

TEST_CASE("bad shapes are refused before anything runs") {
  Recurrence<double> recurrence(random_model(4, 2, 1, 1, Convention::sequence));
  State<double> x = State<double>::Ones(4, 1);
  Matrix<double> y(1, 10);
  CHECK_THROWS_WITH_AS(recurrence.run(Matrix<double>::Ones(3, 10), y, x),
                       "longstate::Recurrence::run: u must be 2 x 10, got 3 x 10", std::invalid_argument);
  Matrix<double> short_y(1, 9);
  CHECK_THROWS_AS(recurrence.run(Matrix<double>::Ones(2, 10), short_y, x), std::invalid_argument);
  State<double> wrong(5, 1);
  CHECK_THROWS_AS(recurrence.run(Matrix<double>::Ones(2, 10), y, wrong), std::invalid_argument);
  CHECK(x == State<double>::Ones(4, 1));
  CHECK_THROWS_AS(Recurrence<double>(std::vector<DiscreteSystem>{}), std::invalid_argument);
  CHECK_THROWS_AS(Recurrence<double>(random_model(4, 2, 1, 1, Convention::sequence), 0), std::invalid_argument);
  CHECK_THROWS_AS(Recurrence<double>(std::vector<DiscreteSystem>{random_model(4, 1, 1, 1, Convention::sequence),
                                                                 random_model(5, 1, 1, 1, Convention::sequence)}),
                  std::invalid_argument);
}

TEST_CASE("a layer of systems that differ is refused by which, and in what") {
  const auto of_order = [](Index order) {
    return DiscreteSystem(discretize(delay_system(LegT{}, order, 0.5), 0.1, Discretization::zoh));
  };
  CHECK_THROWS_WITH_AS(Recurrence<double>({of_order(3), of_order(3), of_order(4)}),
                       "longstate::Recurrence: system 2 of a layer must have the order of the first, 3, got 4",
                       std::invalid_argument);
}
