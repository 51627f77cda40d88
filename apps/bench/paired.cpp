#include "paired.hpp"

#include <algorithm>
#include <chrono>

#ifdef __linux__
#include <sched.h>
#endif

namespace bench {
namespace {

double seconds(const std::function<void()>& work, int repeats) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / repeats;
}

int repeats_for(const std::function<void()>& work, double time) {
  return std::max(1, static_cast<int>(time / std::max(seconds(work, 1), 1e-9)));
}

}  // namespace

double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  const double at = part * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

Figure measure(const Line& line, int pairs) {
  if (line.figure) return *line.figure;
  constexpr double shortest = 1e-3;
  line.measured();  // warm
  line.reference();
  const int repeats = repeats_for(line.measured, shortest);
  // as long as the other side: what interrupts the machine must strike both alike
  const int reference_repeats =
      repeats_for(line.reference, std::max(shortest, seconds(line.measured, repeats) * repeats));
  std::vector<double> times, references, ratios;
  for (int pair = 0; pair < pairs; ++pair) {
    times.push_back(seconds(line.measured, repeats));
    references.push_back(line.scale * seconds(line.reference, reference_repeats));
    const double ratio = times.back() / references.back();
    ratios.push_back(line.better == Better::lower ? ratio : 1 / ratio);
  }
  const double median = quantile(ratios, 0.5);
  return {quantile(times, 0.5),   quantile(references, 0.5),
          quantile(ratios, 0.25), median,
          quantile(ratios, 0.75), line.better == Better::lower ? median <= line.bound : median >= line.bound};
}

void pin([[maybe_unused]] int cores) {
#ifdef __linux__
  static const cpu_set_t all = [] {
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  if (cores > 1) {
    sched_setaffinity(0, sizeof all, &all);
    return;
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
  sched_setaffinity(0, sizeof one, &one);
#endif
}

}  // namespace bench
