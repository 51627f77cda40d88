#include "cli/audio.hpp"
#include "cli/commands.hpp"
#include "cli/error.hpp"
#include "cli/generate.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/system_options.hpp"

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace cli {
namespace {

using namespace std::string_view_literals;
constexpr std::array kinds{"white"sv, "chirp"sv, "mackey-glass"sv};

struct SignalOptions {
  std::string kind;
  Index length = 0;
  double rate = 1000;
  double frequency = 0;
  double from = 0;
  double rms = 0.5;
  std::uint64_t seed = 0;
  std::string output = "-";
};

Vector<double> generate(const SignalOptions& options) {
  const double frequency = options.frequency > 0 ? options.frequency : options.rate / 4;
  if (options.kind == "white") return white(options.length, options.rate, frequency, options.rms, options.seed);
  if (options.kind == "chirp") return chirp(options.length, options.rate, options.from, frequency);
  if (options.kind == "mackey-glass") return mackey_glass(options.length, options.seed);
  throw InputError(fmt::format("--kind must be one of {}, got '{}'", listed(kinds), options.kind));
}

void write_csv(const Vector<double>& signal, const std::string& path) {
  TextOutput output(path);
  Progress progress("writing");
  std::string text = "value\n";
  for (Index k = 0; k < signal.size(); ++k) {
    fmt::format_to(std::back_inserter(text), "{}\n", signal(k));
    if (text.size() > 1 << 16) {
      output.write(text);
      text.clear();
      progress.update(static_cast<double>(k) / static_cast<double>(signal.size()), k);
    }
  }
  output.write(text);
  output.commit();
}

}  // namespace

void add_signal(CLI::App& app) {
  auto options = std::make_shared<SignalOptions>();
  CLI::App* const command = app.add_subcommand("signal", "Makes a test signal");
  command->footer("Example: longstate signal --kind white --freq 3 --length 3000 --rate 1000 -o noise.csv");
  command
      ->add_option("--kind", options->kind,
                   "white: band-limited noise; chirp: a rising tone; mackey-glass: a chaotic series")
      ->required();
  command->add_option("--length", options->length, "samples")->required();
  command->add_option("--rate", options->rate, "samples a second")->capture_default_str();
  command->add_option("--freq", options->frequency,
                      "white: its highest frequency, chirp: its last, Hz; default rate / 4");
  command->add_option("--from", options->from, "chirp: its first frequency, Hz")->capture_default_str();
  command->add_option("--rms", options->rms, "white: root mean square")->capture_default_str();
  command->add_option("--seed", options->seed, "the same seed gives the same signal")->capture_default_str();
  command->add_option("-o,--output", options->output, "a .csv or .wav file; - for CSV on standard output")
      ->capture_default_str();

  command->callback([options] {
    const Vector<double> signal = generate(*options);
    if (options->output.ends_with(".wav")) {
      PartialFile file(options->output);
      write_wav(file.path(), signal.transpose(), options->rate);
      file.commit();
    } else if (options->output == "-" || options->output.ends_with(".csv")) {
      write_csv(signal, options->output);
    } else {
      throw InputError(fmt::format("-o must end in .csv or .wav, got '{}'", options->output));
    }
  });
}

}  // namespace cli
