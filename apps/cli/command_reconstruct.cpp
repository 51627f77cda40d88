#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/output.hpp"
#include "cli/plot.hpp"
#include "cli/reconstruction.hpp"
#include "cli/signal_input.hpp"
#include "cli/system_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace cli {
namespace {

constexpr Index history_bins = 4096;

struct ReconstructOptions {
  std::string input;
  std::vector<std::string> measures{"legs"};
  std::vector<std::string> methods{"foh"};
  Index order = 64;
  std::optional<double> window;
  std::optional<double> rate;
  double alpha = 0.5;
  std::string output;
  std::string plot;
  bool json = false;
};

/// Everything that the outputs are made from.
struct Outcome {
  std::vector<Reconstruction> results;
  History history{history_bins};
  Index channels = 0;
  double rate = 1;
  bool kept = false;  // the whole signal was in memory
};

double positive(const std::string& option, double value) {
  if (!(std::isfinite(value) && value > 0)) throw InputError(fmt::format("{} must be positive, got {}", option, value));
  return value;
}

std::vector<MemoryRequest> requests(const ReconstructOptions& options, double rate, Index channels) {
  std::vector<MemoryRequest> list;
  for (const std::string& measure : options.measures) {
    for (const std::string& method : options.methods) {
      list.push_back({measure, method, options.alpha, options.order, options.window.value_or(0), 1 / rate, channels});
    }
  }
  return list;
}

/// Before an input is read: everything about the options that can be wrong without it.
void check(const ReconstructOptions& options) {
  if (options.rate) positive("--rate", *options.rate);
  if (options.window) positive("--window", *options.window);
  for (const MemoryRequest& request : requests(options, 1, 1)) {
    const longstate::Measure measure = longstate::make_measure(request.measure, options.window.value_or(1.0));
    const longstate::Discretization method = longstate::make_discretization(request.method);
    if (intersample(method) == longstate::Intersample::none) {
      throw InputError(fmt::format(
          "--method {} holds no signal between samples; a memory takes foh, zoh, bilinear or Euler", request.method));
    }
    if (is_gbt(method)) longstate::gbt_alpha(method, options.alpha);  // checks alpha
    if (options.input == "-" && !options.window && longstate::is_time_invariant(measure)) {
      throw InputError(
          fmt::format("--measure {} needs --window on standard input, whose duration is not known before its "
                      "end (legs needs none)",
                      request.measure));
    }
  }
  longstate::basis(longstate::LegT{}, options.order, 0.5);  // checks the order
  if (!options.output.empty() && options.output != "-" && !options.output.ends_with(".csv")) {
    throw InputError(fmt::format("-o must end in .csv, got '{}'", options.output));
  }
  if (options.json && options.output == "-") throw InputError("--json and -o - both want standard output");
  if (!options.plot.empty()) check_can_plot(options.plot);
}

/// A window that is the signal's duration is not warned of: it holds all samples.
void warn(const ReconstructOptions& options, double rate, bool assumed) {
  if (!options.window) return;
  for (const std::string& measure : options.measures) {
    warn_of_few_samples(longstate::make_measure(measure, *options.window), options.order, 1 / rate, assumed);
  }
}

/// How many samples a picture shows: a little more than the longest window.
Index span(double window, double rate) { return static_cast<Index>(std::min(1.1 * window * rate + 2, 1e15)); }

Outcome reconstruct_file(const ReconstructOptions& options) {
  const LoadedSignal signal = load_signal(options.input);
  Outcome outcome;
  outcome.kept = true;
  outcome.rate = options.rate ? *options.rate : signal.rate.value_or(1.0);
  outcome.channels = signal.samples.rows();
  warn(options, outcome.rate, !options.rate && !signal.rate);
  for (const MemoryRequest& request : requests(options, outcome.rate, outcome.channels)) {
    Progress progress(fmt::format("{} {}", request.measure, request.method));
    outcome.results.push_back(reconstruct(request, signal.samples, progress));
  }
  double longest = 0;
  for (const Reconstruction& r : outcome.results) longest = std::max(longest, r.window);
  outcome.history = History(history_bins, span(longest, outcome.rate));
  outcome.history.push(signal.samples);
  return outcome;
}

/// In constant memory, whatever the length.
Outcome reconstruct_stream(const ReconstructOptions& options) {
  Outcome outcome;
  outcome.rate = options.rate.value_or(1.0);
  warn(options, outcome.rate, !options.rate);
  const bool all_windowed = std::none_of(options.measures.begin(), options.measures.end(), [](const std::string& name) {
    const longstate::Measure measure = longstate::make_measure(name);
    return std::isinf(longstate::support(measure)) || !is_time_invariant(measure);
  });
  if (all_windowed) {
    outcome.history = History(history_bins, span(*options.window, outcome.rate));
  }

  const std::unique_ptr<SignalInput> input = open_signal(options.input);
  std::vector<MemoryRequest> list;
  std::vector<longstate::Memory<double>> memories;
  Progress progress("reading");
  for (Matrix<double> block = input->read(); block.cols() > 0; block = input->read()) {
    if (memories.empty()) {
      outcome.channels = block.rows();
      list = requests(options, outcome.rate, outcome.channels);
      for (const MemoryRequest& request : list) memories.push_back(request.make(1.0));
    }
    for (auto& memory : memories) memory.push_block(block);
    outcome.history.push(block);
    progress.update(input->progress(), outcome.history.samples());
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    outcome.results.push_back(reconstruct(list[i], memories[i], outcome.history));
  }
  return outcome;
}

/// time,input,reconstruction; with several channels numbered, with several measures named. A time that is outside the
/// window of one measure and inside another's has an empty field there.
void write_csv(const std::string& path, const Outcome& outcome) {
  const bool one = outcome.results.size() == 1;
  const auto numbered = [&](const std::string& name, Index channel) {
    return outcome.channels == 1 ? name : fmt::format("{}_{}", name, channel);
  };
  std::string text = "time";
  for (Index c = 0; c < outcome.channels; ++c) {
    text.append(",").append(numbered("input", c));
    for (const Reconstruction& r : outcome.results) {
      const std::string name = one ? "reconstruction" : fmt::format("reconstruction_{}_{}", r.measure, r.method);
      text.append(",").append(numbered(name, c));
    }
  }
  text += '\n';

  const Reconstruction& longest =
      *std::max_element(outcome.results.begin(), outcome.results.end(),
                        [](const auto& a, const auto& b) { return a.times.size() < b.times.size(); });
  TextOutput output(path);
  for (Index k = 0; k < longest.times.size(); ++k) {
    const double t = longest.times(k);
    text += fmt::format("{}", t);
    for (Index c = 0; c < outcome.channels; ++c) {
      text += fmt::format(",{}", longest.input(c, k));
      for (const Reconstruction& r : outcome.results) {
        text += ',';
        const double* const at = std::lower_bound(r.times.data(), r.times.data() + r.times.size(), t);
        const Index j = at - r.times.data();
        if (j < r.times.size() && *at == t) text += fmt::format("{}", r.signal(c, j));
      }
    }
    text += '\n';
    if (text.size() > 1 << 16) {
      output.write(text);
      text.clear();
    }
  }
  output.write(text);
  output.commit();
}

Json document_of(const Outcome& outcome) {
  Json list = Json::array();
  for (const Reconstruction& r : outcome.results) {
    list.push_back({{"measure", r.measure},
                    {"order", r.order},
                    {"samples", r.samples},
                    {"channels", outcome.channels},
                    {"rate", outcome.rate},
                    {"window", r.window},
                    {"method", r.method},
                    {"error", r.error},
                    {"best_error", r.best_error},
                    {"error_from", r.error_from},
                    {"coefficients", columns_to_json(r.coefficients)}});
  }
  return list.size() == 1 ? list[0] : Json{{"results", list}};
}

std::string to_table(const Outcome& outcome) {
  const Reconstruction& first = outcome.results.front();
  std::string text =
      fmt::format("{} samples at {:g} Hz, {} channel{}, kept in {} numbers{}\n\n", first.samples, outcome.rate,
                  outcome.channels, outcome.channels > 1 ? "s" : "", first.order, outcome.channels > 1 ? " each" : "");
  text += fmt::format("{:<10}{:<16}{:>12}{:>14}{:>14}\n", "measure", "method", "window, s", "error", "best error");
  for (const Reconstruction& r : outcome.results) {
    text +=
        fmt::format("{:<10}{:<16}{:>12.6g}{:>14.4g}{:>14.4g}\n", r.measure, r.method, r.window, r.error, r.best_error);
  }
  text += outcome.kept ? "\nerror: relative root mean square at the samples in the window; "
                         "best: the least-squares fit in the same functions\n"
                       : "\nThe samples were not kept: errors of legs, legs-exp and lagt by foh and zoh are from the "
                         "energies of signal and coefficients, others at up to 4,096 means of samples\n";
  return text;
}

void reconstruct(const ReconstructOptions& options) {
  check(options);
  const Outcome outcome = options.input == "-" ? reconstruct_stream(options) : reconstruct_file(options);
  const Json document = document_of(outcome);
  check_finite(document);
  if (!options.output.empty()) write_csv(options.output, outcome);
  if (!options.plot.empty()) {
    const std::string title =
        fmt::format("{}: {} samples in {} numbers", options.input == "-" ? "standard input" : options.input,
                    outcome.history.samples(), options.order);
    plot(options.plot, title, outcome.results, outcome.history, 1 / outcome.rate);
  }
  if (options.json) {
    print(document);
  } else if (options.output != "-") {
    print(to_table(outcome));
  }
}

}  // namespace

