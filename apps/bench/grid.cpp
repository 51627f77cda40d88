#include "grid.hpp"
#include "aligned.hpp"

#include "jobs.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

/// The two best blocks of each path, within reach of the best of all.
std::vector<Candidate> worth_measuring(const Plan& plan) {
  std::vector<Candidate> some;
  std::map<Path, int> of_path;
  for (const Candidate& candidate : plan.candidates) {
    const int already = of_path[candidate.path]++;
    const bool near = candidate.seconds < 3 * plan.best().seconds;
    if (already < 2 && (near || (already == 0 && candidate.path != Path::fft))) some.push_back(candidate);
  }
  return some;
}

class Timed {
 public:
  Timed(const std::vector<DiscreteSystem>& layer, const Plan& plan, const Candidate& candidate)
      : candidate_{candidate.path, candidate.block, HUGE_VAL},
        path_(layer, {plan.workload, plan.planning, {candidate}}),
        x_(path_.zero_state()) {}

  void run(const Aligned<float>& u, Aligned<float>& y, int repeats) {
    const auto start = Clock::now();
    for (int i = 0; i < repeats; ++i) path_.run(u, y, x_);
    const double samples = static_cast<double>(u.size()) * repeats;
    candidate_.seconds =
        std::min(candidate_.seconds, std::chrono::duration<double>(Clock::now() - start).count() / samples);
  }
  const Candidate& candidate() const { return candidate_; }

 private:
  Candidate candidate_;
  Planned<float> path_;
  State<float> x_;
};

Cell measure_cell(const std::vector<DiscreteSystem>& layer, Index length) {
  const auto channels = static_cast<Index>(layer.size());
  const Plan plan = longstate::plan<float>(layer, {.length = length});
  std::vector<Timed> paths;
  for (const Candidate& candidate : worth_measuring(plan)) paths.emplace_back(layer, plan, candidate);

  const Aligned<float> u = Matrix<float>::Random(channels, length);
  Aligned<float> y = u;
  constexpr double shortest = 1e-3, enough = 30e-3;
  const double once = plan.best().seconds * static_cast<double>(u.size());
  const int repeats = std::max(1, static_cast<int>(shortest / once));
  const auto start = Clock::now();
  for (int round = 0; round < 6 || std::chrono::duration<double>(Clock::now() - start).count() < enough; ++round) {
    if (round == 3 && once > 1) break;
    for (Timed& path : paths) path.run(u, y, repeats);
  }

  Cell cell{order(layer.front()), channels, length, {}, paths.front().candidate()};
  for (const Timed& path : paths) cell.measured.push_back(path.candidate());
  std::ranges::sort(cell.measured, {}, &Candidate::seconds);
  return cell;
}

}  // namespace

std::vector<Cell> measure_grid(const Grid& grid, const std::function<void(double)>& progress) {
  std::vector<Cell> cells;
  const std::size_t all =
      grid.orders.size() * grid.channels.size() * static_cast<std::size_t>(grid.last - grid.first + 1);
  for (const Index channels : grid.channels) {
    for (const Index order : grid.orders) {
      const std::vector<DiscreteSystem> layer = diagonal_layer(order, channels);
      for (int log2 = grid.first; log2 <= grid.last; ++log2) {
        cells.push_back(measure_cell(layer, Index{1} << log2));
        progress(static_cast<double>(cells.size()) / static_cast<double>(all));
      }
    }
  }
  return cells;
}

Line auto_line() {
  Grid grid;
  grid.last = 13;  // `longstate paths` goes on to 2^20
  const std::vector<Cell> cells = measure_grid(grid, [](double) {});
  const Cell worst = *std::ranges::max_element(cells, {}, &Cell::ratio);
  const auto layer = diagonal_layer(worst.order, worst.channels);
  const auto on = [&](const Candidate& candidate) {
    const Plan plan{{.length = worst.length}, Planning::estimate, {candidate}};
    return job(Planned<float>(layer, plan), worst.length);
  };
  std::string name("auto at its worst of the grid: diagonal, float, N = ");
  name.append(std::to_string(worst.order)).append(", ").append(std::to_string(worst.channels));
  name.append(" channels, L = ").append(std::to_string(worst.length));
  return {name, "the best single path there", 1.1, Better::lower, on(worst.chosen), on(worst.measured.front())};
}

}  // namespace bench
