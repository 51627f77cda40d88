#include "support/allocations.hpp"
#include "support/dense.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::reference;
using support::relative_error;

namespace {

struct Method {
  Discretization how;
  double alpha;
};
const Method methods[] = {{Discretization::forward_euler, 0.5}, {Discretization::backward_euler, 0.5},
                          {Discretization::bilinear, 0.5},      {Discretization::gbt, 0.3},
                          {Discretization::zoh, 0.5},           {Discretization::foh, 0.5}};

std::vector<Measure> measures_with_steps() {
  std::vector<Measure> measures;
  for (const Measure& measure : support::time_invariant_measures()) {
    if (has_operator(measure)) measures.push_back(measure);
  }
  return measures;
}

std::string reference_name(const Measure& measure) {
  const auto* lagt = std::get_if<LagT>(&measure);
  return lagt && lagt->alpha != 0 ? "lagt-general" : std::string(name(measure));
}

/// The step by matrices.
Matrix<double> dense_step(const Measure& measure, Method method, double dt, const Matrix<double>& x, double first,
                          double last) {
  const StateSpace system = coefficient_system(measure, x.rows());
  if (method.how == Discretization::foh) {
    const auto phi = phi_functions(system.A * dt, 2);
    return phi[0] * x + dt * (phi[1] * system.B * first + phi[2] * system.B * (last - first));
  }
  const DiscreteStateSpace step = discretize(system, dt, method.how, {.alpha = method.alpha});
  return step.A * x + step.B * last;
}

template <class T>
State<T> structured_step(const Measure& measure, Method method, double dt, const Matrix<double>& x, double first,
                         double last) {
  HippoStep<T> step(measure, x.rows(), method.how, method.alpha);
  step.prepare(dt);
  State<T> result = x.cast<T>();
  step.advance(result, Vector<T>::Constant(1, T(first)), Vector<T>::Constant(1, T(last)));
  return result;
}

}  // namespace

TEST_CASE("a step's increment keeps its digits beside the identity") {
  constexpr Index N = 16;
  constexpr double dt = 1e-9;  // A_discrete - I = dt A to 2e-7 of its largest entry; the difference would keep 7 digits
  for (const Measure& measure : measures_with_steps()) {
    const Matrix<double> rate = coefficient_system(measure, N).A * dt;
    for (const Method& method : methods) {
      INFO(name(measure), " ", name(method.how));
      HippoStep<double> step(measure, N, method.how, method.alpha);
      step.prepare(dt);
      Matrix<double> rest(N, N);
      for (Index n = 0; n < N; ++n) rest.col(n) = step.increment(Vector<double>::Unit(N, n));
      const double second = is_gbt(method.how) ? gbt_alpha(method.how, method.alpha) : 0.5;
      CHECK(relative_error(rest, rate + second * rate * rate) < 1e-13);
    }
  }
}

TEST_CASE("many sub-steps do not gather rounding: a window that has seen a line alone is that line") {
  // legt over ten windows of a line: every earlier state is forgotten, and the line is P_0 and P_1 alone. Some 20,000
  // sub-steps of 8 factors, each of which once rounded the state the same way: 1e-13 in all, 1e-11 at order 1024.
  constexpr Index N = 128;
  constexpr double dt = 10;
  const Matrix<double> x =
      structured_step<double>(LegT{}, {Discretization::foh, 0.5}, dt, Matrix<double>::Zero(N, 1), 0.3, -0.8);
  const double slope = -1.1 / dt;
  Matrix<double> line = Matrix<double>::Zero(N, 1);
  line(0) = -0.8 - slope / 2;
  line(1) = slope / (2 * std::sqrt(3.0));
  CHECK(relative_error(x, line) < 2e-15);
}

