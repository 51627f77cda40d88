#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>
#include <boost/multiprecision/cpp_bin_float.hpp>

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
          const double error = (values - support::reference(key)).cwiseAbs().maxCoeff() / K.cwiseAbs().maxCoeff();
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
  using Real = boost::multiprecision::cpp_bin_float_100;
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
          Real sum = 0;
          for (Index n = 0; n < system.entries(); ++n) {
            // bilinear: log of (1 + z/2) / (1 - z/2), z = dt lambda, whose parts are by hand: log|.| and two angles
            const Real x = Real(dt) * Real(system.lambda(n).real()), y = Real(dt) * Real(system.lambda(n).imag());
            Real modulus = x, angle = y;
            Real b_re = 0, b_im = 0;  // B, discrete
            const Real B_re = Real(system.B(n, 0).real()), B_im = Real(system.B(n, 0).imag());
            if (method == Discretization::bilinear) {
              const Real up = (1 + x / 2) * (1 + x / 2) + y * y / 4, down = (1 - x / 2) * (1 - x / 2) + y * y / 4;
              modulus = (log(up) - log(down)) / 2;
              angle = atan2(y / 2, 1 + x / 2) + atan2(y / 2, 1 - x / 2);
              // dt / (1 - z/2)
              const Real f_re = Real(dt) * (1 - x / 2) / down, f_im = Real(dt) * (y / 2) / down;
              b_re = f_re * B_re - f_im * B_im;
              b_im = f_re * B_im + f_im * B_re;
            } else {
              // (e^z - 1) / lambda
              const Real e_re = exp(x) * cos(y) - 1, e_im = exp(x) * sin(y);
              const Real l_re = Real(system.lambda(n).real()), l_im = Real(system.lambda(n).imag());
              const Real square = l_re * l_re + l_im * l_im;
              const Real f_re = (e_re * l_re + e_im * l_im) / square, f_im = (e_im * l_re - e_re * l_im) / square;
              b_re = f_re * B_re - f_im * B_im;
              b_im = f_re * B_im + f_im * B_re;
            }
            const Real scale = exp(modulus * Real(double(place)));
            const Real turn = angle * Real(double(place));
            sum += 2 * Real(system.C(0, n).real()) * scale * (b_re * cos(turn) - b_im * sin(turn));
          }
          CHECK(std::abs(K(0, place) - sum.convert_to<double>()) < 1e-11 * largest);
        }
      }
    }
  }
}
