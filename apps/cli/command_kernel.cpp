#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/progress.hpp"
#include "cli/system_options.hpp"

#include <fmt/core.h>

namespace cli {
namespace {

using longstate::Index;

/// One output: a flat list. Several: a list of lists, one an output. Several inputs: within each, one an input.
Json kernel_document(const longstate::Matrix<double>& K, Index outputs, Index inputs) {
  const auto row = [&](Index output, Index input) {
    return to_json(longstate::Vector<double>(K.row(output + outputs * input).transpose()));
  };
  const auto by_input = [&](Index output) {
    if (inputs == 1) return row(output, 0);
    Json list = Json::array();
    for (Index input = 0; input < inputs; ++input) list.push_back(row(output, input));
    return list;
  };
  if (outputs == 1) return by_input(0);
  Json list = Json::array();
  for (Index output = 0; output < outputs; ++output) list.push_back(by_input(output));
  return list;
}

}  // namespace

void add_kernel(CLI::App& app) {
  struct Options {
    SystemOptions system;
    MethodOptions method;
    double dt = 0;
    Index length = 0;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* const command = app.add_subcommand("kernel", "The impulse response of a discrete system");
  command->footer(
      "Without --json: one row a sample, a column for each pair of output and input, outputs first (reduce --inputs "
      "reads it).\n\n"
      "Example: longstate kernel --measure legt --order 32 --delay 1 --method zoh --dt 0.01 --length 200");
  options->system.add_to(*command);
  options->method.add_to(*command);
  command->add_option("--dt", options->dt, "seconds a sample")->required();
  command->add_option("--length", options->length, "how many samples of it")->required();
  command->add_flag("--json", options->json, "print {\"kernel\":[...]}");

  command->callback([options] {
    const longstate::DiscreteSystem model = options->system.discretize(options->method, options->dt, options->dt);
    const auto K = [&] {
      const Working working("making the kernel");
      return longstate::kernel(model, options->length);
    }();
    if (options->json) {
      print(Json{{"kernel", kernel_document(K, outputs(model), inputs(model))}});
      return;
    }
    std::string text;
    for (Index j = 0; j < K.cols(); ++j) {
      for (Index i = 0; i < K.rows(); ++i) fmt::format_to(std::back_inserter(text), "{}{}", i ? "," : "", K(i, j));
      text += '\n';
    }
    print(text);
  });
}

}  // namespace cli