void add_reconstruct(CLI::App& app) {
  auto options = std::make_shared<ReconstructOptions>();
  CLI::App* const command = app.add_subcommand("reconstruct", "A signal into a memory and back, with the error");
  command->footer(
      "Every pair of measure and method is run; foh and zoh are exact for the joined or held signal, the others are "
      "the "
      "published updates.\n\n"
      "Examples:\n"
      "  longstate reconstruct speech.wav --measure legs --order 256 --plot speech.svg\n"
      "  longstate reconstruct sunspots.csv --rate 12 --measure legs,legt,fourier --method foh,bilinear\n"
      "  generate | longstate reconstruct - --rate 1000 --order 64");
  command->add_option("input", options->input, "a .csv, .wav, .flac or .ogg file, or - for CSV on standard input")
      ->required();
  command->add_option("--measure", options->measures, "one or several of " + listed(longstate::measure_names()))
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--method", options->methods, "one or several of " + listed(longstate::discretization_names()))
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--order", options->order, "N, how many numbers keep the signal")->capture_default_str();
  command->add_option("--window", options->window, "window or time constant, seconds; default the signal's duration");
  command->add_option("--rate", options->rate, "samples a second; default the file's own, 1 for CSV");
  command->add_option("--alpha", options->alpha, "of gbt")->capture_default_str();
  command->add_option("-o,--output", options->output, "write time, input and reconstruction to a .csv file");
  command->add_option("--plot", options->plot, "draw input, reconstruction, error and weight: .svg, .png or .pdf");
  command->add_flag("--json", options->json, "print {\"measure\",\"order\",\"samples\",...,\"coefficients\"}");
  command->callback([options] { reconstruct(*options); });
}

}  // namespace cli
