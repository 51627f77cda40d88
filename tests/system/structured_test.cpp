// Diagonal, normal plus low rank, transfer function: each is the system that it came from.

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

/// C (s - A)^-1 B + D.
Matrix<Complex> response(const StateSpace& system, Complex s) {
  const Matrix<Complex> M = s * Matrix<Complex>::Identity(system.order(), system.order()) - system.A.cast<Complex>();
  return system.C.cast<Complex>() * support::solve<Complex>(M, system.B.cast<Complex>()) + system.D.cast<Complex>();
}

double largest_difference(const StateSpace& a, const StateSpace& b) {
  double worst = 0;
  for (const Complex s : {Complex(0.3, 0), Complex(0.1, 2), Complex(2, -30), Complex(0.5, 400)}) {
    const Matrix<Complex> expected = response(a, s);
    worst = support::larger(worst, (response(b, s) - expected).norm() / expected.norm());
  }
  return worst;
}

constexpr auto sequence = Convention::sequence;

}  // namespace

TEST_CASE("normal plus low rank is the measure's system in other coordinates") {
  for (const Measure& measure : support::time_invariant_measures(0.7)) {
    if (std::holds_alternative<ChebT>(measure)) continue;
    for (const Index N : {1, 2, 5, 6, 64}) {
      CAPTURE(name(measure));
      CAPTURE(N);
      HippoSystem hippo = hippo_coefficient_system(measure, N);
      hippo.C = random_matrix(2, N, 3);
      hippo.D = Matrix<double>::Zero(2, 1);
      const NplrSystem nplr = normal_plus_low_rank(measure, N, hippo.C);
      CHECK(nplr.entries() >= (N + 1) / 2);
      CHECK(nplr.entries() <= N / 2 + 2);
      CHECK(largest_difference(dense(hippo), dense(nplr)) < 1e-10);
    }
  }
  CHECK_THROWS_AS(normal_plus_low_rank(ChebT{}, 4, Matrix<double>::Ones(1, 4)), std::invalid_argument);
  CHECK_THROWS_AS(normal_plus_low_rank(LegS{}, 4, Matrix<double>::Ones(1, 4)), std::invalid_argument);
  CHECK_THROWS_AS(normal_plus_low_rank(LegT{}, 4, Matrix<double>::Ones(1, 5)), std::invalid_argument);
}

TEST_CASE("a discrete structured system is the discretised dense one") {
  struct Method {
    Discretization how;
    Convention convention;
  };
  std::vector<Method> methods;
  for (const auto how : {Discretization::forward_euler, Discretization::backward_euler, Discretization::bilinear,
                         Discretization::gbt, Discretization::zoh}) {
    methods.push_back({how, sequence});
    methods.push_back({how, Convention::control});
  }
  methods.push_back({Discretization::foh, Convention::control});
  methods.push_back({Discretization::impulse, Convention::control});
  for (const Method& method : methods) {
    const auto how = method.how;
    const auto convention = method.convention;
    for (const double dt : {1e-9, 1e-3, 0.3}) {
      CAPTURE(name(how));
      CAPTURE(name(convention));
      CAPTURE(dt);
      const DiscretizeOptions options{.convention = convention, .alpha = 0.3};
      const auto check = [&](const auto& system, double bound) {
        const DiscreteStateSpace expected = discretize(dense(system), dt, how, options);
        const DiscreteStateSpace actual = dense(DiscreteSystem(discretize(system, dt, how, options)));
        CHECK(actual.convention == convention);
        CHECK(relative_error(actual.A, expected.A) < bound);
        CHECK(relative_error(actual.B, expected.B) < bound);
        CHECK(relative_error(actual.C, expected.C) < bound);
        CHECK(support::largest(actual.D - expected.D) < bound * (1 + expected.D.cwiseAbs().maxCoeff()));
      };
      check(initialize_diagonal("s4d-inv", 16), 1e-12);
      DiagonalSystem integrator = initialize_diagonal("s4d-real", 4);
      integrator.lambda << 0, Complex(-1e-12, 0), Complex(-3, 7), Complex(-1e3, 1);
      check(integrator, 1e-12);
      check(hippo_delay_system(LegT{}, 17, 0.4), 1e-12);
      check(hippo_delay_system(Fourier{}, 8, 0.4), 1e-12);
      const Matrix<double> C = random_matrix(1, 12, 1);
      if (is_gbt(how)) {
        check(normal_plus_low_rank(LegT{}, 12, C), 1e-12);
        check(normal_plus_low_rank(LegSExp{}, 12, C), 1e-12);
      } else {
        CHECK_THROWS_AS(discretize(normal_plus_low_rank(LegT{}, 12, C), dt, how, options), std::invalid_argument);
      }
    }
  }
}

