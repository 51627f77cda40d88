#include "cli/system_options.hpp"

#include "cli/error.hpp"
#include "cli/system_file.hpp"

namespace cli {

void MeasureOptions::add_to(CLI::App& app) {
  app.add_option("--measure", measure, "what is remembered: " + listed(longstate::measure_names()));
  app.add_option("--order", order, "N, how many coefficients hold the memory")->capture_default_str();
  app.add_option("--window", window, "window, or time constant of a fading measure, seconds")->capture_default_str();
}

void SystemOptions::add_to(CLI::App& app) {
  measure.add_to(app);
  app.add_option("--delay", delay, "read out the signal of so many seconds ago, instead of all coefficients");
  app.add_option("--system", file,
                 "a system from a JSON file {\"A\",\"B\",\"C\",\"D\"} or {\"lambda\",\"B\",\"C\",\"D\"}");
}

longstate::StateSpace SystemOptions::make() const {
  if (file.empty() == measure.measure.empty()) throw InputError("give either --measure or --system");
  if (!file.empty()) {
    if (delay) throw InputError("--delay goes with --measure; a system from a file has its own read-out");
    return load_system(file);
  }
  if (measure.measure == "legs") {
    throw InputError(
        "--measure legs varies in time, and this needs a time-invariant system: take legs-exp, which has "
        "the same matrices, or the subcommand reconstruct");
  }
  return delay ? longstate::delay_system(measure.make(), measure.order, *delay)
               : longstate::coefficient_system(measure.make(), measure.order);
}

void MethodOptions::add_to(CLI::App& app) {
  app.add_option("--method", method, "discretisation: " + listed(longstate::discretization_names()))
      ->capture_default_str();
  app.add_option("--alpha", alpha, "of gbt: 0 forward Euler, 0.5 bilinear, 1 backward Euler")->capture_default_str();
  app.add_option("--convention", convention,
                 "sequence: the output sees the current sample (S4, LMU); control: it does not (scipy). "
                 "Default sequence; control for foh and impulse");
}

longstate::DiscreteStateSpace MethodOptions::discretize(const longstate::StateSpace& system, double dt) const {
  const longstate::Discretization how = longstate::make_discretization(method);
  const bool only_control = how == longstate::Discretization::foh || how == longstate::Discretization::impulse;
  const std::string chosen = !convention.empty() ? convention : only_control ? "control" : "sequence";
  return longstate::discretize(system, dt, how, {.convention = longstate::make_convention(chosen), .alpha = alpha});
}

}  // namespace cli
