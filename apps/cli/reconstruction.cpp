#include "cli/reconstruction.hpp"

#include "cli/error.hpp"
#include "cli/least_squares.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace cli {
namespace {

using longstate::Intersample;
using longstate::Memory;

Reconstruction begin(const MemoryRequest& request, const Memory<double>& memory) {
  if (!memory.coefficients().allFinite()) {
    throw Failure(
        fmt::format("{} with {}: the coefficients grew beyond any bound; the method is unstable at dt = {}; "
                    "take foh, zoh or bilinear",
                    request.measure, request.method, request.dt));
  }
  Reconstruction result;
  result.measure = request.measure;
  result.method = request.method;
  result.window = memory.window();
  result.order = memory.order();
  result.samples = memory.samples();
  result.coefficients = memory.coefficients();
  result.shape = memory.measure();
  return result;
}

Intersample intersample(const MemoryRequest& request) {
  return longstate::intersample(longstate::make_discretization(request.method));
}

/// Age 1 may come out a rounding beyond the window.
double age_of(double delay, double window) {
  const double age = window > 0 ? delay / window : 0;
  return std::abs(age - 1) < 1e-9 ? 1 : age;
}

/// Errors at the means of bins, and beside them what varies within each bin and the reconstruction does not: it is taken for right as far as it
/// varies as much. h: the basis at the bins.
void errors_from_bins(Reconstruction& result, const std::vector<const Bin*>& bins, const Matrix<double>& h) {
  const Index count = static_cast<Index>(bins.size());
  LeastSquares best(result.order, result.input.rows());
  double energy = 0, error = 0, within = 0;
  for (Index j = 0; j < count; ++j) {
    const Bin& bin = *bins[static_cast<std::size_t>(j)];
    const double n = static_cast<double>(bin.count);
    const Vector<double> step =
        (result.signal.col(std::min(j + 1, count - 1)) - result.signal.col(std::max<Index>(j - 1, 0))) / 2;
    const Vector<double> varies = step.cwiseAbs2() * ((n - 1 / n) / 12);  // n samples on a line
    energy += bin.held.sum();
    error += n * (result.signal.col(j) - result.input.col(j)).squaredNorm();
    within += (bin.held.matrix() - n * result.input.col(j).cwiseAbs2() - varies).cwiseMax(0).sum();
    best.add(std::sqrt(n) * h.col(j).transpose(), std::sqrt(n) * result.input.col(j).transpose());
  }
  const double scale = energy > 0 ? energy : 1;
  result.error = std::sqrt((error + within) / scale);
  result.best_error = std::sqrt((best.residual() + within) / scale);
  result.error_from = "bins";
}

/// Whether a sample of this age counts: within the window, for a fading measure within one time constant.
bool counts(const longstate::Measure& measure, double age) { return longstate::in_support(measure, age) && age <= 1; }

/// Whether coefficients by foh and zoh are the projection of the signal: of sliding windows they are nearly that (memory.hpp).
bool projects(const longstate::Measure& measure) {
  return std::holds_alternative<longstate::LegS>(measure) || std::isinf(longstate::support(measure));
}

}  // namespace

Memory<double> MemoryRequest::make(double default_window) const {
  return Memory<double>(longstate::make_measure(measure, window > 0 ? window : default_window),
                        {.order = order,
                         .dt = dt,
                         .channels = channels,
                         .method = longstate::make_discretization(method),
                         .alpha = alpha});
}

