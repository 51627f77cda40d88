#include "support/dense.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/precise.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <stdexcept>

using namespace longstate;
using support::reference;
using support::relative_error;

namespace {

DiscreteStateSpace control(const StateSpace& system, double dt, std::string_view method, double alpha = 0.3) {
  return discretize(system, dt, make_discretization(method), {.convention = Convention::control, .alpha = alpha});
}

}  // namespace

TEST_CASE("every measure, order and method agrees with 60 digits") {
  double worst = 0;
  const auto check = [&](const Matrix<double>& actual, const std::string& key) {
    CAPTURE(key);
    const double error = relative_error(actual, reference(key));
    CHECK(error < 1e-12);
    worst = support::larger(worst, error);
  };
  for (const Measure& measure : support::time_invariant_measures()) {
    const auto* lagt = std::get_if<LagT>(&measure);
    const std::string measure_key = lagt && lagt->alpha != 0 ? "lagt-general" : std::string(name(measure));
    for (const Index N : support::reference_orders) {
      for (const std::string step : support::reference_steps) {
        const std::string key = measure_key + "/" + std::to_string(N) + "/" + step + "/";
        const double dt = std::stod(step);
        const StateSpace system = coefficient_system(measure, N);
        for (const std::string method : {"backward-euler", "bilinear", "gbt", "zoh"}) {
          const DiscreteStateSpace d = discretize(system, dt, make_discretization(method), {.alpha = 0.3});
          check(d.A, key + method + "/A");
          check(d.B, key + method + "/B");
          CHECK(d.C == system.C);
        }
        const DiscreteStateSpace foh = control(system, dt, "foh");
        check(foh.A, key + "zoh/A");
        check(foh.B, key + "foh/B");
        check(foh.D, key + "foh/D");
        const DiscreteStateSpace impulse = control(system, dt, "impulse");
        check(impulse.A, key + "zoh/A");
        check(impulse.B, key + "impulse/B");
        const DiscreteStateSpace euler = discretize(system, dt, Discretization::forward_euler);
        CHECK(relative_error(euler.A, Matrix<double>::Identity(N, N) + dt * system.A) == 0);
      }
    }
  }
  MESSAGE("largest error relative to the largest entry: " << worst);
}

TEST_CASE("all seven methods agree with scipy in the control convention, C and D included") {
  const double dt = reference("scipy/dt")(0, 0);
  for (const std::string name : {"random", "mimo", "integrator", "stiff", "legt", "fourier"}) {
    const std::string key = "scipy/" + name + "/";
    const StateSpace system{reference(key + "A"), reference(key + "B"), reference(key + "C"), reference(key + "D")};
    for (const std::string_view method : discretization_names()) {
      CAPTURE(name);
      CAPTURE(method);
      StateSpace given = system;
      if (method == "impulse") given.D.setZero();
      const DiscreteStateSpace d = control(given, dt, method);
      const std::string prefix = key + std::string(method) + "/";
      CHECK(relative_error(d.A, reference(prefix + "A")) < 1e-12);
      CHECK(relative_error(d.B, reference(prefix + "B")) < 1e-12);
      CHECK(relative_error(d.C, reference(prefix + "C")) < 1e-12);
      CHECK(relative_error(d.D, reference(prefix + "D")) < 1e-12);
    }
  }
}

TEST_CASE("a singular A is like any other (trap T8: a dead state, a double integrator)") {
  const StateSpace integrator{(Matrix<double>(2, 2) << 0, 1, 0, 0).finished(),
                              (Matrix<double>(2, 1) << 0, 1).finished(), Matrix<double>::Identity(2, 2),
                              Matrix<double>::Zero(2, 1)};
  const DiscreteStateSpace d = discretize(integrator, 0.1, Discretization::zoh);
  CHECK(relative_error(d.A, (Matrix<double>(2, 2) << 1, 0.1, 0, 1).finished()) < 1e-15);
  CHECK(relative_error(d.B, (Matrix<double>(2, 1) << 0.005, 0.1).finished()) < 1e-15);

  const Hippo dead = to_peer(scaling("s4-fourier", 8));
  const StateSpace s4{dead.A, dead.B, Matrix<double>::Identity(8, 8), Matrix<double>::Zero(8, 1)};
  const DiscreteStateSpace z = discretize(s4, 0.01, Discretization::zoh);
  CHECK(z.A.allFinite());
  CHECK(z.A(1, 1) == 1);  // the dead state stays
  CHECK(z.B(1, 0) == 0);
}

TEST_CASE("tiny and stiff steps keep their digits: scalars against closed forms") {
  for (const double a : {-1e-12, -1e-6, -0.1, -1.0, -50.0, -700.0, -1e6}) {
    for (const double dt : {1e-9, 1e-3, 1.0}) {
      CAPTURE(a);
      CAPTURE(dt);
      const auto one = [](double v) { return Matrix<double>::Constant(1, 1, v); };
      const DiscreteStateSpace d = discretize(StateSpace{one(a), one(1), one(1), one(0)}, dt, Discretization::zoh);
      const auto [exponential, integral] = support::precise_exponentials(a, dt);
      CHECK(std::abs(d.A(0, 0) - exponential) <= 1e-14 * std::max(1.0, std::abs(a * dt)) * exponential);
      CHECK(std::abs(d.B(0, 0) - integral) <= 1e-14 * integral);
    }
  }
}

