#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace longstate;
using support::relative_error;

namespace {

Vector<double> signal(Index n) { return support::band_limited(n, 0.01, 3, 5); }

}  // namespace

TEST_CASE("a trace's steps are the memory's, and its parts add up") {
  for (const std::string_view measure : measure_names()) {
    for (const Discretization method : {Discretization::foh, Discretization::zoh, Discretization::bilinear}) {
      CAPTURE(measure);
      CAPTURE(name(method));
      const MemoryOptions options{.order = 12, .dt = 0.01, .method = method};
      Memory<double> memory(make_measure(measure, 0.5), options);
      const Vector<double> u = signal(80);
      Trace trace(make_measure(measure, 0.5), options, u);
      for (Index k = 0; k < u.size(); ++k) {
        const Vector<double> before = memory.coefficients();
        memory.push(u(k));
        if (k % 3 == 1) continue;
        const TraceStep step = trace.at(k);
        CHECK(step.sample == k);
        CHECK(step.time == memory.elapsed());
        CHECK(step.before == before);
        CHECK(step.after == memory.coefficients());
        CHECK(relative_error(step.faded + step.added, step.after) < 1e-14);
        const Vector<double> inside =
            step.delays.segment(1, 199).cwiseMin(is_time_invariant(memory.measure()) ? HUGE_VAL : memory.elapsed());
        if (k > 0) {
          CHECK(relative_error(step.reconstruction.segment(1, 199), memory.reconstruct(inside)) < 1e-12);
        }
        CHECK(step.best_error <= step.error * (1 + 1e-9) + 1e-9);
      }
    }
  }
}

TEST_CASE("what fades is e^(hA) x, what is added B u, as the dense discretisation has them") {
  constexpr Index N = 12;
  const double dt = 0.01;
  const Vector<double> u = signal(60);
  for (const Measure& measure : support::time_invariant_measures(0.5)) {
    CAPTURE(name(measure));
    const DiscreteStateSpace dense_step = discretize(coefficient_system(measure, N), dt, Discretization::zoh);
    Trace trace(measure, {.order = N, .dt = dt, .method = Discretization::zoh}, u);
    for (Index k = 5; k < u.size(); ++k) {
      const TraceStep step = trace.at(k);
      CHECK(relative_error(step.faded, dense_step.A * step.before) < 1e-12);
      CHECK(relative_error(step.added, dense_step.B * u(k)) < 1e-11);
    }
  }
}

TEST_CASE("legs: the old memory only stretches, and the best fit is a projection of the samples") {
  // p(v) on [0, t] seen on [0, t']: at the same times the same values, nothing after them
  const Vector<double> u = signal(100);
  const TraceStep step = Trace(LegS{}, {.order = 8, .dt = 1}, u).at(20);
  Vector<double> stretched = Vector<double>::Zero(8);
  constexpr Index cells = 20000;  // midpoints
  for (Index j = 0; j < cells; ++j) {
    const double age = (double(j) + 0.5) / cells;  // of 20 s
    if (age * 20 < 1) continue;
    const Vector<double> old = basis(Measure(LegT{}), 8, (age * 20 - 1) / 19);
    stretched += basis(Measure(LegT{}), 8, age) * (old.dot(step.before) / cells);
  }
  CHECK(relative_error(step.faded, stretched) < 1e-3);
  // normal equations: what the best fit leaves is orthogonal to the basis
  const Matrix<double> H = basis(LegT{}, 8, Vector<double>(step.sample_delays / 20)).transpose();
  CHECK((H.transpose() * (H * step.best_fit - step.samples)).norm() < 1e-10 * step.samples.norm());
  CHECK(step.best_error < step.error);
  CHECK(step.samples.size() == 21);
  CHECK(step.samples(0) == u(20));
  CHECK(relative_error(step.remembered, H * step.after) < 1e-13);
}

TEST_CASE("a trace goes back, and far ahead, to the same steps") {
  const Vector<double> u = signal(400);
  const MemoryOptions options{.order = 10, .dt = 0.01};
  Trace forward(LegT{0.5}, options, u), wandering(LegT{0.5}, options, u);
  std::vector<Vector<double>> states;
  for (Index k = 0; k < u.size(); ++k) states.emplace_back(forward.at(k).after);
  for (const Index k : {399, 0, 130, 128, 127, 64, 63, 398, 1, 200, 201, 200}) {
    CAPTURE(k);
    CHECK(wandering.at(k).after == states[std::size_t(k)]);
    CHECK(wandering.memory().samples() == k + 1);
  }
}

TEST_CASE("a trace takes one channel and a grid, and reports what is not finite or not there") {
  const Vector<double> u = Vector<double>::Ones(3);
  CHECK_THROWS_WITH_AS(Trace(LegS{}, {.channels = 2}, u), "longstate::Trace: channels must be 1, got 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(Trace(LegS{}, {}, u, 1), "longstate::Trace: grid must be at least 2, got 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(Trace(LegS{}, {}, Vector<double>::Constant(2, NAN)),
                       "longstate::Trace: sample 0 must be finite, got nan", std::invalid_argument);
  Trace trace(LegS{}, {.order = 4}, u);
  CHECK_THROWS_WITH_AS(trace.at(3), "longstate::Trace::at: k must be from 0 to 2, got 3", std::invalid_argument);
  CHECK_THROWS_AS(trace.at(-1), std::invalid_argument);
}
