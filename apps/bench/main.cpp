// The lines of `longstate bench` under Google Benchmark, with the steps over the order (step.cpp): each line is one benchmark,
// whose time is the median of its pairs; the ratio's quartiles, the reference and the bound are counters.

#include "paired.hpp"

#include <benchmark/benchmark.h>

namespace {

void line(benchmark::State& state, const bench::Entry& entry) {
  for (auto _ : state) {
    bench::pin(entry.cores);
    const bench::Line line = entry.make();
    const bench::Figure figure = bench::measure(line);
    state.SetIterationTime(figure.seconds);
    state.SetLabel(line.name + " / " + line.beside);
    state.counters["reference"] = figure.reference;
    state.counters["ratio"] = figure.median;
    state.counters["q1"] = figure.lower;
    state.counters["q3"] = figure.upper;
    state.counters["bound"] = line.bound;
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const bench::Entry& entry : bench::entries()) {
    benchmark::RegisterBenchmark(entry.name.c_str(), line, entry)
        ->UseManualTime()
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
