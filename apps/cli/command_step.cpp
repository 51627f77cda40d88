#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/plot.hpp"
#include "cli/progress.hpp"
#include "cli/signal_input.hpp"
#include "cli/step_screen.hpp"
#include "cli/step_text.hpp"
#include "cli/system_options.hpp"
#include "cli/validators.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

namespace cli {
namespace {

using namespace longstate;

struct StepOptions {
  std::string input, measure = "legs", method = "foh", plot;
  Index order = 16, from = 0, every = 1, channel = 0;
  std::optional<Index> to;
  std::optional<double> window, rate;
  double alpha = 0.5;
  bool explain = false, json = false, interactive = false;
};

/// The whole signal of one channel, with its rate.
struct Signal1 {
  Vector<double> samples;
  double dt;
  bool assumed;  // nobody said the rate
};

Signal1 load(const StepOptions& options) {
  const LoadedSignal signal = load_signal(options.input);
  if (options.channel < 0 || options.channel >= signal.samples.rows()) {
    throw InputError(fmt::format("--channel must be from 0 to {}, got {}", signal.samples.rows() - 1, options.channel));
  }
  if (signal.samples.cols() == 0) throw InputError(fmt::format("{}: there is no sample", options.input));
  return {signal.samples.row(options.channel).transpose(), 1 / options.rate.value_or(signal.rate.value_or(1.0)),
          !options.rate && !signal.rate};
}

Json to_json(const TraceStep& s) {
  return {{"step", s.sample},
          {"time", s.time},
          {"input", s.input},
          {"before", cli::to_json(s.before)},
          {"faded", cli::to_json(s.faded)},
          {"added", cli::to_json(s.added)},
          {"after", cli::to_json(s.after)},
          {"delays", cli::to_json(s.delays)},
          {"reconstruction", cli::to_json(s.reconstruction)},
          {"best", cli::to_json(s.best)},
          {"error", s.error},
          {"best_error", s.best_error}};
}

/// Samples that are looked at.
std::vector<Index> watched(const StepOptions& options, Index samples) {
  const Index last = std::min(options.to.value_or(samples - 1), samples - 1);
  if (options.from > last) {
    throw InputError(fmt::format("--from must be at most {}, the last sample{}, got {}", last,
                                 options.to ? " that --to allows" : "", options.from));
  }
  std::vector<Index> list;
  for (Index k = options.from; k <= last; k += options.every) list.push_back(k);
  return list;
}

void check(const StepOptions& options) {
  if (options.rate && !(*options.rate > 0 && std::isfinite(*options.rate))) {
    throw InputError(fmt::format("--rate must be positive, got {}", *options.rate));
  }
  if (options.window && !(*options.window > 0 && std::isfinite(*options.window))) {
    throw InputError(fmt::format("--window must be positive, got {}", *options.window));
  }
  if (!options.plot.empty()) check_can_plot(options.plot);
  if (options.json && (options.explain || options.interactive)) {
    throw InputError("--json goes with neither --explain nor --interactive");
  }
  if (options.input == "-" && options.interactive)
    throw InputError("--interactive reads keys from standard input: give a file");
}

/// At most six of the places, the first and the last among them.
std::vector<Index> film(const std::vector<Index>& places) {
  const std::size_t count = std::min<std::size_t>(6, places.size());
  std::vector<Index> some;
  for (std::size_t i = 0; i < count; ++i)
    some.push_back(places[count == 1 ? 0 : i * (places.size() - 1) / (count - 1)]);
  return some;
}

void run(const StepOptions& options) {
  check(options);
  Signal1 signal = load(options);
  const Index n = signal.samples.size();
  const std::vector<Index> places = watched(options, n);
  const bool lines = intersample(make_discretization(options.method)) == Intersample::lines;
  const double duration = static_cast<double>(std::max<Index>(lines ? n - 1 : n, 1)) * signal.dt;
  const Measure measure = make_measure(options.measure, options.window.value_or(duration));
  if (options.window) warn_of_few_samples(measure, options.order, signal.dt, signal.assumed);
  Trace trace(
      measure,
      {.order = options.order, .dt = signal.dt, .method = make_discretization(options.method), .alpha = options.alpha},
      std::move(signal.samples));
  const auto step_at = [&](Index k) {
    TraceStep step = trace.at(k);
    if (!step.after.allFinite() || !std::isfinite(step.error) || !std::isfinite(step.best_error)) {
      throw Failure(
          fmt::format("{} with {}: the coefficients grew beyond any bound at sample {}; take foh, zoh or bilinear",
                      options.measure, options.method, k));
    }
    return step;
  };

  if (options.interactive) {
    show_pages(places.size(), [&](std::size_t place) {
      const TraceStep step = step_at(places[place]);
      return step_header() + step_line(step) + "\n" + lesson_step(step, trace.memory()) + "\n" +
             (place == 0 ? lesson_introduction(trace.memory()) : std::string());
    });
  } else {
    if (!options.json) print(options.explain ? lesson_introduction(trace.memory()) : step_header());
    Progress progress("stepping");
    for (std::size_t i = 0; i < places.size(); ++i) {
      const TraceStep step = step_at(places[i]);
      print(options.json      ? to_line(to_json(step))
            : options.explain ? "\n" + lesson_step(step, trace.memory())
                              : step_line(step));
      if (::isatty(STDOUT_FILENO) == 0)
        progress.update(static_cast<double>(i + 1) / static_cast<double>(places.size()), places[i]);
    }
  }
  if (!options.plot.empty()) {
    std::vector<TraceStep> steps;
    for (const Index k : film(places)) steps.push_back(step_at(k));
    plot_steps(options.plot, fmt::format("{} numbers of {}, {}", options.order, options.measure, options.input), steps);
  }
}

}  // namespace

void add_step(CLI::App& app) {
  auto options = std::make_shared<StepOptions>();
  CLI::App* const command = app.add_subcommand("step", "Watch a memory at work, sample by sample");
  command->footer(
      "A line a step: the sample, the time, the input, what the memory says is the input now, the error over its "
      "window,\n"
      "that of the best fit in the same functions, and the coefficients. --explain shows each update with its "
      "numbers.\n\n"
      "Examples:\n"
      "  longstate step sunspots.csv --rate 12 --measure legt --window 11 --order 4 --to 8 --explain\n"
      "  longstate step speech.wav --measure legs --order 64 --every 2000 --plot steps.png\n"
      "  longstate step speech.wav --measure legt --window 0.02 --order 32 --from 4000 --to 4400 --interactive");
  command->add_option("input", options->input, "a .csv, .wav, .flac or .ogg file, or - for CSV on standard input")
      ->required();
  command->add_option("--measure", options->measure, "one of " + listed(measure_names()))->capture_default_str();
  command->add_option("--order", options->order, "N, how many numbers keep the signal")->capture_default_str();
  command->add_option("--window", options->window, "window or time constant, seconds; default the signal's duration");
  command->add_option("--method", options->method, "one of " + listed(discretization_names()))->capture_default_str();
  command->add_option("--alpha", options->alpha, "of gbt")->capture_default_str();
  command->add_option("--rate", options->rate, "samples a second; default the file's own, 1 for CSV");
  command->add_option("--channel", options->channel, "of the signal, from 0")->capture_default_str();
  command->add_option("--from", options->from, "the first sample to show")
      ->check(not_negative())
      ->capture_default_str();
  command->add_option("--to", options->to, "the last one; default the signal's last")->check(not_negative());
  command->add_option("--every", options->every, "show one of so many")->check(positive())->capture_default_str();
  command->add_flag("--explain", options->explain, "show how each step comes about");
  command->add_option("--plot", options->plot, "a film strip of at most six steps: .svg, .png or .pdf");
  command->add_flag("--interactive", options->interactive, "forward and back with space and arrows");
  command->add_flag("--json", options->json,
                    "print {\"step\",\"time\",\"input\",\"before\",\"faded\",\"added\",\"after\",...}, a line a step");
  command->callback([options] { run(*options); });
}

}  // namespace cli