TEST_CASE("bilinear in the control convention is Tustin's, in the sequence convention half a sample earlier") {
  const StateSpace system = delay_system(LegT{}, 6, 0.5);
  const double dt = 0.02;
  const auto respond = [&](const DiscreteStateSpace& d, std::complex<double> z) {
    const auto I = Matrix<std::complex<double>>::Identity(6, 6);
    const Matrix<std::complex<double>> M = z * I - d.A.cast<std::complex<double>>();
    const Vector<std::complex<double>> x = support::solve<std::complex<double>>(M, d.B.cast<std::complex<double>>());
    const std::complex<double> y = (d.C.cast<std::complex<double>>() * x)(0);
    return (d.convention == Convention::sequence ? z * y : y) + d.D(0, 0);
  };
  const DiscreteStateSpace tustin = control(system, dt, "bilinear");
  const DiscreteStateSpace s4 = discretize(system, dt, Discretization::bilinear);
  for (const double omega : {0.3, 4.0, 60.0}) {
    const std::complex<double> z = std::polar(1.0, omega * dt);
    const std::complex<double> s = 2 / dt * (z - 1.0) / (z + 1.0);
    const DiscreteStateSpace continuous{system.A, system.B, system.C, system.D, 1, Convention::control};
    CHECK(std::abs(respond(tustin, z) - respond(continuous, s)) < 1e-12);
    CHECK(std::abs(respond(tustin, z) - (1.0 + 1.0 / z) / 2.0 * respond(s4, z)) < 1e-12);
  }
}

TEST_CASE("phi functions satisfy their relation and their limits") {
  const Matrix<double> X = 3 * support::random_matrix(12, 12, 3);
  const auto phi = phi_functions(X, 3);
  double factorial = 1;
  for (int k = 0; k < 3; ++k) {
    if (k > 0) factorial *= k;
    const Matrix<double> expected = Matrix<double>::Identity(12, 12) / factorial + X * phi[std::size_t(k) + 1];
    CHECK(relative_error(phi[std::size_t(k)], expected) < 1e-13);
  }
  CHECK(phi_functions(Matrix<double>::Zero(2, 2), 2)[2](0, 0) == 0.5);
  CHECK_THROWS_AS(phi_functions(Matrix<double>::Zero(2, 3), 1), std::invalid_argument);
}

TEST_CASE("what cannot be discretised is refused") {
  const StateSpace system = coefficient_system(LegT{}, 4);
  CHECK_THROWS_WITH_AS(discretize(system, -1, Discretization::zoh),
                       "longstate::discretize: dt must be positive and finite, got -1", std::invalid_argument);
  CHECK_THROWS_AS(discretize(system, std::nan(""), Discretization::zoh), std::invalid_argument);
  CHECK_THROWS_WITH_AS(discretize(system, 0.1, Discretization::foh),
                       "longstate::discretize: foh takes the control convention, got sequence", std::invalid_argument);
  CHECK_THROWS_AS(discretize(system, 0.1, Discretization::impulse), std::invalid_argument);
  CHECK_THROWS_AS(discretize(system, 0.1, Discretization::gbt, {.alpha = 1.5}), std::invalid_argument);
  CHECK_THROWS_AS(make_discretization("tustin"), std::invalid_argument);
  StateSpace direct = system;
  direct.D.setOnes();
  CHECK_THROWS_AS(discretize(direct, 0.1, Discretization::impulse, {.convention = Convention::control}),
                  std::invalid_argument);
  const auto one = [](double v) { return Matrix<double>::Constant(1, 1, v); };
  CHECK_THROWS_AS(discretize(StateSpace{one(2), one(1), one(1), one(0)}, 0.5, Discretization::backward_euler),
                  std::domain_error);
}

TEST_CASE("methods say what they take the signal to do, and which convention they have") {
  for (const std::string_view wanted : discretization_names()) {
    CAPTURE(wanted);
    const Discretization method = make_discretization(wanted);
    CHECK(name(method) == wanted);
    CHECK((default_convention(method) == Convention::control) == (wanted == "foh" || wanted == "impulse"));
    CHECK((intersample(method) == Intersample::held) == (wanted == "zoh"));
    CHECK((intersample(method) == Intersample::lines) == (wanted == "foh"));
    CHECK((intersample(method) == Intersample::none) == (wanted == "impulse"));
    CHECK((intersample(method) == Intersample::approximate) == is_gbt(method));
  }
}

TEST_CASE("a number that is no method is refused") {
  for (const int number : {-1, 7, 42}) {
    const auto none = static_cast<Discretization>(number);
    CHECK_THROWS_AS(name(none), std::invalid_argument);
    CHECK_THROWS_AS(is_gbt(none), std::invalid_argument);
    CHECK_THROWS_AS(sample_age(none), std::invalid_argument);
  }
}