TEST_CASE("a structured step agrees with 60 digits") {
  std::map<std::string, double> worst;
  for (const Measure& measure : measures_with_steps()) {
    for (const Index N : {4, 16, 64}) {
      const Matrix<double> x =
          Matrix<double>::NullaryExpr(N, 1, [](Index n, Index) { return double((7 * n + 3) % 11 - 5) / 8; });
      for (const char* const dt : {"1e-06", "0.001", "0.1", "10"}) {
        for (const Method& method : methods) {
          CAPTURE(name(measure));
          CAPTURE(N);
          CAPTURE(dt);
          CAPTURE(name(method.how));
          const std::string key = "step/" + reference_name(measure) + "/" + std::to_string(N) + "/" + dt + "/" +
                                  std::string(name(method.how));
          const double error =
              relative_error(structured_step<double>(measure, method, std::stod(dt), x, 0.75, -0.5), reference(key));
          CHECK(error < 1e-12);
          worst[std::string(name(method.how))] = support::larger(worst[std::string(name(method.how))], error);
        }
      }
    }
  }
  for (const auto& [method, error] : worst)
    MESSAGE(method << ": largest error relative to the largest entry " << error);
}

TEST_CASE("a structured step agrees with the dense one") {
  std::map<std::string, double> worst;
  for (const Measure& measure : measures_with_steps()) {
    for (const Index N : support::values<Index>({4, 33, 256}, {4, 33})) {
      const Matrix<double> x = random_matrix(N, 1, unsigned(N));
      for (const double dt : {1e-6, 1e-4, 1e-2, 1.0}) {
        for (const Method& method : methods) {
          if (double(N * N) * dt > 700 && !is_gbt(method.how)) continue;  // seconds each; see "at full size"
          CAPTURE(name(measure));
          CAPTURE(N);
          CAPTURE(dt);
          CAPTURE(name(method.how));
          const double error = relative_error(structured_step<double>(measure, method, dt, x, 0.3, -0.8),
                                              dense_step(measure, method, dt, x, 0.3, -0.8));
          CHECK(error < 1e-12);
          worst[std::string(name(method.how))] = support::larger(worst[std::string(name(method.how))], error);
        }
      }
    }
  }
  for (const auto& [method, error] : worst)
    MESSAGE(method << ": largest difference relative to the largest entry " << error);
}

TEST_CASE("a structured step agrees with the dense one at full size" * doctest::skip()) {
  // In double the dense exponential itself is right to eps ||dt A|| only, 1e-10 here; so this one is in long double.
  for (const Measure& measure : measures_with_steps()) {
    for (const Index N : {4, 16, 64, 256, 1024}) {
      const Hippo dense = hippo(measure, N);
      const Matrix<double> x = random_matrix(N, 1, unsigned(N));
      double worst = 0;
      for (const double dt : {1e-6, 1e-4, 1e-2, 1.0, 10.0}) {
        for (const Method& method : methods) {
          CAPTURE(name(measure));
          CAPTURE(N);
          CAPTURE(dt);
          CAPTURE(name(method.how));
          const double first = method.how == Discretization::zoh ? -0.8 : 0.3;
          const Vector<double> expected =
              is_gbt(method.how) ? support::gbt_step(dense, dt, gbt_alpha(method.how, method.alpha), x, -0.8)
                                 : support::exponential_step(dense, dt, x, first, -0.8);
          const double error = relative_error(structured_step<double>(measure, method, dt, x, first, -0.8), expected);
          CHECK(error < 1e-12);
          worst = support::larger(worst, error);
        }
      }
      MESSAGE(name(measure) << " N = " << N << ": largest error " << worst);
    }
  }
}

TEST_CASE("in float a structured step keeps the digits that its change has") {
  for (const Measure& measure : measures_with_steps()) {
    for (const Method& method : methods) {
      CAPTURE(name(measure));
      CAPTURE(name(method.how));
      const Matrix<double> x = random_matrix(64, 1, 3).cast<float>().cast<double>();
      const Matrix<double> exact = dense_step(measure, method, 1e-4, x, 0.5, -0.25);
      const State<float> single = structured_step<float>(measure, method, 1e-4, x, 0.5, -0.25);
      CHECK(relative_error(single.cast<double>(), exact) < 2e-7);
    }
  }
}

