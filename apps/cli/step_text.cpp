#include "cli/step_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cli {
namespace {

using namespace longstate;

/// 9 characters: every number of a lesson has the same width.
std::string number(double value) {
  if (value == 0) value = 0;  // no -0
  const double size = std::abs(value);
  if (size != 0 && (size < 1e-3 || size >= 1e5)) return fmt::format("{:>9.1e}", value);
  return fmt::format("{:>9.{}f}", value, size >= 1e3 ? 1 : size >= 1e2 ? 2 : 4);
}

std::string row(const Vector<double>& values) {
  std::string text = "[";
  for (const double value : values.head(std::min(values.size(), lesson_order))) text += number(value);
  return text + (values.size() > lesson_order ? " …]" : " ]");
}

std::string matrix(const std::string& name, const Matrix<double>& A) {
  std::string text;
  const Index shown = std::min(A.rows(), lesson_order);
  for (Index n = 0; n < shown; ++n) {
    text += fmt::format("  {:>4} {} {}\n", n == (shown - 1) / 2 ? name : "", n == (shown - 1) / 2 ? "=" : " ",
                        row(A.row(n).transpose()));
  }
  return text;
}

std::string what_is_kept(const Measure& measure) {
  if (!is_time_invariant(measure)) return "all of the past, evenly: its window is the time since the start";
  if (std::isinf(support(measure))) return "the past, fading as it ages";
  const double middle = weight(measure, 0.5), end = weight(measure, 0);
  if (end > middle) return "a sliding window, its two ends above all";
  return end < middle ? "a sliding window, its middle above all" : "a sliding window of the past, evenly";
}

std::string between_samples(Discretization method) {
  switch (intersample(method)) {
    case Intersample::lines:
      return fmt::format("between samples it runs along straight lines ({})", name(method));
    case Intersample::held:
      return fmt::format("each sample is held for the step that ends with it ({})", name(method));
    case Intersample::approximate:
    case Intersample::none:
      break;
  }
  return fmt::format("the step is the published one, {}: nearly that of a held signal", name(method));
}

}  // namespace

std::string sparkline(const Vector<double>& values, double scale, Index most) {
  constexpr std::array bars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const Index each = (values.size() + most - 1) / most;  // of a bar: the greatest of some
  std::string text;
  for (Index first = 0; first < values.size(); first += each) {
    const auto part = values.segment(first, std::min(each, values.size() - first));
    const double value = part.maxCoeff() > -part.minCoeff() ? part.maxCoeff() : part.minCoeff();
    const double level = scale > 0 ? std::clamp((value / scale + 1) / 2, 0.0, 1.0) : 0.5;
    text += bars[static_cast<std::size_t>(std::lround(level * 7))];
  }
  return text;
}

std::string step_header() {
  return fmt::format("{:>8}{:>10} {:>9} {:>9} {:>8} {:>8}  {}\n", "sample", "time, s", "input", "now", "error", "best",
                     "coefficients (0 is ▅)");
}

std::string step_line(const TraceStep& step) {
  constexpr Index bars = 22;
  return fmt::format("{:>8}{:>10.5g} {} {} {:>8.1e} {:>8.1e}  {}\n", step.sample, step.time, number(step.input),
                     number(step.reconstruction(0)), step.error, step.best_error,
                     sparkline(step.after, step.after.cwiseAbs().maxCoeff(), bars));
}

std::string lesson_introduction(const Memory<double>& memory) {
  const Measure& measure = memory.measure();
  const MemoryOptions& options = memory.options();
  const Hippo matrices = hippo(measure, options.order);
  const bool invariant = is_time_invariant(measure);
  std::string text =
      fmt::format("A memory of {} numbers, {}. It keeps {}.\n", options.order, name(measure), what_is_kept(measure));
  if (invariant) {
    text += fmt::format("Its {} is {:.4g} s.\n", std::isinf(support(measure)) ? "time constant" : "window",
                        timescale(measure));
  }
  text +=
      fmt::format("\n    {:<24}x: the memory, u: the signal,\n", invariant ? "x' = A x + B u" : "x' = (A x + B u) / t");
  text += fmt::format("    {:<24}u(t - delay) ~ x_0 h_0(delay) + x_1 h_1(delay) + …\n\n", "");
  text += matrix("A", matrices.A) + "\n" + fmt::format("  {:>4} = {}\n\n", "B", row(matrices.B));
  text += fmt::format("A sample comes every {:.4g} s;\n{}.\n", options.dt, between_samples(options.method));
  if (invariant) {
    const DiscreteStateSpace step =
        discretize(coefficient_system(measure, options.order), options.dt, options.method,
                   {.convention = default_convention(options.method), .alpha = options.alpha});
    text += fmt::format("Without a signal a step would multiply x by\n\n{}\n", matrix("E", step.A));
    text +=
        "which moves the remembered past one step back in the window. The sample then\nfills what has become free.\n";
  } else {
    text +=
        "Without a signal a step would stretch the remembered past from [0, t] to [0, t']\n"
        "with nothing at its new end: E = exp(A ln(t'/t)). The sample fills that end.\n";
  }
  return text;
}

std::string lesson_step(const TraceStep& step, const Memory<double>& memory) {
  std::string text = fmt::format("sample {}, t = {:.5g} s: u ={}\n", step.sample, step.time, number(step.input));
  const bool first = step.sample == 0;
  if (!is_time_invariant(memory.measure()) && step.time > memory.options().dt) {
    text += fmt::format("    t'/t = {:.4f}\n", step.time / (step.time - memory.options().dt));
  }
  text += fmt::format("    x before  {}\n", first ? "nothing yet" : row(step.before));
  if (!first) text += fmt::format("    E x       {}  what becomes of it\n", row(step.faded));
  text += fmt::format("    + sample  {}  what u brings\n", row(step.added));
  text += fmt::format("    = x now   {}  {}\n", row(step.after),
                      sparkline(step.after, step.after.cwiseAbs().maxCoeff(), 4));
  const Index shown = std::min<Index>(step.samples.size(), 5);
  const auto list = [](const std::string& what, const Vector<double>& values) {
    std::string line = fmt::format("    {:<22}", what);
    for (const double value : values) line += number(value);
    return line + "\n";
  };
  text += list("newest samples first", step.samples.head(shown));
  text += list("remembered as", step.remembered.head(shown));
  text += fmt::format("    error {:.1e} over the window; of the best fit by {} numbers {:.1e}\n", step.error,
                      step.after.size(), step.best_error);
  return text;
}

}  // namespace cli
