#include "cli/system_options.hpp"

#include "cli/error.hpp"
#include "cli/progress.hpp"
#include "cli/system_file.hpp"

#include <fmt/core.h>

#include <variant>

namespace cli {

void MeasureOptions::add_to(CLI::App& app) {
  app.add_option("--measure", measure, "what is remembered: " + listed(longstate::measure_names()));
  app.add_option("--order", order, "N, how many coefficients hold the memory")->capture_default_str();
  app.add_option("--window", window, "window, or time constant of a fading measure, seconds")->capture_default_str();
}

namespace {

using longstate::DiscreteSystem;
using longstate::HippoSystem;
using longstate::Structure;

/// What SYSTEM names, before it is discretised.
using Source =
    std::variant<HippoSystem, longstate::StateSpace, longstate::DiagonalSystem, longstate::DiscreteStateSpace>;

Source source(const SystemOptions& options) {
  const int given = int(!options.file.empty()) + int(!options.measure.measure.empty()) + int(!options.init.empty());
  if (given != 1) throw InputError("give either --measure, --init or --system");
  if (options.delay && options.measure.measure.empty()) {
    throw InputError("--delay goes with --measure; a system from --system or --init has its own read-out");
  }
  if (!options.file.empty()) {
    return std::visit([](auto&& s) -> Source { return s; }, load_system(options.file));
  }
  if (!options.init.empty()) {
    return longstate::initialize_diagonal(options.init, options.measure.order, options.measure.window);
  }
  const longstate::Measure measure = options.measure.make();
  if (!is_time_invariant(measure)) {
    throw InputError(
        fmt::format("--measure {} varies in time, and this needs a time-invariant system: take legs-exp, which has "
                    "the same matrices, or the subcommand reconstruct",
                    name(measure)));
  }
  return options.delay ? longstate::hippo_delay_system(measure, options.measure.order, *options.delay)
                       : longstate::hippo_coefficient_system(measure, options.measure.order);
}

/// Without --structure: what the source has, and of a measure the O(N) operator where its step is less work than a matrix.
Structure automatic(const Source& source, const MethodOptions& method, double dt) {
  if (std::holds_alternative<longstate::DiagonalSystem>(source)) return Structure::diagonal;
  const auto* hippo = std::get_if<HippoSystem>(&source);
  const longstate::Discretization how = longstate::make_discretization(method.method);
  if (!hippo || !longstate::has_operator(hippo->measure) || intersample(how) == longstate::Intersample::none) {
    return Structure::dense;
  }
  longstate::HippoStep<double> step(hippo->measure, hippo->order(), how, method.alpha);
  step.prepare(dt);
  return step.work() <= step.dense_work(hippo->order()) ? Structure::hippo : Structure::dense;
}

[[noreturn]] void no_such_structure(const std::string& structure, std::string_view of) {
  throw InputError(fmt::format("--structure {} does not go with {}", structure, of));
}

DiscreteSystem in_structure(const HippoSystem& s, Structure structure, const MethodOptions& method, double dt) {
  switch (structure) {
    case Structure::dense:
      return method.discretize(dense(s), dt);
    case Structure::hippo:
      return method.discretize(s, dt);
    case Structure::nplr:
      return method.discretize(longstate::normal_plus_low_rank(s.measure, s.order(), s.C), dt);
    case Structure::diagonal:
      return method.discretize(longstate::diagonalize(dense(s)), dt);
    case Structure::transfer:
      break;
  }
  return longstate::transfer_function(method.discretize(dense(s), dt));
}

DiscreteSystem in_structure(const longstate::StateSpace& s, Structure structure, const MethodOptions& method,
                            double dt) {
  if (structure == Structure::dense) return method.discretize(s, dt);
  if (structure == Structure::diagonal) return method.discretize(longstate::diagonalize(s), dt);
  if (structure == Structure::transfer) return longstate::transfer_function(method.discretize(s, dt));
  no_such_structure(std::string(longstate::name(structure)), "a system from a file, but with --measure");
}

DiscreteSystem in_structure(const longstate::DiagonalSystem& s, Structure structure, const MethodOptions& method,
                            double dt) {
  if (structure == Structure::dense) return method.discretize(dense(s), dt);
  if (structure == Structure::diagonal) return method.discretize(s, dt);
  if (structure == Structure::transfer) return longstate::transfer_function(method.discretize(s, dt));
  no_such_structure(std::string(longstate::name(structure)), "a diagonal system, but with --measure");
}

DiscreteSystem in_structure(const longstate::DiscreteStateSpace& s, Structure structure,
                            const MethodOptions& /*method*/, double dt) {
  if (dt != s.dt) throw InputError(fmt::format("--dt is {}, but the system in the file is discrete with {}", dt, s.dt));
  if (structure == Structure::dense) return s;
  if (structure == Structure::transfer) return longstate::transfer_function(s);
  no_such_structure(std::string(longstate::name(structure)), "a discrete system from a file");
}

}  // namespace

void SystemOptions::add_to(CLI::App& app) {
  measure.add_to(app);
  app.add_option("--delay", delay, "read out the signal of so many seconds ago, instead of all coefficients");
  app.add_option("--init", init,
                 "instead of a measure, a diagonal system as layers start from: " +
                     listed(longstate::diagonal_names()) + " (--window scales its time)");
  app.add_option("--system", file,
                 "a system from a JSON file {\"A\",\"B\",\"C\",\"D\"} or {\"lambda\",\"B\",\"C\",\"D\"}; with \"dt\" a "
                 "discrete one");
  app.add_option("--structure", structure,
                 "how A is kept: auto, " + listed(longstate::structure_names()) +
                     " (hippo and nplr: of a measure; auto: of a measure the cheaper of hippo and dense)")
      ->capture_default_str();
}

longstate::DiscreteSystem SystemOptions::discretize(const MethodOptions& method, std::optional<double> dt,
                                                    double default_dt, bool assumed) const {
  const Source from = source(*this);
  const auto* discrete = std::get_if<longstate::DiscreteStateSpace>(&from);
  const double step = dt ? *dt : discrete ? discrete->dt : default_dt;
  const Structure wanted = structure == "auto" ? automatic(from, method, step) : longstate::make_structure(structure);
  const Working working("discretising");
  DiscreteSystem model = std::visit([&](const auto& s) { return in_structure(s, wanted, method, step); }, from);
  if (!measure.measure.empty()) warn_of_few_samples(measure.make(), measure.order, step, assumed);
  return model;
}

void warn_of_few_samples(const longstate::Measure& measure, longstate::Index order, double dt, bool assumed) {
  const double window = timescale(measure), samples = window / dt;
  if (!is_time_invariant(measure) || samples >= static_cast<double>(order) * (1 - 1e-9)) return;
  fmt::print(stderr,
             "longstate: warning: the window of {:g} s holds {:.3g} sample{} at {:g} Hz{}, fewer than its {} "
             "coefficients\n",
             window, samples, samples == 1 ? "" : "s", 1 / dt,
             assumed ? " (taken, since no rate was given; --rate says it)" : "", order);
}

void MethodOptions::add_to(CLI::App& app) {
  app.add_option("--method", method, "discretisation: " + listed(longstate::discretization_names()))
      ->capture_default_str();
  app.add_option("--alpha", alpha, "of gbt: 0 forward Euler, 0.5 bilinear, 1 backward Euler")->capture_default_str();
  app.add_option("--convention", convention,
                 "sequence: the output sees the current sample (S4, LMU); control: it does not (scipy). "
                 "Default sequence; control for foh and impulse");
}

longstate::DiscretizeOptions MethodOptions::options() const {
  const longstate::Discretization how = longstate::make_discretization(method);
  return {.convention = convention.empty() ? default_convention(how) : longstate::make_convention(convention),
          .alpha = alpha};
}

}  // namespace cli
