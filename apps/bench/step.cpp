// The cost of one step over the order N: structured ones are linear in it, dense ones quadratic. The counter "each", the time
// for one of N, is constant where the cost is linear. zoh and foh run with ||A|| dt = 4 at each order (six complex solves): with dt itself
// fixed their number grows as ||A|| does, N^2 for the Legendre measures.

#include <longstate/longstate.hpp>

#include <benchmark/benchmark.h>

#include <string>

namespace {

using namespace longstate;

void report(benchmark::State& bench, Index order) {
  bench.counters["each"] = benchmark::Counter(
      static_cast<double>(order), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void structured_step(benchmark::State& bench, const Measure& measure, Discretization method) {
  const Index order = bench.range(0);
  HippoStep<double> step(measure, order, method);
  step.prepare(is_gbt(method) ? 1e-3 : 4 / step.matrices().norm_bound());
  State<double> x = State<double>::Ones(order, 1);
  const Vector<double> u = Vector<double>::Ones(1);
  for (auto _ : bench) {
    step.advance(x, u, u);
    benchmark::DoNotOptimize(x.data());
  }
  report(bench, order);
}

void variable_step(benchmark::State& bench, const Measure& measure, Discretization method) {
  const Index order = bench.range(0);
  HippoStep<double> step(measure, order, method);
  const double base = is_gbt(method) ? 1e-3 : 4 / step.matrices().norm_bound();
  State<double> x = State<double>::Ones(order, 1);
  const Vector<double> u = Vector<double>::Ones(1);
  double jitter = 0;
  for (auto _ : bench) {
    jitter = jitter > 0.05 ? 0 : jitter + 1e-3;
    step.prepare(base * (1 - jitter));
    step.advance(x, u, u);
    benchmark::DoNotOptimize(x.data());
  }
  report(bench, order);
}

/// A transition of any structure, y = C x left out.
void transition(benchmark::State& bench, const DiscreteSystem& system) {
  Transition<double> A(system);
  Vector<double> x = Vector<double>::Ones(order(system));
  Vector<double> next = x;
  for (auto _ : bench) {
    A.apply(x, next);
    benchmark::DoNotOptimize(next.data());
  }
  report(bench, bench.range(0));
}

void nplr_step(benchmark::State& bench) {
  const Index order = bench.range(0);
  // Its cost does not depend on the values; an eigenproblem of 4,096 would take minutes.
  DiagonalSystem lin = initialize_diagonal("s4d-lin", order);
  NplrSystem system{lin.lambda, lin.B, lin.B, lin.C, lin.D};
  transition(bench, discretize(system, 1e-3, Discretization::bilinear));
}

void diagonal_step(benchmark::State& bench) {
  transition(bench, discretize(initialize_diagonal("s4d-lin", bench.range(0)), 1e-3, Discretization::zoh));
}

void dense_step(benchmark::State& bench) {
  const Index order = bench.range(0);
  transition(bench, DiscreteStateSpace{Matrix<double>::Identity(order, order) / 2, Matrix<double>::Ones(order, 1),
                                       Matrix<double>::Ones(1, order), Matrix<double>::Zero(1, 1)});
}

const int registered = [] {
  for (const std::string_view measure : {"legs-exp", "legt", "lmu", "lagt", "fourier"}) {
    for (const Discretization method : {Discretization::forward_euler, Discretization::bilinear, Discretization::foh}) {
      const std::string label = std::string(measure).append(" ").append(name(method));
      benchmark::RegisterBenchmark(("step " + label).c_str(), structured_step, make_measure(measure), method)
          ->RangeMultiplier(4)
          ->Range(16, 4096);
    }
    benchmark::RegisterBenchmark(std::string("variable step ").append(measure).append(" foh").c_str(), variable_step,
                                 make_measure(measure), Discretization::foh)
        ->RangeMultiplier(4)
        ->Range(16, 4096);
  }
  benchmark::RegisterBenchmark("step nplr bilinear", nplr_step)->RangeMultiplier(4)->Range(16, 4096);
  benchmark::RegisterBenchmark("step diagonal", diagonal_step)->RangeMultiplier(4)->Range(16, 4096);
  benchmark::RegisterBenchmark("step dense", dense_step)->RangeMultiplier(4)->Range(16, 4096);
  return 0;
}();

}  // namespace
