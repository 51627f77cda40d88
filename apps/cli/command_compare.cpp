#include "cli/commands.hpp"
#include "cli/comparison.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/plot.hpp"
#include "cli/progress.hpp"
#include "cli/recall.hpp"
#include "cli/validators.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>

namespace cli {
namespace {

using longstate::Index;

struct CompareOptions {
  std::vector<Index> lengths{16, 64, 256, 1024, 4096};
  std::vector<std::string> models;
  ComparisonSizes sizes;
  double most_seconds = 2;
  std::string picture, recall_picture;
  bool json = false;
};

/// All lengths of a model that are expected to end in time.
std::vector<ComparisonRun> runs_of(std::string_view model, const CompareOptions& options) {
  std::vector<ComparisonRun> runs;
  compare_model(model, options.lengths.front(), options.sizes);  // to warm up
  for (const Index length : options.lengths) {
    const int power = comparison_power(model);
    if (power > 0 && !runs.empty()) {
      const double ratio = static_cast<double>(length) / static_cast<double>(runs.back().length);
      if (runs.back().seconds_per_token * std::pow(ratio, power) > options.most_seconds) break;
    }
    runs.push_back(compare_model(model, length, options.sizes));
  }
  return runs;
}

std::string in_bytes(long long bytes) {
  if (bytes < 0) return "-";
  if (bytes < 10000) return fmt::format("{} B", bytes);
  return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
}

void print_runs(const std::vector<ComparisonRun>& runs) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const ComparisonRun& run = runs[i];
    const std::string total = run.seconds < 0 ? "-" : fmt::format("{:.3f}", run.seconds * 1e3);
    const std::string power = i == 0 ? "" : fmt::format("n^{:.2f}", growth(runs[i - 1], run));
    print(fmt::format("{:<21} {:>7} {:>12.3f} {:>8} {:>12} {:>12.4g} {:>12} {:>12}\n", run.model, run.length,
                      run.seconds_per_token * 1e6, power, total, run.flops_per_token, in_bytes(run.state_bytes),
                      in_bytes(run.peak_bytes)));
  }
}

Json document_of(const ComparisonRun& run) {
  const auto known = [](auto value) { return value < 0 ? Json() : Json(value); };
  return {{"model", run.model},
          {"length", run.length},
          {"seconds_per_token", run.seconds_per_token},
          {"seconds", known(run.seconds)},
          {"state_bytes", run.state_bytes},
          {"peak_bytes", known(run.peak_bytes)},
          {"flops_per_token", run.flops_per_token},
          {"exponentials_per_token", run.exponentials_per_token}};
}

Json document_of(const RecallCurve& curve) {
  return {{"model", curve.model}, {"numbers", curve.numbers}, {"ages", curve.ages}, {"errors", curve.errors}};
}

void print_recall(const std::vector<RecallCurve>& curves) {
  print(fmt::format("\n{:<31} {:>8}", "recall: error at an age of", "numbers"));
  const auto& ages = curves.front().ages;
  constexpr std::size_t every = 6;
  for (std::size_t i = 0; i < ages.size(); i += every) print(fmt::format(" {:>8}", ages[i]));
  for (const RecallCurve& curve : curves) {
    print(fmt::format("\n{:<31} {:>8}", curve.model, curve.numbers));
    for (std::size_t i = 0; i < ages.size(); i += every) print(fmt::format(" {:>8.1e}", curve.errors[i]));
  }
  print(std::string("\n"));
}

void run(CompareOptions options) {
  if (!options.picture.empty()) check_can_plot(options.picture);
  if (!options.recall_picture.empty()) check_can_plot(options.recall_picture);
  if (options.models.empty()) options.models.assign(comparison_models().begin(), comparison_models().end());
  std::ranges::sort(options.lengths);
  Progress progress("measuring");
  std::vector<std::vector<ComparisonRun>> all;
  for (const std::string& model : options.models) {
    progress.update(static_cast<double>(all.size()) / static_cast<double>(options.models.size()),
                    static_cast<long long>(all.size()));
    all.push_back(runs_of(model, options));
  }
  const std::vector<RecallCurve> curves = options.recall_picture.empty() ? std::vector<RecallCurve>() : recall();
  if (options.json) {
    Json list = Json::array();
    for (const auto& runs : all) {
      for (const ComparisonRun& one : runs) list.push_back(document_of(one));
    }
    Json document{{"runs", list}};
    for (const RecallCurve& curve : curves) document["recall"].push_back(document_of(curve));
    print(document);
  } else {
    print(fmt::format("{:<21} {:>7} {:>12} {:>8} {:>12} {:>12} {:>12} {:>12}\n", "model", "length", "us a token",
                      "grows", "all, ms", "flops", "state", "peak"));
    for (const auto& runs : all) print_runs(runs);
    if (!curves.empty()) print_recall(curves);
  }
  if (!options.picture.empty()) plot_comparison(options.picture, all);
  if (!options.recall_picture.empty()) plot_recall(options.recall_picture, curves);
}

}  // namespace

void add_compare(CLI::App& app) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* const command =
      app.add_subcommand("compare", "State spaces beside attention: time and memory against length");
  std::string names;
  for (const std::string_view name : comparison_models()) names.append("\n  ").append(name);
  command->footer(
      "A token is --width numbers, in single precision, on one thread. Of models that go token by token the time is "
      "the "
      "last\none's, of the others (ssm chunked, ssm fft, attention full) all divided by the length. flops: of that "
      "token, counted as they are made. state: what is "
      "carried "
      "from\none token to the next; peak: the most that was allocated, tokens and outputs aside, counted by the "
      "allocator.\nConstant-memory attention reads the past again, n^layers tokens for one: a length that would take "
      "longer than\n--seconds is left out.\n\nModels:" +
      names + "\n\nExample:\n  longstate compare --lengths 64,1024 --plot compare.png");
  const auto size = [&](const char* name, Index& value, const char* what, Index least) {
    command->add_option(name, value, what)->check(CLI::Range(least, Index(65536)))->capture_default_str();
  };
  command->add_option("--lengths", options->lengths, "tokens")
      ->delimiter(',')
      ->check(CLI::Range(Index(1), Index(1) << 20))
      ->capture_default_str();
  command->add_option("--models", options->models, "only these, by name")
      ->delimiter(';')
      ->check(CLI::IsMember(std::vector<std::string>(comparison_models().begin(), comparison_models().end())));
  size("--width", options->sizes.width, "numbers of a token, channels of the state space", 1);
  size("--heads", options->sizes.heads, "of attention; a divisor of the width", 1);
  size("--kv-heads", options->sizes.kv_heads, "of the grouped queries; a divisor of the heads", 1);
  size("--latent", options->sizes.latent, "numbers of the latent vector", 1);
  size("--rope", options->sizes.rope, "numbers beside it that turn with the place", 0);
  command->add_option("--order", options->sizes.order, "of the state space, a channel; even")
      ->check(CLI::Range(2, 1024))
      ->capture_default_str();
  command->add_option("--seconds", options->most_seconds, "the longest that a token may be expected to take")
      ->check(positive())
      ->capture_default_str();
  command->add_option("--plot", options->picture, "draw time and memory against length: .svg, .png or .pdf");
  command->add_option("--recall", options->recall_picture,
                      "also how well each recalls a signal's past; draw the error against age: .svg, .png or .pdf");
  command->add_flag("--json", options->json, "print {\"runs\":[{\"model\",\"length\",\"seconds_per_token\",...}]}");
  command->callback([options] { run(*options); });
}

}  // namespace cli
