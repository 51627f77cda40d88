#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/system_options.hpp"

namespace cli {

void add_discretize(CLI::App& app) {
  struct Options {
    SystemOptions system;
    MethodOptions method;
    double dt = 0;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* const command = app.add_subcommand("discretize", "A system in discrete time");
  command->footer(
      "sequence: x_k = A x_{k-1} + B u_k, y_k = C x_k + D u_k\n"
      "control:  x_{k+1} = A x_k + B u_k, y_k = C x_k + D u_k (scipy.signal.cont2discrete)\n\n"
      "Example: longstate discretize --measure legt --order 4 --delay 0.5 --method zoh --dt 0.01");
  options->system.add_to(*command);
  options->method.add_to(*command);
  command->add_option("--dt", options->dt, "seconds a sample")->required();
  command->add_flag("--json", options->json, "print {\"method\",\"dt\",\"convention\",\"A\",\"B\",\"C\",\"D\"}");

  command->callback([options] {
    const longstate::DiscreteStateSpace d =
        longstate::dense(options->system.discretize(options->method, options->dt, options->dt));
    const Json document{{"method", options->method.method},
                        {"dt", d.dt},
                        {"convention", longstate::name(d.convention)},
                        {"A", to_json(d.A)},
                        {"B", to_json(d.B)},
                        {"C", to_json(d.C)},
                        {"D", to_json(d.D)}};
    check_finite(document);
    if (options->json) {
      print(document);
    } else {
      print(to_text("A", d.A) + to_text("B", d.B) + to_text("C", d.C) + to_text("D", d.D));
    }
  });
}

}  // namespace cli
