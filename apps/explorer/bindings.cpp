// What the page asks of the library. Numbers go over as Float64Array, errors as objects with the library's message.

#include <longstate/execute/kernel.hpp>
#include <longstate/execute/recurrence.hpp>
#include <longstate/execute/trace.hpp>
#include <longstate/hippo/hippo.hpp>
#include <longstate/measure/basis.hpp>
#include <longstate/system/state_space.hpp>

#include <emscripten/bind.h>
#include <emscripten/val.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace longstate;
using emscripten::val;

val numbers(const double* data, Index count) {
  return val(emscripten::typed_memory_view(static_cast<std::size_t>(count), data)).call<val>("slice");
}
val numbers(const Vector<double>& values) { return numbers(values.data(), values.size()); }

/// Row after row.
val numbers(const Matrix<double>& values) {
  const Matrix<double> rows = values.transpose();
  return numbers(rows.data(), rows.size());
}

Vector<double> vector(const val& array) {
  const std::vector<double> values = emscripten::convertJSArrayToNumberVector<double>(array);
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Index>(values.size()));
}

/// {error: message} in place of a result.
template <class Make>
val guarded(const Make& make) {
  try {
    return make();
  } catch (const std::exception& error) {
    val result = val::object();
    std::string what = error.what();
    constexpr std::string_view own = "longstate::";
    if (what.starts_with(own)) what.erase(0, own.size());
    result.set("error", what);
    return result;
  }
}

struct Choice {
  std::string measure, method;
  double order, window, dt;

  Measure make() const { return make_measure(measure, window); }
  MemoryOptions options() const {
    return {.order = static_cast<Index>(order), .dt = dt, .method = make_discretization(method)};
  }
};

/// Steps of a signal, forward and back.
class Session {
 public:
  Session(const Choice& choice, const val& samples) : trace_(choice.make(), choice.options(), vector(samples)) {}

  /// Step k, 0 <= k < samples.
  val at(double k) {
    return guarded([&] { return describe(trace_.at(static_cast<Index>(k))); });
  }

 private:
  static val describe(const TraceStep& step) {
    val result = val::object();
    result.set("sample", static_cast<double>(step.sample));
    result.set("time", step.time);
    result.set("input", step.input);
    result.set("before", numbers(step.before));
    result.set("faded", numbers(step.faded));
    result.set("added", numbers(step.added));
    result.set("after", numbers(step.after));
    result.set("delays", numbers(step.delays));
    result.set("reconstruction", numbers(step.reconstruction));
    result.set("best", numbers(step.best));
    result.set("sampleDelays", numbers(step.sample_delays));
    result.set("samples", numbers(step.samples));
    result.set("remembered", numbers(step.remembered));
    result.set("bestSamples", numbers(step.best_samples));
    result.set("error_", step.error);
    result.set("bestError", step.best_error);
    return result;
  }

  Trace trace_;
};

/// {session} or {error}
val open(const Choice& choice, const val& samples) {
  return guarded([&] {
    val result = val::object();
    result.set("session", std::make_shared<Session>(choice, samples));
    return result;
  });
}

/// What there is to choose: {measures: [{name, fades, infinite}], methods: [name, …]}, `infinite` where the basis is at age 0. Methods
/// are those that a memory takes, but not the one that asks for an alpha.
val choices() {
  val measures = val::array();
  for (const std::string_view each : measure_names()) {
    const Measure measure = make_measure(each);
    val entry = val::object();
    entry.set("name", std::string(each));
    entry.set("fades", std::isinf(support(measure)));
    entry.set("infinite", !in_support(measure, 0));
    measures.call<void>("push", entry);
  }
  val methods = val::array();
  for (const std::string_view each : discretization_names()) {
    const Discretization method = make_discretization(each);
    const bool asks = is_gbt(method) && gbt_alpha(method, 0) != gbt_alpha(method, 1);
    if (!asks && intersample(method) != Intersample::none) methods.call<void>("push", std::string(each));
  }
  val result = val::object();
  result.set("measures", measures);
  result.set("methods", methods);
  return result;
}

/// A system's own method, or the hold where its sequence form has none.
Discretization of_sequence(const Choice& choice) {
  const Discretization method = make_discretization(choice.method);
  return default_convention(method) == Convention::sequence ? method : Discretization::zoh;
}

/// Weight and basis at ages, A, B, and A of a step (none for legs, whose steps differ).
val measure_of(const Choice& choice, const val& at) {
  return guarded([&] {
    const Measure measure = choice.make();
    const auto order = static_cast<Index>(choice.order);
    const Vector<double> ages = vector(at);
    const Hippo matrices = hippo(measure, order);
    val result = val::object();
    result.set("A", numbers(matrices.A));
    result.set("B", numbers(Vector<double>(matrices.B)));
    result.set("basis", numbers(Matrix<double>(basis(measure, order, ages))));
    result.set("weight", numbers(Vector<double>(ages.unaryExpr([&](double age) { return weight(measure, age); }))));
    if (is_time_invariant(measure)) {
      const DiscreteStateSpace step = discretize(coefficient_system(measure, order), choice.dt, of_sequence(choice));
      result.set("step", numbers(step.A));
    }
    return result;
  });
}

/// The delay line of a measure: its kernel, and the output by the recurrence and by convolution with the kernel.
val two_ways(const Choice& choice, double delay, const val& signal) {
  return guarded([&] {
    const DiscreteSystem system = discretize(delay_system(choice.make(), static_cast<Index>(choice.order), delay),
                                             choice.dt, of_sequence(choice));
    const Vector<double> u = vector(signal);
    const Index n = u.size();
    const Vector<double> K = kernel(system, n).row(0).transpose();
    Recurrence<double> recurrence(system);
    State<double> x = recurrence.zero_state();
    Matrix<double> by_recurrence(1, n);
    recurrence.run(u.transpose(), by_recurrence, x);
    Vector<double> by_convolution(n);
    for (Index k = 0; k < n; ++k) by_convolution(k) = K.head(k + 1).reverse().dot(u.head(k + 1));
    val result = val::object();
    result.set("kernel", numbers(K));
    result.set("recurrence", numbers(Vector<double>(by_recurrence.transpose())));
    result.set("convolution", numbers(by_convolution));
    return result;
  });
}

}  // namespace

EMSCRIPTEN_BINDINGS(longstate) {
  emscripten::value_object<Choice>("Choice")
      .field("measure", &Choice::measure)
      .field("method", &Choice::method)
      .field("order", &Choice::order)
      .field("window", &Choice::window)
      .field("dt", &Choice::dt);
  emscripten::class_<Session>("Session").smart_ptr<std::shared_ptr<Session>>("Session").function("at", &Session::at);
  emscripten::function("choices", &choices);
  emscripten::function("open", &open);
  emscripten::function("measureOf", &measure_of);
  emscripten::function("twoWays", &two_ways);
}
