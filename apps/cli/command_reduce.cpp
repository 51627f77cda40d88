#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/output.hpp"
#include "cli/plot.hpp"
#include "cli/progress.hpp"
#include "cli/signal_input.hpp"
#include "cli/system_file.hpp"
#include "cli/validators.hpp"

#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

namespace cli {
namespace {

using longstate::Index;

struct ReduceOptions {
  std::string input;
  double error = 0;
  Index order = 0;
  std::optional<std::string> tail;
  std::optional<double> rate;
  std::optional<std::string> convention;
  std::optional<Index> inputs;
  std::string output;
  std::string picture;
  bool json = false;
};

/// What is known of a smaller system; from a response also whether it is stable. `of` says what the error is relative to.
struct Result {
  std::string system;
  Index order, from;
  std::string of;
  std::optional<double> error, bound, spectral_radius;
  longstate::Vector<double> hankel_singular_values;
};

void report(const ReduceOptions& options, const Result& r) {
  Json document{{"order", r.order}};
  if (r.error) document["error"] = *r.error;
  if (r.bound) document["bound"] = *r.bound;
  if (r.spectral_radius) document["spectral_radius"] = *r.spectral_radius;
  document["hankel_singular_values"] = to_json(r.hankel_singular_values);
  check_finite(document);
  if (!options.picture.empty() && r.hankel_singular_values.size() == 0) {
    throw InputError("--plot has nothing to draw: no pole of this system fades, so it has no Hankel singular values");
  }
  const std::string error = r.error ? fmt::format("{:.3g}", *r.error) : "unknown";
  if (!options.output.empty()) {
    TextOutput file(options.output);
    file.write(r.system);
    file.commit();
  }
  if (!options.picture.empty()) {
    plot_singular_values(options.picture,
                         fmt::format("{}: {} states of {}, error {}",
                                     std::filesystem::path(options.input).filename().string(), r.order, r.from, error),
                         r.hankel_singular_values, r.order);
  }
  if (options.json) {
    print(document);
    return;
  }
  std::string text = fmt::format("{} state{} of {}", r.order, r.order == 1 ? "" : "s", r.from);
  if (r.error) text += fmt::format("; {} within {} of its 2-norm", r.of, error);
  if (r.bound) text += fmt::format("; frequency response within {:.3g} (absolute)", *r.bound);
  constexpr double integrating = 1 - 1e-9;
  if (r.spectral_radius && *r.spectral_radius > integrating) {
    text += fmt::format("; it does not decay: an eigenvalue of modulus {:.12g}", *r.spectral_radius);
    const double growth = std::pow(*r.spectral_radius, static_cast<double>(r.from));
    if (growth > 10) text += fmt::format(", which grows {:.1e} times over so many samples", growth);
  }
  print(text + "\n");
}

void reduce_response(const ReduceOptions& options) {
  const LoadedSignal response = load_signal(options.input);
  const double rate = options.rate ? *options.rate : response.rate.value_or(1.0);
  const Index inputs = options.inputs.value_or(1), channels = response.samples.rows();
  if (channels % inputs != 0) {
    throw InputError(
        fmt::format("{}: {} channels are no responses of all outputs to {} inputs", options.input, channels, inputs));
  }
  Progress progress("identifying");
  const longstate::Realization r =
      longstate::realize(response.samples, channels / inputs, inputs,
                         {.order = options.order,
                          .error = options.error,
                          .tail = longstate::make_tail(options.tail.value_or("free")),
                          .dt = 1 / rate,
                          .convention = longstate::make_convention(options.convention.value_or("sequence")),
                          .progress = [&](double share) { progress.update(share, 0); }});
  report(options, {system_to_text(r.system), r.system.order(), response.samples.cols(), "impulse response", r.error,
                   r.bound, r.spectral_radius, r.hankel_singular_values});
}

template <class System>
void reduce_system(const ReduceOptions& options, const System& given) {
  const System system = connected(given);
  std::optional<Working> working(std::in_place, "balancing");
  const longstate::Reduction<System> r = options.error > 0 ? longstate::reduce_to_error(system, options.error)
                                                           : longstate::balanced_truncation(system, options.order);
  working.reset();
  const bool all_fades = r.hankel_singular_values.size() == system.order();
  report(options, {system_to_text(r.system),
                   r.system.order(),
                   system.order(),
                   all_fades ? "impulse response" : "what fades of the impulse response",
                   std::isfinite(r.difference) ? std::optional<double>(r.difference) : std::nullopt,
                   r.bound,
                   {},
                   r.hankel_singular_values});
}

void reduce(const ReduceOptions& options) {
  if (options.error == 0 && options.order == 0) throw InputError("--order or --error must be given");
  if (!options.output.empty() && !options.output.ends_with(".json")) {
    throw InputError(fmt::format("-o must end in .json, got '{}'", options.output));
  }
  if (!options.picture.empty()) check_can_plot(options.picture);
  if (!options.input.ends_with(".json")) return reduce_response(options);
  for (const auto& [name, given] : {std::pair("--tail", options.tail.has_value()),
                                    {"--convention", options.convention.has_value()},
                                    {"--inputs", options.inputs.has_value()}}) {
    if (given) throw InputError(fmt::format("{} is for an impulse response; a system has its own", name));
  }
  if (options.error > 0 && options.order > 0) {
    throw InputError("--order and --error together are for an impulse response; give one of them for a system");
  }
  const SystemFile file = load_system(options.input);
  if (const auto* discrete = std::get_if<longstate::DiscreteStateSpace>(&file)) {
    return reduce_system(options, *discrete);
  }
  const auto* diagonal = std::get_if<longstate::DiagonalSystem>(&file);
  reduce_system(options, diagonal ? dense(*diagonal) : std::get<longstate::StateSpace>(file));
}

}  // namespace

void add_reduce(CLI::App& app) {
  auto options = std::make_shared<ReduceOptions>();
  CLI::App* const command = app.add_subcommand("reduce", "The smallest system with nearly the same impulse response");
  command->footer(
      "From a measured impulse response (a .csv or audio file, a channel an output), a system in discrete time, by "
      "the\n"
      "Ho-Kalman algorithm (ERA); from a system (.json), one of its kind by balanced truncation. Run it by:\n"
      "longstate simulate INPUT --system SYSTEM.json\n\n"
      "After the last sample of a response, --tail free assumes nothing: the system fits the samples given and goes "
      "on\n"
      "as they do, be it a decay, an oscillation, an integrator or growth (then it is said). --tail zero takes the\n"
      "response as ended there, as that of a FIR filter: the system is stable, the error is that over all time, and\n"
      "more states are needed where the end is a cut.\n\n"
      "The first sample of a response is the feed-through D with --convention control, as scipy counts. Else D is "
      "zero, and\n"
      "the first sample takes part in the states, as any other: then a filter with feed-through takes one state "
      "more.\n\n"
      "Examples:\n"
      "  longstate reduce room.wav --error 0.01 -o room.json --plot room.svg\n"
      "  longstate reduce measured.csv --order 6 --rate 1000 -o plant.json\n"
      "  longstate reduce fir.csv --tail zero --error 1e-3 -o iir.json\n"
      "  longstate reduce large.json --error 1e-6 -o small.json");
  command->add_option("input", options->input, "an impulse response or a system")->required();
  command
      ->add_option("--error", options->error,
                   "how far the impulse response may be off, relative to its 2-norm, over the samples given (a system, "
                   "--tail zero: over all time): the fewest states for it")
      ->check(positive());
  command->add_option("--order", options->order, "so many states, at most; with --error, none beyond")
      ->check(positive());
  command->add_option("--tail", options->tail, "a response after its last sample: free (default) or zero")
      ->check(CLI::IsMember({"free", "zero"}));
  command
      ->add_option("--convention", options->convention,
                   "of a response: sequence (default; it starts with C B) or control (it starts with D)")
      ->check(CLI::IsMember({"sequence", "control"}));
  command
      ->add_option(
          "--inputs", options->inputs,
          "of a response; channels are those of all outputs to the first input, then to the next, as kernel prints")
      ->check(positive());
  command->add_option("--rate", options->rate, "samples a second; default the file's own, 1 for CSV")
      ->check(positive());
  command->add_option("-o,--output", options->output, "write the system to a .json file");
  command->add_option("--plot", options->picture, "draw the Hankel singular values: .svg, .png or .pdf");
  command->add_flag(
      "--json", options->json,
      "print {\"order\",\"error\",\"bound\",\"spectral_radius\",\"hankel_singular_values\":[...]}, as far as known");
  command->callback([options] { reduce(*options); });
}

}  // namespace cli
