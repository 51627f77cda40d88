#include "../detail/check.hpp"
#include "../detail/decompositions.hpp"

#include <longstate/execute/state.hpp>
#include <longstate/execute/trace.hpp>
#include <longstate/measure/basis.hpp>

#include <algorithm>
#include <cmath>

namespace longstate {
namespace {

constexpr double fading_span = 3;  // time constants that are shown
constexpr Index apart = 64;        // samples between copies

/// Of the delay of exactly the window may come a rounding more.
double age_of(double delay, double window) {
  const double age = window > 0 ? delay / window : 0;
  return std::abs(age - 1) < 1e-9 ? 1 : age;
}

}  // namespace

Trace::Trace(const Measure& measure, const MemoryOptions& options, Vector<double> samples, Index grid)
    : samples_(std::move(samples)), grid_(grid), memory_(measure, options) {
  if (options.channels != 1) detail::fail("Trace", "channels must be 1", options.channels);
  if (grid < 2) detail::fail("Trace", "grid must be at least 2", grid);
  for (Index k = 0; k < samples_.size(); ++k) {
    if (!std::isfinite(samples_(k))) {
      detail::fail("Trace", "sample " + std::to_string(k) + " must be finite", samples_(k));
    }
  }
  copies_.push_back(memory_);
}

/// memory_ to where it has seen k samples.
void Trace::go_to(Index k) {
  const Index copy = std::min(k / apart, static_cast<Index>(copies_.size()) - 1);
  if (memory_.samples() > k || memory_.samples() < copy * apart) memory_ = copies_[static_cast<std::size_t>(copy)];
  while (memory_.samples() < k) {
    memory_.push(samples_(memory_.samples()));
    if (memory_.samples() == static_cast<Index>(copies_.size()) * apart) copies_.push_back(memory_);
  }
}

TraceStep Trace::at(Index k) {
  if (k < 0 || k >= samples()) {
    detail::fail("Trace::at", "k must be from 0 to " + std::to_string(samples() - 1), k);
  }
  TraceStep step;
  go_to(k);
  step.before = memory_.coefficients();
  step.faded = memory_.faded();
  go_to(k + 1);
  step.sample = k;
  step.time = memory_.elapsed();
  step.input = samples_(k);
  step.after = memory_.coefficients();
  step.added = step.after - step.faded;
  compare(step);
  look_back(step);
  return step;
}

/// The signal on the grid, from the coefficients and from the best ones.
void Trace::look_back(TraceStep& step) const {
  const Measure& measure = memory_.measure();
  const double theta = memory_.window();
  const double most = std::isinf(support(measure)) ? fading_span : support(measure);
  Vector<double> ages = Vector<double>::LinSpaced(grid_, 0, most);
  if (!in_support(measure, 0)) ages = ages.cwiseMax(1e-3).cwiseMin(1 - 1e-3);  // chebt's basis is infinite at its ends
  step.delays = ages * theta;
  step.reconstruction = read_out(measure, step.after, ages);
  step.best = read_out(measure, step.best_fit, ages);
}

/// At the samples within the window, of a fading measure within one time constant.
void Trace::compare(TraceStep& step) const {
  const Measure& measure = memory_.measure();
  std::vector<double> ages, values;
  for (Index back = 0; back <= step.sample; ++back) {
    const double delay = static_cast<double>(back) * memory_.options().dt + memory_.sample_delay();
    const double age = age_of(delay, memory_.window());
    if (age > 1) break;
    if (!in_support(measure, age)) continue;
    ages.push_back(age);
    values.push_back(samples_(step.sample - back));
  }
  const auto count = static_cast<Index>(ages.size());
  step.samples = Eigen::Map<const Eigen::VectorXd>(values.data(), count);
  const Vector<double> at = Eigen::Map<const Eigen::VectorXd>(ages.data(), count);
  step.sample_delays = at * memory_.window();
  step.best_fit = Vector<double>::Zero(memory_.order());
  if (count == 0) return;
  const Matrix<double> H = basis(measure, memory_.order(), at).transpose();
  step.best_fit = detail::least_norm_solution(H, step.samples);
  const double scale = step.samples.norm() > 0 ? step.samples.norm() : 1;
  step.remembered = H * step.after;
  step.best_samples = H * step.best_fit;
  step.error = (step.remembered - step.samples).norm() / scale;
  step.best_error = (step.best_samples - step.samples).norm() / scale;
}

}  // namespace longstate
