// longstate.h: the calls of C, each one of C++ with its exceptions turned into a status and a line.

#include "detail/layer.hpp"

#include <longstate/longstate.h>
#include <longstate/longstate.hpp>

#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <variant>

using namespace longstate;

struct longstate_system {
  DiscreteSystem of;
};

namespace {

template <class T>
struct Running {
  Planned<T> path;
  State<T> x;

  explicit Running(Planned<T> made) : path(std::move(made)), x(path.zero_state()) {}
};

}  // namespace

struct longstate_path {
  std::variant<Running<float>, Running<double>> of;
};

struct longstate_memory {
  Memory<double> of;
};

namespace {

thread_local std::string last_message;

/// Runs `work`, and says how it went.
template <class Work>
longstate_status call(const Work& work) noexcept {
  const auto failed = [](longstate_status status, const char* message) {
    try {
      last_message = message;
    } catch (...) {  // no room for the message
    }
    return status;
  };
  try {
    work();
    return LONGSTATE_OK;
  } catch (const std::invalid_argument& error) {
    return failed(LONGSTATE_INVALID_ARGUMENT, error.what());
  } catch (const std::domain_error& error) {
    return failed(LONGSTATE_DOMAIN_ERROR, error.what());
  } catch (const std::bad_alloc&) {
    return failed(LONGSTATE_NO_MEMORY, "longstate: no memory is left");
  } catch (const std::exception& error) {
    return failed(LONGSTATE_FAILED, error.what());
  } catch (...) {
    return failed(LONGSTATE_FAILED, "longstate: failed");
  }
}

template <class Pointer>
void need(const char* what, Pointer pointer) {
  if (pointer == nullptr) throw std::invalid_argument(std::string("longstate: ") + what + " must not be NULL");
}

/// The view as Eigen's, of doubles or of pairs of them.
template <class T, class View>
auto map(const char* what, const View& view) {
  constexpr ptrdiff_t width = std::is_same_v<T, double> ? 1 : 2;
  const auto fail = [&](const char* rule) {
    detail::fail("view", std::string(what).append(rule),
                 detail::shape(view.rows, view.columns).append(" with stride ").append(std::to_string(view.stride)));
  };
  if (view.rows < 0 || view.columns < 0) fail(" must have 0 or more rows and columns");
  if (view.rows % width != 0 || view.stride % width != 0) fail(" must have pairs (re, im) in rows and stride");
  if (view.stride < view.rows && view.columns > 1) fail(" must have a stride of its rows or more");
  if (view.rows > 0 && view.columns > 0) need(what, view.data);
  using Data = std::conditional_t<std::is_const_v<std::remove_pointer_t<decltype(view.data)>>, const T*, T*>;
  using Plain = std::conditional_t<std::is_const_v<std::remove_pointer_t<Data>>, const typename Matrix<T>::Plain,
                                   typename Matrix<T>::Plain>;
  return Eigen::Map<Plain, 0, Eigen::OuterStride<>>(reinterpret_cast<Data>(view.data), view.rows / width, view.columns,
                                                    Eigen::OuterStride<>(view.stride / width));
}

Matrix<double> matrix(const char* what, const longstate_view& view) { return map<double>(what, view); }
Matrix<std::complex<double>> complex_matrix(const char* what, const longstate_view& view) {
  return map<std::complex<double>>(what, view);
}

template <class Values>
void write(const char* what, const Values& values, const longstate_target& target) {
  auto to = map<double>(what, target);
  detail::check_shape("target", what, to.rows(), to.cols(), values.rows(), values.cols());
  to = values;
}

/// Bytes to where the caller has room for them.
void write(const void* from, size_t size, void* to, size_t room, size_t* needed) {
  if (needed != nullptr) *needed = size;
  if (room < size) {
    throw std::invalid_argument("longstate: room must be at least " + std::to_string(size) + ", got " +
                                std::to_string(room));
  }
  need("the place to write", to);
  std::memcpy(to, from, size);
}

DiscretizeOptions options(const longstate_step& step) {
  need("convention", step.convention);
  return {.convention = make_convention(step.convention), .alpha = step.alpha};
}

Discretization method(const longstate_step& step) {
  need("method", step.method);
  return make_discretization(step.method);
}

template <class System>
DiscreteSystem discrete(const System& system, const longstate_step* step) {
  need("step", step);
  return discretize(system, step->dt, method(*step), options(*step));
}

template <class Made, class Make>
longstate_status make(Made** made, const Make& value) noexcept {
  return call([&] {
    need("the place of what is made", made);
    *made = std::make_unique<Made>(value()).release();
  });
}

StateSpace state_space(const longstate_view& A, const longstate_view& B, const longstate_view& C,
                       const longstate_view& D) {
  return {matrix("A", A), matrix("B", B), matrix("C", C), matrix("D", D)};
}

std::vector<DiscreteSystem> systems_of(const longstate_layer& layer) {
  need("systems", layer.systems);
  std::vector<DiscreteSystem> all;
  for (size_t i = 0; i < layer.count; ++i) {
    need("a system of the layer", layer.systems[i]);
    all.push_back(layer.systems[i]->of);
  }
  if (layer.copies < 0) detail::fail("layer", "copies must be 0 or more", layer.copies);
  if (all.empty()) detail::fail("layer", "a layer must have at least one system", 0);
  return all;
}

template <class T>
Running<T> path(const longstate_layer& layer, Path kind, Index block) {
  const std::vector<DiscreteSystem> systems = systems_of(layer);
  if (kind == Path::recurrent && block != 0) detail::fail("path_make", "block must be 0 of a recurrent path", block);
  const Workload workload{.copies = detail::check_layer("path_make", systems, layer.copies)};
  return Running<T>(Planned<T>(systems, {workload, Planning::estimate, {{kind, block, 0}}}));
}

/// with(T()) of a precision's type.
template <class With>
auto of_precision(longstate_precision precision, const With& with) {
  if (precision == LONGSTATE_FLOAT) return with(float());
  if (precision == LONGSTATE_DOUBLE) return with(double());
  detail::fail("path_make", "precision must be LONGSTATE_FLOAT or LONGSTATE_DOUBLE", static_cast<int>(precision));
}

template <class T>
longstate_status run(longstate_path* path, const T* u, ptrdiff_t u_stride, T* y, ptrdiff_t y_stride,
                     ptrdiff_t samples) {
  return call([&] {
    need("path", path);
    auto* const running = std::get_if<Running<T>>(&path->of);
    if (running == nullptr) {
      throw std::invalid_argument("longstate: the path must be run in its own precision, got the other");
    }
    if (samples < 0) detail::fail("path_run", "samples must be 0 or more", samples);
    if (samples == 0) return;
    need("u", u);
    need("y", y);
    Planned<T>& p = running->path;
    if (u_stride < p.inputs()) detail::fail("path_run", "u_stride must be at least the inputs", u_stride);
    if (y_stride < p.outputs()) detail::fail("path_run", "y_stride must be at least the outputs", y_stride);
    using Plain = typename Matrix<T>::Plain;
    using Stride = Eigen::OuterStride<>;
    p.run(Eigen::Map<const Plain, 0, Stride>(u, p.inputs(), samples, Stride(u_stride)),
          Eigen::Map<Plain, 0, Stride>(y, p.outputs(), samples, Stride(y_stride)), running->x);
  });
}

/// ask(path) of any path of either precision; 0 of NULL.
template <class Ask>
ptrdiff_t size_of(const longstate_path* path, const Ask& ask) {
  if (path == nullptr) return 0;
  return std::visit([&](const auto& running) { return ask(running.path); }, path->of);
}

}  // namespace

