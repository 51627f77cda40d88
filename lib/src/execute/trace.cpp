#include "../detail/check.hpp"

#include <longstate/execute/state.hpp>
#include <longstate/execute/trace.hpp>
#include <longstate/measure/basis.hpp>

#include <Eigen/QR>

#include <algorithm>
#include <cmath>

namespace longstate {
namespace {

constexpr double fading_span = 3;  // time constants that are shown

/// Of the delay of exactly the window may come a rounding more.
double age_of(double delay, double window) {
  const double age = window > 0 ? delay / window : 0;
  return std::abs(age - 1) < 1e-9 ? 1 : age;
}

}  // namespace

Trace::Trace(const Measure& measure, const MemoryOptions& options, Index grid)
    : memory_(measure, options), grid_(grid) {
  if (options.channels != 1) detail::fail("Trace", "channels must be 1", options.channels);
  if (grid < 2) detail::fail("Trace", "grid must be at least 2", grid);
}

void Trace::skip(double u) {
  memory_.push(u);
  samples_.push_back(u);
}

TraceStep Trace::step(double u) {
  TraceStep step;
  step.before = memory_.coefficients();
  step.faded = memory_.faded();
  skip(u);
  step.sample = memory_.samples() - 1;
  step.time = memory_.elapsed();
  step.input = u;
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

double Trace::age_of_sample(Index back) const {
  return age_of(static_cast<double>(back) * memory_.options().dt + memory_.sample_delay(), memory_.window());
}

/// At the samples within the window, of a fading measure within one time constant.
void Trace::compare(TraceStep& step) const {
  const Measure& measure = memory_.measure();
  const auto seen = static_cast<Index>(samples_.size());
  std::vector<double> ages, values;
  for (Index back = 0; back < seen; ++back) {
    const double age = age_of_sample(back);
    if (age > 1) break;
    if (!in_support(measure, age)) continue;
    ages.push_back(age);
    values.push_back(samples_[static_cast<std::size_t>(seen - 1 - back)]);
  }
  const auto count = static_cast<Index>(ages.size());
  step.samples = Eigen::Map<const Vector<double>>(values.data(), count);
  const Vector<double> at = Eigen::Map<const Vector<double>>(ages.data(), count);
  step.sample_delays = at * memory_.window();
  step.best_fit = Vector<double>::Zero(memory_.order());
  if (count == 0) return;
  const Matrix<double> H = basis(measure, memory_.order(), at).transpose();
  step.best_fit = Eigen::CompleteOrthogonalDecomposition<Matrix<double>>(H).solve(step.samples);
  const double scale = step.samples.norm() > 0 ? step.samples.norm() : 1;
  step.remembered = H * step.after;
  step.best_samples = H * step.best_fit;
  step.error = (step.remembered - step.samples).norm() / scale;
  step.best_error = (step.best_samples - step.samples).norm() / scale;
}

}  // namespace longstate