TEST_CASE("the degree and sub-steps may be fixed; a step does not allocate") {
  const Matrix<double> x0 = random_matrix(32, 2, 8);
  const Vector<double> u = random_matrix(2, 1, 9);
  HippoStep<double> chosen(LegT{}, 32, Discretization::foh);
  chosen.prepare(0.01);
  HippoStep<double> fixed(LegT{}, 32, Discretization::foh, 0.5, {.degree = 4, .substeps = 200});
  fixed.prepare(0.01);
  CHECK(fixed.pade().degree == 4);
  CHECK(fixed.pade().substeps == 200);
  State<double> a = x0, b = x0;
  const Vector<double> first = -u;
  const std::size_t before = support::allocations();
  chosen.advance(a, first, u);
  fixed.advance(b, first, u);
  fixed.prepare(0.02);
  CHECK(support::allocations() == before);
  CHECK(relative_error(a, b) < 1e-12);
  CHECK_THROWS_AS(HippoStep<double>(LegT{}, 8, Discretization::impulse), std::invalid_argument);
  CHECK_THROWS_AS(HippoStep<double>(LegT{}, 8, Discretization::foh, 0.5, {.degree = 5}), std::invalid_argument);
  CHECK_THROWS_AS(chosen.prepare(0), std::invalid_argument);
}

TEST_CASE("A12: a step that could not be prepared is not there the next time") {
  HippoStep<double> step(Fourier{}, 8, Discretization::zoh);
  step.prepare(0.01);
  CHECK_THROWS_AS(step.prepare(1e20), std::domain_error);
  CHECK_THROWS_AS(step.prepare(1e20), std::domain_error);
  CHECK(step.dt() == 0);
  step.prepare(0.01);
  CHECK(step.dt() == 0.01);
}

TEST_CASE("A12: a step so stiff that sub-steps would not end is its matrix") {
  for (const Measure& measure : support::time_invariant_measures()) {
    if (!has_operator(measure)) continue;
    CAPTURE(name(measure));
    const bool keeps = std::holds_alternative<Fourier>(measure);  // its constant never fades
    for (const double dt : keeps ? std::vector{30.0, 1e6} : std::vector{200.0, 1e6, 1e10}) {
      CAPTURE(dt);
      for (const Discretization method : {Discretization::zoh, Discretization::foh, Discretization::impulse}) {
        CAPTURE(name(method));
        const HippoSystem s = hippo_delay_system(measure, 6, 0.5);
        const DiscretizeOptions options{.convention = Convention::control};
        const DiscreteHippo d = discretize(s, dt, method, options);
        const DiscreteStateSpace expected = discretize(dense(s), dt, method, options);
        const DiscreteStateSpace got = dense(DiscreteSystem(d));
        const double tolerance = 1e-14 * dt + 1e-11;
        CHECK(support::largest(got.A - expected.A) < (keeps ? tolerance : 1e-12));
        CHECK(support::largest(got.B - expected.B) <=
              (keeps ? tolerance : 1e-11) * std::max(1.0, expected.B.cwiseAbs().maxCoeff()));
        if (!keeps && method == Discretization::zoh) {  // what a constant comes to: A x + B = 0
          const Vector<double> rest = -support::solve(dense(s).A, dense(s).B);
          CHECK(support::largest(got.B.col(0) - rest) < 1e-10 * rest.cwiseAbs().maxCoeff());
        }
        for (const Index copies : {1, 16}) {
          Recurrence<float> recurrence(d, copies);
          State<float> x = recurrence.zero_state();
          const Vector<float> u = Vector<float>::Ones(copies);
          Vector<float> y(copies);
          recurrence.step(u, y, x);
          CHECK(double(std::abs(x(0, copies - 1) - static_cast<float>(expected.B(0, 0)))) <=
                1e-5 * (1e-3 + std::abs(expected.B(0, 0))));
        }
      }
    }
  }
  CHECK_THROWS_AS(choose_pade(1, {.degree = 4, .substeps = Index{1} << 40}), std::invalid_argument);
}

TEST_CASE("a step by its matrix has no factors, nor has one that is not prepared") {
  HippoStep<double> step(LegT{}, 256, Discretization::zoh);
  step.reserve();
  CHECK(step.factors().empty());
  step.prepare(1e-3);
  CHECK_FALSE(step.factors().empty());
  step.prepare(0.8);
  CHECK(step.by_matrix());
  CHECK(step.factors().empty());
}
