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

/// --method, --alpha, --convention. The default convention is sequence, and control for foh and impulse, which have no
/// other.
struct MethodOptions {
  std::string method = "zoh";
  double alpha = 0.5;
  std::string convention;

  void add_to(CLI::App& app);

  /// Of any continuous system, its structure kept.
  template <class System>
  auto discretize(const System& system, double dt) const {
    return longstate::discretize(system, dt, longstate::make_discretization(method), options());
  }
  longstate::DiscretizeOptions options() const;
};

/// SYSTEM: --measure M --order N [--window W] [--delay S], or --init D --order N [--window W], or --system FILE; and the
/// --structure in which it is kept.
struct SystemOptions {
  MeasureOptions measure;
  std::optional<double> delay;
  std::string init;
  std::string file;
  std::string structure = "auto";

  void add_to(CLI::App& app);

  /// In discrete time, in the structure asked for. A file in discrete time is taken as it is (if dt fits). Warns as
  /// warn_of_few_samples(); assumed: nobody said what default_dt is.
  longstate::DiscreteSystem discretize(const MethodOptions& method, std::optional<double> dt, double default_dt,
                                       bool assumed = false) const;
};

/// One line on standard error where the window, or time constant, of a measure holds fewer samples than the memory has
/// coefficients: so many numbers then stand for fewer, and a read-out within the window is as coarse as the samples are.
/// assumed: dt is 1 since no rate was given.
void warn_of_few_samples(const longstate::Measure& measure, longstate::Index order, double dt, bool assumed);

/// "a, b, c", for help texts.
template <class Names>
std::string listed(const Names& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

}  // namespace cli
