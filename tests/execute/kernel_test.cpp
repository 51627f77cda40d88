#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/precise.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
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

TEST_CASE("structured kernels agree with 60 digits, the first 2^10 values and places up to 2^20") {
  const Index N = 64;
  const Matrix<double> C = Vector<double>::LinSpaced(N, 1, double(N)).cwiseInverse().transpose();
  const Matrix<double> places = support::reference("kernel/places");
  for (const char* const measure_name : {"legs-exp", "legt", "lagt", "fourier"}) {
    for (const auto method : {Discretization::bilinear, Discretization::zoh}) {
      const Measure measure = make_measure(measure_name);
      const HippoSystem hippo{measure, C, Matrix<double>::Zero(1, 1)};
      const auto check = [&](const std::string& structure, const auto& system) {
        for (const bool full : {true, false}) {
          const Index length = full ? 1024 : Index{1} << 20;
          const std::string key =
              std::string("kernel/") + measure_name + "/" + std::string(name(method)) + (full ? "/full" : "/places");
          CAPTURE(key);
          CAPTURE(structure);
          const Matrix<double> K = kernel(discretize(system, std::ldexp(1.0, full ? -8 : -18), method), length);
          Matrix<double> values = K;
          if (!full) {
            values.resize(1, places.size());
            for (Index i = 0; i < places.size(); ++i) values(i) = K(0, Index(places(i)));
          }
          const double error = support::largest(values - support::reference(key)) / K.cwiseAbs().maxCoeff();
          CHECK(error < 1e-11);
          MESSAGE(key << " " << structure << ": " << error);
        }
      };
      check("dense", dense(hippo));
#ifndef LONGSTATE_SANITIZED
      check("hippo", hippo);
#endif
      if (method == Discretization::bilinear) check("nplr", normal_plus_low_rank(measure, N, C));
      if (std::string_view(measure_name) == "fourier") check("diagonal", diagonalize(dense(hippo)));
    }
  }
}

TEST_CASE("Vandermonde kernels agree with 60 digits, and their error does not grow with the length") {
  for (const std::string_view init : diagonal_names()) {
    for (const auto method : {Discretization::zoh, Discretization::bilinear}) {
      for (const double dt : {1e-6, 1e-3}) {
        CAPTURE(init);
        CAPTURE(name(method));
        CAPTURE(dt);
        const DiagonalSystem system = initialize_diagonal(init, 64, init == "lru" ? dt : 1.0);
        const DiscreteDiagonal model = discretize(system, dt, method);
        const Index length = Index{1} << 20;
        const Matrix<double> K = kernel(model, length);
        const double largest = K.cwiseAbs().maxCoeff();
        for (const Index place : {0, 1, 17, 1000, 4097, 65535, 131071, 300000, 700000, (1 << 20) - 1}) {
          CHECK(std::abs(K(0, place) - support::precise_kernel(system, dt, method, place)) < 1e-11 * largest);
        }
      }
    }
  }
}
