#include "cli/commands.hpp"
#include "cli/document.hpp"
#include "cli/error.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/signal_input.hpp"
#include "cli/system_file.hpp"
#include "cli/system_options.hpp"
#include "cli/validators.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

namespace cli {
namespace {

using longstate::DiscreteSystem;
using longstate::State;

struct SimulateOptions {
  SystemOptions system;
  MethodOptions method;
  std::optional<double> dt;
  std::optional<double> rate;
  std::string precision = "double";
  std::string path = "auto";
  std::string input;
  std::string initial_state;
  std::string save_state;
  std::string output;
  bool describe = false;
  bool json = false;
};

/// One execution path behind one signature: u, y, x in double, whatever it runs in.
using Run = std::function<void(const Matrix<double>& u, Matrix<double>& y, State<double>& x)>;

template <class T, class Path>
Run in_precision(std::shared_ptr<Path> path) {
  return [path](const Matrix<double>& u, Matrix<double>& y, State<double>& x) {
    Matrix<T> y_t(path->outputs(), u.cols());
    State<T> x_t = x.template cast<T>();
    path->run(Matrix<T>(u.template cast<T>()), y_t, x_t);
    y = y_t.template cast<double>();
    x = x_t.template cast<double>();
  };
}

/// The states of a dense system in units that float can hold, and the run that takes the given ones: a filter in companion form has
/// states from 1 to far beyond float.
Run in_balanced_units(DiscreteSystem& model, const std::function<Run()>& make) {
  auto* const dense = std::get_if<longstate::DiscreteStateSpace>(&model);
  if (!dense) return make();
  const longstate::Vector<double> d = balanced_units(*dense);
  *dense = rescale_states(*dense, d);
  return [run = make(), d](const Matrix<double>& u, Matrix<double>& y, State<double>& x) {
    x = d.cwiseInverse().asDiagonal() * x;
    run(u, y, x);
    x = d.asDiagonal() * x;
  };
}

/// The best plan of all paths, or of the one asked for, for about so many samples. Unless the plan is to be described, the recurrence is not
/// compared with others where it is asked for, nor over a signal so short that blocks of a dense system take longer to build than it to run.
template <class T>
longstate::Plan make_plan(const DiscreteSystem& model, const SimulateOptions& options,
                          const longstate::Workload& workload, double samples) {
  constexpr double worth = 64;  // samples for each state
  const std::string& path = options.path;
  const bool few =
      structure(model) == longstate::Structure::dense && samples < worth * static_cast<double>(order(model));
  if (!options.describe && (path == "recurrent" || (path == "auto" && few)))
    return {workload, longstate::Planning::estimate, {{longstate::Path::recurrent, 0, 0}}};
  longstate::Plan plan = longstate::plan<T>(model, workload);
  if (path == "auto") return plan;
  std::erase_if(plan.candidates, [&](const auto& candidate) { return longstate::name(candidate.path) != path; });
  // what is no candidate is refused when it is built, and that says why
  if (plan.candidates.empty())
    plan.candidates.push_back({path == "fft" ? longstate::Path::fft : longstate::Path::chunked, 64, 0});
  return plan;
}

template <class T>
Run make_run(const DiscreteSystem& model, const longstate::Plan& plan) {
  return in_precision<T>(std::make_shared<longstate::Planned<T>>(model, plan));
}

Index copies_for(const DiscreteSystem& model, Index channels) {
  if (inputs(model) == channels) return 1;
  if (inputs(model) == 1) return channels;
  throw InputError(fmt::format("the system has {} inputs, the signal {} channels", inputs(model), channels));
}

State<double> first_state(const SimulateOptions& options, const DiscreteSystem& model, Index copies) {
  if (options.initial_state.empty()) return State<double>::Zero(order(model), copies);
  State<double> x = load_state(options.initial_state, model);
  if (x.rows() != order(model) || x.cols() != copies) {
    throw InputError(fmt::format("{}: the state must be {} x {}, got {} x {}", options.initial_state, order(model),
                                 copies, x.rows(), x.cols()));
  }
  return x;
}

/// Why the output of a system grew beyond any bound. The exact methods, bilinear and backward Euler keep a stable system stable.
std::string why(const SimulateOptions& options, const DiscreteSystem& model) {
  const std::string& method = options.method.method;
  const longstate::Discretization how = longstate::make_discretization(method);
  const bool explicit_one = is_gbt(how) && longstate::gbt_alpha(how, options.method.alpha) < 0.5;
  if (explicit_one) {
    return fmt::format("the system is unstable, or {} is at dt = {}, which zoh and bilinear are not", method,
                       time_step(model));
  }
  return fmt::format("the system is unstable, or its numbers are beyond the range of {}", options.precision);
}

/// The outputs as they come: rows of CSV, or the middle of the JSON document.
class Writer {
 public:
  Writer(const SimulateOptions& options, const std::string& path)
      : json_(options.json), file_(options.output), out_(json_ || file_.empty() ? "-" : file_, json_) {
    if (json_) out_.write(fmt::format("{{\"path\":\"{}\",\"output\":[", path));
    if (json_ && !file_.empty()) csv_.emplace(file_);
  }

