#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/plot.hpp"
#include "cli/progress.hpp"

#include <fmt/core.h>
#include <bench/paired.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace cli {
namespace {

struct BenchOptions {
  std::vector<std::string> names;
  int pairs = 15;
  std::string picture;
  bool json = false;
};

std::vector<bench::Entry> chosen(const std::vector<std::string>& names) {
  std::vector<bench::Entry> all = bench::entries();
  if (names.empty()) return all;
  std::vector<bench::Entry> some;
  for (const std::string& name : names) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.name == name; });
    if (found == all.end())
      throw InputError(fmt::format("there is no line '{}'; longstate bench --help lists them", name));
    some.push_back(*found);
  }
  return some;
}

void run(const BenchOptions& options) {
  if (!options.picture.empty()) check_can_plot(options.picture);
  const std::vector<bench::Entry> entries = chosen(options.names);
  Json lines = Json::array();
  std::vector<BenchBar> bars;
  if (!options.json) print(fmt::format("{:>8} {:>17} {:>6}\n", "ratio", "quartiles", "bound"));
  Progress progress("measuring");
  long long done = 0;
  for (const bench::Entry& entry : entries) {
    bench::pin(entry.cores);
    const bench::Line line = entry.make();
    const bench::Figure figure = bench::measure(line, options.pairs);
    const bool lower = line.better == bench::Better::lower;
    lines.push_back({{"name", line.name},
                     {"seconds", figure.seconds},
                     {"reference", figure.reference},
                     {"ratio", figure.median},
                     {"bound", line.bound},
                     {"better", lower ? "lower" : "higher"}});
    bars.push_back({line.name, figure.lower, figure.median, figure.upper, line.bound});
    if (!options.json) {
      print(fmt::format("{:8.3f} {:8.3f}{:9.3f} {} {:4.2f}  {}\n{:>36}{}{}\n", figure.median, figure.lower,
                        figure.upper, lower ? "<=" : ">=", line.bound, line.name, "beside ", line.beside,
                        figure.holds ? "" : "   NOT WITHIN THE BOUND"));
    }
    ++done;
    progress.update(static_cast<double>(done) / static_cast<double>(entries.size()), done);
  }
  if (!options.picture.empty()) plot_bench(options.picture, bars);
  if (options.json) print(Json{{"benchmarks", lines}});
}

std::string names() {
  std::string text;
  for (const bench::Entry& entry : bench::entries()) text.append("\n  ").append(entry.name);
  return text;
}

}  // namespace

void add_bench(CLI::App& app) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* const command = app.add_subcommand("bench", "How fast this machine runs the paths, beside its limits");
  command->footer(
      "Each line is timed in turn with its reference, and the median of the paired ratios printed with its quartiles:\n"
      "\"<=\" is a time over a limit's, \">=\" how many times faster than the plain way.\n\nLines:" +
      names());
  command->add_option("line", options->names, "lines to measure; default all");
  command->add_option("--pairs", options->pairs, "pairs of timings")->check(CLI::Range(3, 1000))->capture_default_str();
  command->add_option("--plot", options->picture, "draw the ratios: .svg, .png or .pdf");
  command->add_flag("--json", options->json,
                    "print {\"benchmarks\":[{\"name\",\"seconds\",\"reference\",\"ratio\",...}]}");
  command->callback([options] { run(*options); });
}

}  // namespace cli
