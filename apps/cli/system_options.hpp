#pragma once

// The options that several subcommands share.

#include <longstate/longstate.hpp>

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace cli {

/// --measure, --order, --window: a measure and its order.
struct MeasureOptions {
  std::string measure;
  longstate::Index order = 64;
  double window = 1.0;

  void add_to(CLI::App& app);
  longstate::Measure make() const { return longstate::make_measure(measure, window); }
};

/// SYSTEM: --measure M --order N [--window W] [--delay S], or --system FILE.
struct SystemOptions {
  MeasureOptions measure;
  std::optional<double> delay;
  std::string file;

  void add_to(CLI::App& app);
  longstate::StateSpace make() const;
};

/// --method, --alpha, --convention. The default convention is sequence, and control for foh and impulse, which have no
/// other.
struct MethodOptions {
  std::string method = "zoh";
  double alpha = 0.5;
  std::string convention;

  void add_to(CLI::App& app);
  longstate::DiscreteStateSpace discretize(const longstate::StateSpace& system, double dt) const;
};

/// "a, b, c", for help texts.
template <class Names>
std::string listed(const Names& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

}  // namespace cli