extern "C" {

const char* longstate_message(void) { return last_message.c_str(); }
const char* longstate_version(void) { return LONGSTATE_VERSION; }

longstate_status longstate_system_dense(longstate_view A, longstate_view B, longstate_view C, longstate_view D,
                                        double dt, const char* convention, longstate_system** made) {
  return make(made, [&] {
    need("convention", convention);
    DiscreteStateSpace system{
        matrix("A", A), matrix("B", B), matrix("C", C), matrix("D", D), dt, make_convention(convention)};
    return longstate_system{std::move(system)};
  });
}

longstate_status longstate_system_discretize(longstate_view A, longstate_view B, longstate_view C, longstate_view D,
                                             const longstate_step* step, longstate_system** made) {
  return make(made, [&] { return longstate_system{discrete(state_space(A, B, C, D), step)}; });
}

longstate_status longstate_system_diagonal(longstate_view lambda, longstate_view B, longstate_view C, longstate_view D,
                                           const longstate_step* step, longstate_system** made) {
  return make(made, [&] {
    const Matrix<std::complex<double>> values = complex_matrix("lambda", lambda);
    detail::check_shape("system_diagonal", "lambda", values.rows(), values.cols(), values.rows(), 1);
    const Matrix<std::complex<double>> b = complex_matrix("B", B), c = complex_matrix("C", C);
    const Index entries = values.rows();
    detail::check_shape("system_diagonal", "B, two doubles to a number,", 2 * b.rows(), b.cols(), 2 * entries,
                        b.cols());
    detail::check_shape("system_diagonal", "C, two doubles to a number,", 2 * c.rows(), c.cols(), 2 * c.rows(),
                        entries);
    return longstate_system{discrete(DiagonalSystem{values.col(0), b, c, matrix("D", D)}, step)};
  });
}

longstate_status longstate_system_delay(const char* measure, double window, ptrdiff_t order, double delay,
                                        const char* structure, const longstate_step* step, longstate_system** made) {
  return make(made, [&] {
    need("measure", measure);
    need("structure", structure);
    const Measure of = make_measure(measure, window);
    const Structure wanted = make_structure(structure);
    if (wanted == Structure::hippo) return longstate_system{discrete(hippo_delay_system(of, order, delay), step)};
    if (wanted == Structure::dense) return longstate_system{discrete(delay_system(of, order, delay), step)};
    detail::fail("system_delay", "structure must be hippo or dense", structure);
  });
}

longstate_status longstate_system_transfer(longstate_view a, longstate_view C, longstate_view D, double dt,
                                           const char* convention, longstate_system** made) {
  return make(made, [&] {
    need("convention", convention);
    const Matrix<double> values = matrix("a", a);
    detail::check_shape("system_transfer", "a", values.rows(), values.cols(), values.rows(), 1);
    TransferFunction system{values.col(0), matrix("C", C), matrix("D", D), dt, make_convention(convention)};
    return longstate_system{std::move(system)};
  });
}

void longstate_system_free(longstate_system* system) { delete system; }

ptrdiff_t longstate_system_order(const longstate_system* system) { return system == nullptr ? 0 : order(system->of); }
ptrdiff_t longstate_system_inputs(const longstate_system* system) { return system == nullptr ? 0 : inputs(system->of); }
ptrdiff_t longstate_system_outputs(const longstate_system* system) {
  return system == nullptr ? 0 : outputs(system->of);
}
double longstate_system_dt(const longstate_system* system) { return system == nullptr ? 0 : time_step(system->of); }

longstate_status longstate_system_kernel(const longstate_system* system, longstate_target K) {
  return call([&] {
    need("system", system);
    map<double>("K", K);
    write("K", kernel(system->of, K.columns), K);
  });
}

longstate_status longstate_path_make(longstate_layer layer, longstate_precision precision, const char* path_name,
                                     ptrdiff_t block, longstate_path** made) {
  return make(made, [&] {
    need("path", path_name);
    const Path kind = make_path(path_name);
    return of_precision(precision, [&](auto zero) { return longstate_path{path<decltype(zero)>(layer, kind, block)}; });
  });
}

longstate_status longstate_plan(longstate_layer layer, longstate_precision precision, ptrdiff_t length,
                                ptrdiff_t samples_a_call, char* text, size_t room, size_t* needed) {
  return call([&] {
    const std::vector<DiscreteSystem> systems = systems_of(layer);
    const Index copies = layer.copies != 0 ? layer.copies : static_cast<Index>(systems.size());
    const Workload workload{.copies = copies, .length = length, .call = samples_a_call};
    const std::string all =
        save_plan(of_precision(precision, [&](auto zero) { return plan<decltype(zero)>(systems, workload); }));
    write(all.c_str(), all.size() + 1, text, room, needed);
  });
}

longstate_status longstate_path_make_planned(longstate_layer layer, longstate_precision precision, const char* plan,
                                             longstate_path** made) {
  return make(made, [&] {
    need("plan", plan);
    const std::vector<DiscreteSystem> systems = systems_of(layer);
    const Plan loaded = load_plan(plan);
    if (layer.copies != 0 && layer.copies != loaded.workload.copies)
      detail::fail("path_make_planned", "copies must be those of the plan, or 0", layer.copies);
    return of_precision(precision, [&](auto zero) {
      using T = decltype(zero);
      return longstate_path{Running<T>(Planned<T>(systems, loaded))};
    });
  });
}

longstate_status longstate_path_copy(const longstate_path* path, longstate_path** made) {
  return make(made, [&] {
    need("path", path);
    return *path;
  });
}

void longstate_path_free(longstate_path* path) { delete path; }

ptrdiff_t longstate_path_order(const longstate_path* path) {
  return size_of(path, [](const auto& p) { return p.order(); });
}
ptrdiff_t longstate_path_copies(const longstate_path* path) {
  return size_of(path, [](const auto& p) { return p.copies(); });
}
ptrdiff_t longstate_path_inputs(const longstate_path* path) {
  return size_of(path, [](const auto& p) { return p.inputs(); });
}
ptrdiff_t longstate_path_outputs(const longstate_path* path) {
  return size_of(path, [](const auto& p) { return p.outputs(); });
}

longstate_status longstate_path_run_f32(longstate_path* path, const float* u, ptrdiff_t u_stride, float* y,
                                        ptrdiff_t y_stride, ptrdiff_t samples) {
  return run(path, u, u_stride, y, y_stride, samples);
}
longstate_status longstate_path_run_f64(longstate_path* path, const double* u, ptrdiff_t u_stride, double* y,
                                        ptrdiff_t y_stride, ptrdiff_t samples) {
  return run(path, u, u_stride, y, y_stride, samples);
}

longstate_status longstate_path_state(const longstate_path* path, longstate_target x) {
  return call([&] {
    need("path", path);
    std::visit([&](const auto& running) { write("x", running.x.template cast<double>(), x); }, path->of);
  });
}

longstate_status longstate_path_set_state(longstate_path* path, longstate_view x) {
  return call([&] {
    need("path", path);
    const Matrix<double> values = matrix("x", x);
    if (!values.allFinite()) detail::fail("path_set_state", "x must be finite", "a number that is not");
    std::visit(
        [&](auto& running) {
          detail::check_shape("path_set_state", "x", values.rows(), values.cols(), running.x.rows(), running.x.cols());
          using T = typename std::decay_t<decltype(running.x)>::Scalar;
          const State<T> rounded = values.template cast<T>();
          if (!rounded.allFinite()) detail::fail("path_set_state", "x must be within the path's precision", "infinity");
          running.x = rounded;
        },
        path->of);
  });
}

longstate_status longstate_memory_make(const char* measure, double window, ptrdiff_t order, ptrdiff_t channels,
                                       const longstate_step* step, longstate_memory** made) {
  return make(made, [&] {
    need("measure", measure);
    need("step", step);
    const MemoryOptions options{
        .order = order, .dt = step->dt, .channels = channels, .method = method(*step), .alpha = step->alpha};
    return longstate_memory{Memory<double>(make_measure(measure, window), options)};
  });
}

longstate_status longstate_memory_copy(const longstate_memory* memory, longstate_memory** made) {
  return make(made, [&] {
    need("memory", memory);
    return *memory;
  });
}

void longstate_memory_free(longstate_memory* memory) { delete memory; }

longstate_status longstate_memory_push(longstate_memory* memory, longstate_view frames) {
  return call([&] {
    need("memory", memory);
    const auto u = map<double>("frames", frames);
    if (!u.allFinite()) detail::fail("memory_push", "frames must be finite", "a sample that is not");
    memory->of.push_block(u);
  });
}

longstate_status longstate_memory_push_at(longstate_memory* memory, double time, longstate_view frame) {
  return call([&] {
    need("memory", memory);
    const auto u = map<double>("frame", frame);
    detail::check_shape("memory_push_at", "frame", u.rows(), u.cols(), memory->of.channels(), 1);
    memory->of.push_at(time, u.col(0));
  });
}

void longstate_memory_reset(longstate_memory* memory) {
  if (memory != nullptr) memory->of.reset();
}

longstate_status longstate_memory_coefficients(const longstate_memory* memory, longstate_target x) {
  return call([&] {
    need("memory", memory);
    write("x", memory->of.coefficients(), x);
  });
}

longstate_status longstate_memory_reconstruct(const longstate_memory* memory, longstate_view delays, ptrdiff_t channel,
                                              longstate_target past) {
  return call([&] {
    need("memory", memory);
    const auto at = map<double>("delays", delays);
    detail::check_shape("memory_reconstruct", "delays", at.rows(), at.cols(), at.rows(), 1);
    write("past", memory->of.reconstruct(at.col(0), channel), past);
  });
}

double longstate_memory_elapsed(const longstate_memory* memory) { return memory == nullptr ? 0 : memory->of.elapsed(); }

longstate_status longstate_memory_save(const longstate_memory* memory, void* bytes, size_t room, size_t* needed) {
  return call([&] {
    need("memory", memory);
    const std::vector<std::byte> saved = memory->of.save();
    write(saved.data(), saved.size(), bytes, room, needed);
  });
}

longstate_status longstate_memory_restore(longstate_memory* memory, const void* bytes, size_t count) {
  return call([&] {
    need("memory", memory);
    need("bytes", bytes);
    memory->of.restore({static_cast<const std::byte*>(bytes), count});
  });
}

}  // extern "C"
