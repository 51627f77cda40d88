#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/output.hpp"
#include "cli/plot.hpp"
#include "cli/signal_input.hpp"
#include "cli/system_file.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <optional>

namespace cli {
namespace {

using longstate::Index;
using longstate::Reduction;

struct Options {
  std::string input;
  double error = 0;
  std::optional<double> rate;
  std::string output;
  std::string picture;
  bool json = false;
};

template <class System>
void report(const Options& options, Index from, const Reduction<System>& r) {
  const Index order = r.system.order();
  const longstate::Vector<double>& sigma = r.hankel_singular_values;
  const Json document{
      {"order", order}, {"error", r.difference}, {"bound", r.bound}, {"hankel_singular_values", to_json(sigma)}};
  check_finite(document);
  if (!options.output.empty()) {
    TextOutput file(options.output);
    file.write(system_to_text(r.system));
    file.commit();
  }
  if (!options.picture.empty()) {
    plot_singular_values(
        options.picture,
        fmt::format("{}: {} of {} states, error {:.2g}", std::filesystem::path(options.input).filename().string(),
                    order, from, r.difference),
        sigma, order);
  }
  if (options.json) {
    print(document);
  } else {
    print(
        fmt::format("{} states of {}; impulse response within {:.3g} of its 2-norm; frequency response within {:.3g}\n",
                    order, from, r.difference, r.bound));
  }
}

void reduce_response(const Options& options) {
  const LoadedSignal response = load_signal(options.input);
  const double rate = options.rate ? *options.rate : response.rate.value_or(1.0);
  report(options, response.samples.cols(),
         longstate::reduce_to_error(response.samples, response.samples.rows(), 1, 1 / rate,
                                    longstate::Convention::sequence, options.error));
}

void reduce(const Options& options) {
  if (!options.output.empty() && !options.output.ends_with(".json")) {
    throw InputError(fmt::format("-o must end in .json, got '{}'", options.output));
  }
  if (!options.picture.empty()) check_can_plot(options.picture);
  if (!options.input.ends_with(".json")) return reduce_response(options);
  const SystemFile file = load_system(options.input);
  if (const auto* discrete = std::get_if<longstate::DiscreteStateSpace>(&file)) {
    report(options, discrete->order(), longstate::reduce_to_error(*discrete, options.error));
    return;
  }
  const auto* diagonal = std::get_if<longstate::DiagonalSystem>(&file);
  const longstate::StateSpace system = diagonal ? dense(*diagonal) : std::get<longstate::StateSpace>(file);
  report(options, system.order(), longstate::reduce_to_error(system, options.error));
}

}  // namespace

void add_reduce(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* const command = app.add_subcommand("reduce", "The smallest system with nearly the same impulse response");
  command->footer(
      "From a measured impulse response (a .csv or audio file, a channel an output; up to 4,096 samples), a system in\n"
      "discrete time; from a system (.json), one of its kind. Run it by: longstate simulate INPUT --system "
      "SYSTEM.json\n\n"
      "Examples:\n"
      "  longstate reduce room.wav --error 0.01 -o room.json --plot room.svg\n"
      "  longstate reduce large.json --error 1e-6 -o small.json");
  command->add_option("input", options->input, "an impulse response or a system")->required();
  command
      ->add_option("--error", options->error,
                   "how far the impulse response may be off over all time, relative to its 2-norm")
      ->required();
  command->add_option("--rate", options->rate, "samples a second; default the file's own, 1 for CSV")
      ->check(CLI::PositiveNumber);
  command->add_option("-o,--output", options->output, "write the system to a .json file");
  command->add_option("--plot", options->picture, "draw the Hankel singular values: .svg, .png or .pdf");
  command->add_flag("--json", options->json, "print {\"order\",\"error\",\"bound\",\"hankel_singular_values\":[...]}");
  command->callback([options] { reduce(*options); });
}

}  // namespace cli
