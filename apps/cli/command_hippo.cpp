#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/system_options.hpp"

namespace cli {

void add_hippo(CLI::App& app) {
  struct Options {
    MeasureOptions measure;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* const command = app.add_subcommand("hippo", "The matrices A and B of a measure");
  command->footer(
      "x' = A x + B u; for legs x' = (A x + B u) / t.\n\nExample: longstate hippo --measure legt --order 4");
  options->measure.add_to(*command);
  command->get_option("--measure")->required();
  command->add_flag("--json", options->json, "print {\"measure\",\"order\",\"A\",\"B\"}");

  command->callback([options] {
    const longstate::Measure measure = options->measure.make();
    const longstate::Hippo matrices = longstate::hippo(measure, options->measure.order);
    const Json document{{"measure", longstate::name(measure)},
                        {"order", options->measure.order},
                        {"A", to_json(matrices.A)},
                        {"B", to_json(matrices.B)}};
    check_finite(document);
    if (options->json) {
      print(document);
    } else {
      print(to_text("A", matrices.A) + to_text("B", matrices.B));
    }
  });
}

}  // namespace cli