Reconstruction reconstruct(const MemoryRequest& request, const Matrix<double>& samples, Progress& progress) {
  const Index n = samples.cols();
  const bool lines = intersample(request) == Intersample::lines;
  const Index cells = std::max<Index>(lines ? n - 1 : n, 1);
  Memory<double> memory = request.make(static_cast<double>(cells) * request.dt);

  constexpr Index chunk = 512;
  for (Index done = 0; done < n; done += chunk) {
    memory.push_block(samples.middleCols(done, std::min(chunk, n - done)));
    progress.update(static_cast<double>(done) / static_cast<double>(n), done);
  }
  Reconstruction result = begin(request, memory);

  const auto age_of_sample = [&](Index k) {
    return age_of(static_cast<double>(n - 1 - k) * request.dt + memory.sample_delay(), result.window);
  };
  Index first = 0;
  while (first < n && !counts(result.shape, age_of_sample(first))) ++first;
  Index last = n;
  while (last > first && !counts(result.shape, age_of_sample(last - 1))) --last;
  const Index count = last - first;
  if (count == 0) throw InputError(fmt::format("{}: no sample lies within the window", request.measure));

  result.input = samples.middleCols(first, count);
  result.signal.resize(samples.rows(), count);
  result.times.resize(count);
  LeastSquares best(request.order, samples.rows());
  for (Index done = 0; done < count; done += chunk) {
    const Index more = std::min(chunk, count - done);
    Vector<double> ages(more);
    for (Index j = 0; j < more; ++j) {
      ages(j) = age_of_sample(first + done + j);
      result.times(done + j) = static_cast<double>(first + done + j) * request.dt;
    }
    const Matrix<double> h = longstate::basis(result.shape, request.order, ages);
    result.signal.middleCols(done, more) = result.coefficients.transpose() * h;
    best.add(h.transpose(), result.input.middleCols(done, more).transpose());
    progress.update(static_cast<double>(done) / static_cast<double>(count), n);
  }
  const double energy = result.input.squaredNorm();
  const double scale = energy > 0 ? energy : 1;
  result.error_from = "samples";
  result.error = std::sqrt((result.signal - result.input).squaredNorm() / scale);
  result.best_error = std::sqrt(best.residual() / scale);
  return result;
}

Reconstruction reconstruct(const MemoryRequest& request, const Memory<double>& memory, const History& history) {
  Reconstruction result = begin(request, memory);
  const bool lines = intersample(request) == Intersample::lines;
  const double n = static_cast<double>(history.samples());

  double energy = 0;  // int u^2 omega / chi^2 dage, a bin at a time
  std::vector<const Bin*> inside;
  std::vector<double> ages;
  for (const Bin& bin : history.bins()) {
    const double age = age_of((n - 1 - bin.middle()) * request.dt + memory.sample_delay(), result.window);
    const double width = static_cast<double>(bin.count) * request.dt / result.window;
    const double cells =
        age_of((n - 0.5 - bin.middle()) * request.dt, result.window);  // held or joined: half a cell older
    // The share of a bin on the edge of the window.
    const double share = std::clamp((longstate::support(result.shape) - cells) / width + 0.5, 0.0, 1.0);
    const double weighed_at = std::min(cells, longstate::support(result.shape) * (1 - 1e-9));
    if (share > 0 && longstate::in_support(result.shape, weighed_at)) {
      const double density =
          longstate::weight(result.shape, weighed_at) / std::pow(longstate::tilt(result.shape, weighed_at), 2);
      energy += share * density * (lines ? bin.joined : bin.held).sum() * request.dt / result.window;
    }
    if (counts(result.shape, age)) {
      inside.push_back(&bin);
      ages.push_back(age);
    }
  }
  const Index count = static_cast<Index>(inside.size());
  if (count == 0) throw InputError(fmt::format("{}: no sample lies within the window", request.measure));
  result.times.resize(count);
  result.input.resize(request.channels, count);
  for (Index j = 0; j < count; ++j) {
    const Bin& bin = *inside[static_cast<std::size_t>(j)];
    result.times(j) = bin.middle() * request.dt;
    result.input.col(j) = bin.mean();
  }
  const Eigen::Map<const Eigen::VectorXd> age_list(ages.data(), count);
  const Matrix<double> h = longstate::basis(result.shape, result.order, age_list);
  result.signal = result.coefficients.transpose() * h;
  if (projects(result.shape) &&
      (lines || intersample(request) == Intersample::held)) {  // no fit in these functions is better
    const Vector<double> norms = longstate::basis_norms(result.shape, result.order);
    const double kept = (result.coefficients.cwiseAbs2().transpose() * norms).sum();
    const double left = energy > 0 ? 1 - kept / energy : 0;
    result.error = result.best_error = left < 0 ? 0 : std::sqrt(left);  // NaN, beyond the range of double, stays
    result.error_from = "energies";
  } else {
    errors_from_bins(result, inside, h);
  }
  return result;
}

}  // namespace cli
