#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/plot.hpp"
#include "cli/progress.hpp"
#include "cli/signal_input.hpp"
#include "cli/step_screen.hpp"
#include "cli/step_text.hpp"
#include "cli/system_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

namespace cli {
namespace {

using namespace longstate;

struct Options {
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
};

Signal1 load(const Options& options) {
  const LoadedSignal signal = load_signal(options.input);
  if (options.channel < 0 || options.channel >= signal.samples.rows()) {
    throw InputError(fmt::format("--channel must be from 0 to {}, got {}", signal.samples.rows() - 1, options.channel));
  }
  if (signal.samples.cols() == 0) throw InputError(fmt::format("{}: there is no sample", options.input));
  return {signal.samples.row(options.channel).transpose(), 1 / options.rate.value_or(signal.rate.value_or(1.0))};
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
std::vector<Index> watched(const Options& options, Index samples) {
  const Index last = std::min(options.to.value_or(samples - 1), samples - 1);
  if (options.from > last) {
    throw InputError(fmt::format("--from must be at most {}, the last sample{}, got {}", last,
                                 options.to ? " that --to allows" : "", options.from));
  }
  std::vector<Index> list;
  for (Index k = options.from; k <= last; k += options.every) list.push_back(k);
  return list;
}

void check(const Options& options) {
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

void run(const Options& options) {
  check(options);
  const Signal1 signal = load(options);
  const Index n = signal.samples.size();
  const double duration = static_cast<double>(std::max<Index>(n - (options.method == "foh" ? 1 : 0), 1)) * signal.dt;
  Trace trace(
      make_measure(options.measure, options.window.value_or(duration)),
      {.order = options.order, .dt = signal.dt, .method = make_discretization(options.method), .alpha = options.alpha});
  const std::vector<Index> places = watched(options, n);

  const bool keeps = options.interactive || !options.plot.empty();
  std::vector<TraceStep> kept;
  const auto show = [&](const TraceStep& step) {
    if (options.json) {
      print(to_json(step));
    } else if (options.explain) {
      print("\n" + lesson_step(step, trace.memory()));
    } else {
      print(step_line(step));
    }
  };
  if (!options.json && !options.interactive) {
    print(options.explain ? lesson_introduction(trace.memory()) : step_header());
  }
  Progress progress("stepping");
  auto next = places.begin();
  for (Index k = 0; k <= places.back(); ++k) {
    if (k != *next) {
      trace.skip(signal.samples(k));
      progress.update(static_cast<double>(k) / static_cast<double>(places.back()), k);
      continue;
    }
    ++next;
    TraceStep step = trace.step(signal.samples(k));
    if (!step.after.allFinite()) {
      throw Failure(
          fmt::format("{} with {}: the coefficients grew beyond any bound at sample {}; take foh, zoh or bilinear",
                      options.measure, options.method, k));
    }
    if (!options.interactive) show(step);
    if (keeps) kept.push_back(std::move(step));
  }
  if (!options.plot.empty()) {
    plot_steps(options.plot, fmt::format("{} numbers of {}, {}", options.order, options.measure, options.input), kept);
  }
  if (options.interactive) {
    const std::string introduction = lesson_introduction(trace.memory());
    show_pages(kept.size(), [&](std::size_t place) {
      const TraceStep& step = kept[place];
      return step_header() + step_line(step) + "\n" + lesson_step(step, trace.memory()) + "\n" +
             (place == 0 ? introduction : std::string());
    });
  }
}

}  // namespace

void add_step(CLI::App& app) {
  auto options = std::make_shared<Options>();
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
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--to", options->to, "the last one; default the signal's last")->check(CLI::NonNegativeNumber);
  command->add_option("--every", options->every, "show one of so many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--explain", options->explain, "show how each step comes about");
  command->add_option("--plot", options->plot, "a film strip of at most six steps: .svg, .png or .pdf");
  command->add_flag("--interactive", options->interactive, "forward and back with space and arrows");
  command->add_flag("--json", options->json,
                    "print {\"step\",\"time\",\"input\",\"before\",\"faded\",\"added\",\"after\",...}, a line a step");
  command->callback([options] { run(*options); });
}

}  // namespace cli