TEST_CASE("diagonal: an eigenvalue of zero, of minus infinity in logarithm, and a singular step") {
  DiagonalSystem system = initialize_diagonal("s4d-real", 2);
  system.lambda << -2, -1;  // forward Euler with dt = 0.5 takes the first to zero
  const DiscreteDiagonal d = discretize(system, 0.5, Discretization::forward_euler);
  const Matrix<double> K = kernel(d, 40);
  const DiscreteStateSpace m = discretize(dense(system), 0.5, Discretization::forward_euler);
  CHECK(relative_error(K, kernel(m, 40)) < 1e-14);
  CHECK(dense(DiscreteSystem(d)).A(0, 0) == 0);
  system.lambda << 2, -1;
  CHECK_THROWS_AS(discretize(system, 0.5, Discretization::backward_euler), std::domain_error);
}

TEST_CASE("the published initialisations") {
  const DiagonalSystem lin = initialize_diagonal("s4d-lin", 8, 2.0);
  CHECK(lin.entries() == 4);
  CHECK(std::abs(lin.lambda(3) - Complex(-0.25, 1.5 * 3.14159265358979323846)) < 1e-14);
  CHECK(initialize_diagonal("s4d-real", 5 + 1).lambda(5) == -6.0);
  // s4's own values at N = 64 (state-spaces/s4, field notes): legs 1303.3, 433.0, 258.2; inv 1283.4, 414.2, 240.4.
  const DiagonalSystem legs = initialize_diagonal("s4d-legs", 64);
  Vector<double> frequencies = legs.lambda.imag();
  std::sort(frequencies.begin(), frequencies.end(), std::greater<>());
  CHECK(frequencies(0) == doctest::Approx(1303.3).epsilon(1e-4));
  CHECK(frequencies(1) == doctest::Approx(433.0).epsilon(2e-4));
  CHECK(legs.lambda.real().isConstant(-0.5, 1e-12));
  const DiagonalSystem inv = initialize_diagonal("s4d-inv", 64);
  CHECK(inv.lambda(0).imag() == doctest::Approx(1283.4).epsilon(1e-4));
  CHECK(inv.lambda(2).imag() == doctest::Approx(240.4).epsilon(2e-4));
  // lru: a ring once discretised, its inputs normalised
  const DiscreteDiagonal lru = discretize(initialize_diagonal("lru", 64, 1e-3), 1e-3, Discretization::zoh);
  for (Index n = 0; n < 32; ++n) {
    const double radius = std::exp(lru.mu(n).real());
    CHECK(radius >= 0.9);
    CHECK(radius <= 0.999);
    CHECK(std::abs(lru.B(n, 0)) == doctest::Approx(std::sqrt(1 - radius * radius)).epsilon(1e-12));
  }
  CHECK_THROWS_AS(initialize_diagonal("s4d-lin", 7), std::invalid_argument);
  CHECK_THROWS_AS(initialize_diagonal("s5", 8), std::invalid_argument);
  CHECK_THROWS_AS(initialize_diagonal("lru", 8, 0), std::invalid_argument);
}

TEST_CASE("diagonalising is exact where eigenvectors are good, and refused with their condition elsewhere (trap T2)") {
  const StateSpace random{random_matrix(9, 9, 5) - 3 * Matrix<double>::Identity(9, 9), random_matrix(9, 2, 6),
                          random_matrix(2, 9, 7), random_matrix(2, 2, 8)};
  CHECK(largest_difference(random, dense(diagonalize(random))) < 1e-12);
  CHECK(largest_difference(delay_system(Fourier{}, 33, 0.3), dense(diagonalize(delay_system(Fourier{}, 33, 0.3)))) <
        1e-11);
  for (const Measure& measure : {Measure(LegSExp{}), Measure(LegT{}), Measure(LagT{})}) {
    CAPTURE(name(measure));
    try {
      diagonalize(delay_system(measure, 16, 0.5));
      FAIL("it was not refused");
    } catch (const std::domain_error& error) {
      CHECK(std::string(error.what()).find("have condition ") != std::string::npos);
    }
  }
}