  void add(const Matrix<double>& y) {
    std::string rows, csv;
    for (Index k = 0; k < y.cols(); ++k) {
      std::string row;
      for (Index i = 0; i < y.rows(); ++i) row += fmt::format("{}{:.17g}", i ? "," : "", y(i, k));
      if (json_) rows += fmt::format("{}[{}]", empty_ ? "" : ",", row);
      if (!json_ || csv_) csv.append(row).append("\n");
      empty_ = false;
    }
    out_.write(json_ ? rows : csv);
    if (csv_) csv_->write(csv);
  }

  void finish(const State<double>& x) {
    if (json_) out_.write(fmt::format("],\"state\":{}}}\n", columns_to_json(x).dump()));
    if (csv_) csv_->commit();
    out_.commit();
  }

 private:
  bool json_;
  bool empty_ = true;
  std::string file_;
  TextOutput out_;
  std::optional<TextOutput> csv_;  // with --json and -o both
};

void simulate(const SimulateOptions& options) {
  if (options.precision != "double" && options.precision != "float") {
    throw InputError(fmt::format("--precision must be double or float, got '{}'", options.precision));
  }
  if (options.path != "auto" &&
      std::ranges::find(longstate::path_names(), options.path) == longstate::path_names().end()) {
    throw InputError(fmt::format("--path must be auto, recurrent, chunked or fft, got '{}'", options.path));
  }
  const bool single = options.precision == "float";
  const std::unique_ptr<SignalInput> input = open_signal(options.input);
  const double rate = options.rate ? *options.rate : input->rate().value_or(1.0);
  const bool assumed = !options.dt && !options.rate && !input->rate();
  DiscreteSystem model = options.system.discretize(options.method, options.dt, 1 / rate, assumed);

  Run run;
  State<double> x;
  std::optional<Writer> writer;
  Progress progress("simulating");
  long long done = 0;
  Matrix<double> y;
  for (Matrix<double> u = input->read(); u.cols() > 0; u = input->read()) {
    if (!run) {
      const Index copies = copies_for(model, u.rows());
      x = first_state(options, model, copies);
      const longstate::Workload workload{.copies = copies, .call = u.cols()};
      const auto make = [&] {
        const double share = input->progress();  // of the whole: what these samples are
        const double samples = share > 0 ? static_cast<double>(u.cols()) / share : HUGE_VAL;
        std::optional<Working> working(std::in_place, "choosing a path");
        const longstate::Plan plan = single ? make_plan<float>(model, options, workload, samples)
                                            : make_plan<double>(model, options, workload, samples);
        working.reset();
        if (options.describe) fmt::print(stderr, "{}", longstate::describe(plan));
        writer.emplace(options, std::string(longstate::name(plan.best().path)));
        working.emplace("building the path");
        return single ? make_run<float>(model, plan) : make_run<double>(model, plan);
      };
      run = single ? in_balanced_units(model, make) : make();
    }
    run(u, y, x);
    if (!y.allFinite() || !x.allFinite()) {
      Index finite = 0;
      while (finite < y.cols() && y.col(finite).allFinite()) ++finite;
      throw Failure(
          fmt::format("the output is no longer finite after {} samples: {}", done + finite, why(options, model)));
    }
    writer->add(y);
    done += u.cols();
    progress.update(input->progress(), done);
  }
  if (!options.save_state.empty()) {
    const std::vector<std::byte> bytes = longstate::save_state<double>(x, model);
    TextOutput file(options.save_state);
    file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    file.commit();
  }
  writer->finish(x);
}

}  // namespace

void add_simulate(CLI::App& app) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* const command = app.add_subcommand("simulate", "Runs a signal through a system");
  command->footer(
      "A system with one input runs on each channel by itself. Standard input streams, in constant memory.\n\n"
      "Examples:\n"
      "  longstate simulate speech.wav --measure legt --order 64 --window 0.02 --delay 0.01 -o delayed.csv\n"
      "  longstate simulate part2.csv --system filter.json --initial-state part1.json --json");
  command->add_option("input", options->input, "a .csv, .wav, .flac or .ogg file, or - for CSV on standard input")
      ->required();
  options->system.add_to(*command);
  options->method.add_to(*command);
  command->add_option("--dt", options->dt, "seconds a sample; default one over the rate");
  command->add_option("--rate", options->rate, "samples a second; default the file's own, 1 for CSV")
      ->check(positive());
  command->add_option("--precision", options->precision, "double or float")->capture_default_str();
  command
      ->add_option("--path", options->path,
                   "recurrent: step by step; chunked: blocks as products of matrices; fft: convolution in blocks; "
                   "auto: the fastest")
      ->capture_default_str();
  command->add_flag("--describe", options->describe,
                    "say which path runs and what the others would cost, on standard error");
  command->add_option("--initial-state", options->initial_state,
                      "start from the \"state\" of an earlier --json document, or from a --save-state file");
  command->add_option("--save-state", options->save_state, "write the final state to a file, exactly, with a checksum");
  command->add_option("-o,--output", options->output, "write the outputs to a .csv file, a row a sample");
  command->add_flag("--json", options->json, "print {\"path\",\"output\":[[...],...],\"state\":[...]}");
  command->callback([options] {
    if (!options->output.empty() && options->output != "-" && !options->output.ends_with(".csv")) {
      throw InputError(fmt::format("-o must end in .csv, got '{}'", options->output));
    }
    simulate(*options);
  });
}

}  // namespace cli
