#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

TEST_CASE("kernels agree with 60 digits") {
  for (const Measure& measure : support::time_invariant_measures()) {
    const auto* lagt = std::get_if<LagT>(&measure);
    const std::string measure_key = lagt && lagt->alpha != 0 ? "lagt-general" : std::string(name(measure));
    for (const Index N : support::reference_orders) {
      for (const std::string step : support::reference_steps) {
        const std::string key = measure_key + "/" + std::to_string(N) + "/" + step + "/zoh/kernel";
        CAPTURE(key);
        StateSpace system = coefficient_system(measure, N);
        system.C = Vector<double>::LinSpaced(N, 1, double(N)).cwiseInverse().transpose();
        system.D = Matrix<double>::Zero(1, 1);
        const DiscreteStateSpace model = discretize(system, std::stod(step), Discretization::zoh);
        CHECK(relative_error(kernel(model, 12), support::reference(key)) < 1e-12);
      }
    }
  }
}

TEST_CASE("the kernel is the response to an impulse, for every input and output, any length") {
  for (const Convention convention : {Convention::sequence, Convention::control}) {
    const DiscreteStateSpace model{random_matrix(6, 6, 1) * 0.35,
                                   random_matrix(6, 3, 2),
                                   random_matrix(2, 6, 3),
                                   random_matrix(2, 3, 4),
                                   1,
                                   convention};
    for (const Index length : {1, 2, 3, 17, 100}) {
      const Matrix<double> K = kernel(model, length);
      REQUIRE(K.rows() == 6);
      for (Index input = 0; input < 3; ++input) {
        Matrix<double> u = Matrix<double>::Zero(3, length);
        u(input, 0) = 1;
        const Matrix<double> y = support::direct_run(model, u, Matrix<double>::Zero(6, 1)).y;
        CHECK(relative_error(K.middleRows(2 * input, 2), y) < 1e-13);
      }
    }
    CHECK_THROWS_AS(kernel(model, 0), std::invalid_argument);
  }
}

TEST_CASE("powers and Krylov matrices") {
  const Matrix<double> A = random_matrix(5, 5, 9) * 0.5;
  CHECK(power(A, 0) == Matrix<double>::Identity(5, 5));
  CHECK(relative_error(power(A, 7), A * A * A * A * A * A * A) < 1e-14);
  const Matrix<double> V = random_matrix(5, 2, 10);
  const Matrix<double> K = krylov(A, V, 6);
  CHECK(K.cols() == 12);
  CHECK(relative_error(K.rightCols(2), power(A, 5) * V) < 1e-14);
}