TEST_CASE("a transfer function is the system, where its poles are apart, and refused where they are not") {
  const DiscreteDiagonal ring = discretize(initialize_diagonal("lru", 64), 1.0, Discretization::zoh);
  const TransferFunction H = transfer_function(ring);
  CHECK(H.order() == 64);
  CHECK(relative_error(kernel(H, 3000), kernel(ring, 3000)) < 1e-12);
  CHECK(relative_error(kernel(dense(H), 3000), kernel(ring, 3000)) < 1e-11);
  for (const Convention convention : {sequence, Convention::control}) {
    StateSpace small{random_matrix(4, 4, 2) - Matrix<double>::Identity(4, 4), random_matrix(4, 1, 3),
                     random_matrix(2, 4, 4), random_matrix(2, 1, 5)};
    const DiscreteStateSpace d = discretize(small, 0.3, Discretization::zoh, {.convention = convention});
    CHECK(relative_error(kernel(transfer_function(d), 100), kernel(d, 100)) < 1e-12);
  }
  for (const Index N : {4, 64}) {
    const DiscreteStateSpace legs = discretize(delay_system(LegSExp{}, N, 0.5), 1e-3, Discretization::bilinear);
    CHECK_THROWS_AS(transfer_function(legs), std::domain_error);
  }
  const DiscreteStateSpace two{random_matrix(3, 3, 1), random_matrix(3, 2, 1), random_matrix(1, 3, 1),
                               random_matrix(1, 2, 1)};
  CHECK_THROWS_AS(transfer_function(two), std::invalid_argument);
}

TEST_CASE("the scalar phi functions, expm1 and log1p keep their digits near zero and away") {
  using Long = std::complex<long double>;
  for (const Complex z : {Complex(1e-12, 0), Complex(0, 1e-12), Complex(-1e-300, 0), Complex(-0.5, 0.8),
                          Complex(-1.2, 0.1), Complex(-30, 4), Complex(1e-9, 3), Complex(-700, 1e4)}) {
    CAPTURE(z.real());
    CAPTURE(z.imag());
    Long term = 1, sum1 = 0, sum2 = 0;
    if (std::abs(z) < 2) {
      for (int j = 0; j < 40; ++j) {
        sum1 += term / Long((long double)(j + 1));
        sum2 += term / Long((long double)((j + 1) * (j + 2)));
        term *= Long(z) / Long((long double)(j + 1));
      }
    } else {
      sum1 = (std::exp(Long(z)) - Long(1)) / Long(z);
      sum2 = (sum1 - Long(1)) / Long(z);
    }
    CHECK(std::abs(phi(1, z) - Complex(sum1)) < 1e-15 * std::abs(Complex(sum1)));
    CHECK(std::abs(phi(2, z) - Complex(sum2)) < 1e-15 * std::abs(Complex(sum2)));
    CHECK(std::abs(longstate::expm1(z) - z * Complex(sum1)) < 2e-15 * std::abs(z * Complex(sum1)));
  }
  CHECK(phi(1, 0.0) == 1.0);
  CHECK(phi(3, 0.0).real() == doctest::Approx(1.0 / 6).epsilon(1e-15));
  for (const Complex z : {Complex(1e-14, 2e-14), Complex(-0.3, 0.4), Complex(5, -7), Complex(-2, 1e-9)}) {
    CHECK(std::abs(std::exp(longstate::log1p(z)) - (1.0 + z)) < 1e-15 * (1 + std::abs(1.0 + z)));
  }
  CHECK(std::abs(longstate::log1p(Complex(1e-14, 2e-14)) - Complex(1e-14, 2e-14)) < 1e-27);
}

TEST_CASE("there and back in time: the same model at another resolution") {
  const StateSpace system = delay_system(LegT{}, 6, 0.5);
  for (const Convention convention : {sequence, Convention::control}) {
    for (const auto how : {Discretization::bilinear, Discretization::backward_euler, Discretization::forward_euler,
                           Discretization::gbt, Discretization::zoh}) {
      CAPTURE(name(how));
      const DiscreteStateSpace d = discretize(system, 0.01, how, {.convention = convention, .alpha = 0.3});
      const StateSpace back = continuous(d, how, 0.3);
      CHECK(relative_error(back.A, system.A) < 1e-10);
      CHECK(relative_error(back.B, system.B) < 1e-10);
      CHECK(relative_error(back.C, system.C) < 1e-10);
      CHECK((back.D - system.D).norm() < 1e-10);
    }
  }
  const DiagonalSystem inv = initialize_diagonal("s4d-inv", 32);
  const DiagonalSystem back = continuous(discretize(inv, 0.05, Discretization::zoh));
  CHECK((back.lambda - inv.lambda).norm() < 1e-13 * inv.lambda.norm());
  CHECK((back.B - inv.B).norm() < 1e-12 * inv.B.norm());
  DiscreteStateSpace flip{-Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1),
                          Matrix<double>::Zero(1, 1)};
  CHECK_THROWS_AS(continuous(flip, Discretization::zoh), std::domain_error);
  CHECK_THROWS_AS(continuous(flip, Discretization::bilinear), std::domain_error);
  CHECK_THROWS_AS(continuous(flip, Discretization::foh), std::invalid_argument);
}
