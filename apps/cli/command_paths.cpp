#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/plot.hpp"
#include "cli/progress.hpp"

#include <fmt/core.h>
#include <bench/grid.hpp>
#include <bench/paired.hpp>

#include <algorithm>
#include <memory>
#include <string>

namespace cli {
namespace {

struct PathsOptions {
  int last = 20;
  std::string picture;
  bool json = false;
};

std::string way(const longstate::Candidate& candidate) {
  const std::string name(longstate::name(candidate.path));
  return candidate.block > 0 ? fmt::format("{} {}", name, candidate.block) : name;
}

void print_cell(const bench::Cell& cell) {
  print(fmt::format("{:8} {:5} {:9}  {:<14} {:8.3f}  {:<14} {:6.2f}\n", cell.channels, cell.order, cell.length,
                    way(cell.measured.front()), cell.measured.front().seconds * 1e9, way(cell.chosen), cell.ratio()));
}

Json document_of(const bench::Cell& cell) {
  Json times = Json::object();
  for (const auto& candidate : cell.measured) times[way(candidate)] = candidate.seconds;
  return {{"channels", cell.channels}, {"order", cell.order},        {"length", cell.length},
          {"seconds", times},          {"chosen", way(cell.chosen)}, {"ratio", cell.ratio()}};
}

void run(const PathsOptions& options) {
  if (!options.picture.empty()) check_can_plot(options.picture);
  bench::pin(1);
  bench::Grid grid;
  grid.last = options.last;
  Progress progress("measuring");
  long long done = 0;
  const std::vector<bench::Cell> cells = measure_grid(grid, [&](double part) { progress.update(part, ++done); });
  const auto worst = std::ranges::max_element(cells, {}, &bench::Cell::ratio);
  if (options.json) {
    Json list = Json::array();
    for (const bench::Cell& cell : cells) list.push_back(document_of(cell));
    print(Json{{"cells", list}, {"worst", worst->ratio()}});
  } else {
    print(fmt::format("{:>8} {:>5} {:>9}  {:<14} {:>8}  {:<14} {:>6}\n", "channels", "order", "length", "fastest", "ns",
                      "auto takes", "ratio"));
    for (const bench::Cell& cell : cells) print_cell(cell);
    print(fmt::format("ns: of a sample and channel. The largest ratio: {:.2f}\n", worst->ratio()));
  }
  if (!options.picture.empty()) plot_paths(options.picture, cells);
}

}  // namespace

void add_paths(CLI::App& app) {
  auto options = std::make_shared<PathsOptions>();
  CLI::App* const command =
      app.add_subcommand("paths", "Which path is the fastest on this machine, and which auto takes");
  command->footer(
      "Diagonal layers in single precision on one thread, order 4 ... 256, 1, 16 and 256 channels, 2^8 samples and "
      "up:\n"
      "every path is timed in its two best blocks in turn with the others. Some minutes up to 2^20 samples.\n\n"
      "Example:\n  longstate paths --to 14 --plot paths.png");
  command->add_option("--to", options->last, "the longest signal, as a power of 2")
      ->check(CLI::Range(8, 22))
      ->capture_default_str();
  command->add_option("--plot", options->picture, "draw who wins where: .svg, .png or .pdf");
  command->add_flag("--json", options->json,
                    "print {\"cells\":[{\"channels\",\"order\",\"length\",\"seconds\",...}],...}");
  command->callback([options] { run(*options); });
}

}  // namespace cli
