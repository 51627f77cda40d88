#include "support/real_time.hpp"

#include <longstate/longstate.hpp>

#include <complex>
#include <memory>
#include <utility>

namespace support {
namespace {

using namespace longstate;

template <class T>
Matrix<T> noise(Index rows, Index cols) {
  Matrix<T> values(rows, cols);
  for (Index i = 0; i < values.size(); ++i) values(i) = static_cast<T>((i * 7919 + 13) % 1009) / T(1009) - T(0.5);
  return values;
}

template <class T>
const char* precision() {
  return sizeof(T) == sizeof(float) ? " float" : " double";
}

DiagonalSystem modes(Index entries) {
  Vector<std::complex<double>> lambda(entries);
  for (Index n = 0; n < entries; ++n) lambda(n) = {-0.5, 3.0 * static_cast<double>(n)};
  return {lambda, Matrix<std::complex<double>>::Ones(entries, 1), Matrix<std::complex<double>>::Ones(1, entries),
          Matrix<double>::Zero(1, 1)};
}

/// Everything that a call touches, so that the call itself makes nothing.
template <class T, class Path>
struct Running {
  Path path;
  Matrix<T> u, y;
  State<T> x;
};

template <class T>
class Calls {
 public:
  Calls(std::vector<RealTimeCall>& calls, Index order, Index size) : calls_(calls), N_(order), n_(size) {}

  void add(std::string name, std::function<void()> call) {
    calls_.push_back({name.append(precision<T>()), std::move(call)});
  }

  template <class Path>
  void add_run(const std::string& name, Path path, Index samples) {
    auto r = std::make_shared<Running<T, Path>>(Running<T, Path>{path, {}, {}, path.zero_state()});
    r->u = noise<T>(path.inputs(), samples);
    r->y.resize(path.outputs(), samples);
    add(name + "::run", [r] { r->path.run(r->u, r->y, r->x); });
    add(name + "::step", [r] { r->path.step(r->u.col(0), r->y.col(0), r->x); });
  }

  void add_system(const std::string& name, const DiscreteSystem& system, bool with_blocks) {
    const Index dividing = (n_ + 15) / 16 * 16;
    for (const Index copies : {1, 3}) {
      const std::string with = name + (copies > 1 ? " copies" : "");
      add_run("Recurrence " + with, Recurrence<T>(system, copies), n_);
      if (!with_blocks) continue;
      add_run("Chunked " + with, Chunked<T>(system, dividing, copies), 3 * dividing + n_ % 16);
#if LONGSTATE_WITH_FFTW
      add_run("Convolution " + with, Convolution<T>(system, n_, copies), 2 * n_ + n_ / 2);
#endif
      add_run("Planned " + with, Planned<T>(system, plan<T>(system, {.copies = copies})), n_);
    }
  }

  void add_scans() {
    const DiagonalSystem diagonal = modes(N_);
    for (const auto method : {Discretization::zoh, Discretization::bilinear}) {
      const VaryingScan<T> path(diagonal, method);
      auto r = std::make_shared<Running<T, VaryingScan<T>>>(
          Running<T, VaryingScan<T>>{path, noise<T>(1, n_), Matrix<T>(1, n_), path.zero_state()});
      add("VaryingScan::run",
          [r, delta = Matrix<T>(Matrix<T>::Constant(1, n_, T(0.01)))] { r->path.run(r->u, delta, r->y, r->x); });
      add("VaryingScan::step", [r] { r->path.step(r->u.col(0), T(0.01), r->y.col(0), r->x); });
    }
    for (const auto hold : {SelectiveHold::euler, SelectiveHold::zoh}) {
      const SelectiveScan<T> path(Matrix<double>::Constant(3, N_, -1.0), Vector<double>::Ones(3), hold);
      auto r = std::make_shared<Running<T, SelectiveScan<T>>>(
          Running<T, SelectiveScan<T>>{path, noise<T>(3, n_), Matrix<T>(3, n_), path.zero_state()});
      add("SelectiveScan::run", [r, B = noise<T>(N_, n_), delta = Matrix<T>(Matrix<T>::Constant(3, n_, T(0.01)))] {
        r->path.run(r->u, delta, B, B, r->y, r->x);
        r->path.step(r->u.col(0), delta.col(0), B.col(0), B.col(0), r->y.col(0), r->x);
      });
    }
    using C = std::complex<T>;
    auto b = std::make_shared<Matrix<C>>(Matrix<C>::Ones(N_, n_));
    auto x = std::make_shared<Vector<C>>(Vector<C>::Ones(N_));
    add("scan", [a = Matrix<C>(Matrix<C>::Constant(N_, n_, C(T(0.5), T(0.1)))), b, x] { scan<T>(a, *b, *x); });
    auto kernels = std::make_shared<DiagonalKernels<T>>(
        std::vector<DiscreteSystem>{discretize(diagonal, 0.01, Discretization::zoh)});
    auto K = std::make_shared<Matrix<T>>(n_, 1);
    add("DiagonalKernels::run", [kernels, K] { kernels->run(*K); });
  }

  void add_filters() {
#if LONGSTATE_WITH_FFTW
    add_run("Fir", Fir<T>(noise<double>(2, N_), n_), 2 * n_ + 1);
    add_run("Fir long", Fir<T>(noise<double>(1, 40 * N_), 0), n_);
    for (const Index block : {16, 64}) {
      auto filter = std::make_shared<StreamingFir<T>>(noise<double>(2, 40 * N_), block);
      auto y = std::make_shared<Matrix<T>>(2, n_);
      add("StreamingFir::run", [filter, y, u = noise<T>(2, n_)] {
        for (int turn = 0; turn < 20; ++turn) filter->run(u, *y);
      });
    }
#endif
  }

  void add_memory(const Measure& measure, Discretization method, Structure structure, Index channels) {
    const MemoryOptions options{
        .order = N_, .dt = 0.01, .channels = channels, .method = method, .structure = structure};
    auto memory = std::make_shared<Memory<T>>(measure, options);
    const std::string which = std::string(name(measure)).append(" ").append(longstate::name(method));
    auto u = std::make_shared<Matrix<T>>(noise<T>(channels, n_));
    add("Memory::push " + which, [memory, u] {
      for (Index k = 0; k < u->cols(); ++k) memory->push(u->col(k));
    });
    if (channels == 1) add("Memory::push(u) " + which, [memory] { memory->push(T(0.25)); });
    add("Memory::push_block " + which, [memory, u] { memory->push_block(*u); });
    // Steps of other lengths, short and long, where none makes a matrix (memory.hpp): each takes another degree.
    const bool varying = !is_time_invariant(measure);
    const bool structured = structure == Structure::hippo && has_operator(measure) && (is_gbt(method) || N_ >= 64);
    if (!varying && !structured) return;
    const double step = varying || is_gbt(method) ? 0.01 : 1.0 / static_cast<double>(N_ * N_);
    add("Memory::push_at " + which, [memory, u, step] {
      for (const double later : {0.01, 0.3, 4.0, 40.0}) {
        memory->push_at(memory->elapsed() + 1e-9 + later * step, u->col(0));
      }
    });
  }

  void add_attention() {
    auto state = std::make_shared<OnlineSoftmax<T>>(N_), other = std::make_shared<OnlineSoftmax<T>>(N_);
    auto y = std::make_shared<Vector<T>>(N_);
    add("OnlineSoftmax", [state, other, y, V = noise<T>(N_, n_), scores = Vector<T>(noise<T>(n_, 1))] {
      state->fold(scores(0), V.col(0));
      state->fold_block(scores, V);
      state->fold_weight(T(0.5), V.col(0));
      other->merge(*state);
      state->read(*y);
    });
  }

 private:
  std::vector<RealTimeCall>& calls_;
  Index N_, n_;
};

template <class T>
void add_calls(std::vector<RealTimeCall>& calls, Index N, Index n, bool long_designs) {
  Calls<T> c(calls, N, n);
  const HippoSystem legt = hippo_delay_system(LegT{}, N, 0.5);
  const DiagonalSystem diagonal = modes(N);
  c.add_system("diagonal", discretize(diagonal, 0.01, Discretization::zoh), true);
  c.add_system("dense", discretize(dense(legt), 0.01, Discretization::bilinear), long_designs);
  c.add_system("hippo", discretize(legt, 0.01, Discretization::bilinear), long_designs);
  c.add_system("hippo zoh", discretize(legt, 0.01, Discretization::zoh), false);
  c.add_system("hippo fourier", discretize(hippo_delay_system(Fourier{}, N, 0.5), 0.01, Discretization::bilinear),
               false);
  if (long_designs) {
    const NplrSystem nplr = normal_plus_low_rank(LegT{}, N, legt.C);
    c.add_system("nplr", discretize(nplr, 0.01, Discretization::bilinear), true);
    Vector<double> a = Vector<double>::Zero(N);
    a(N - 1) = 0.5;
    const TransferFunction delay{a, Matrix<double>::Ones(1, N), Matrix<double>::Zero(1, 1), 1, Convention::control};
    c.add_system("transfer", delay, true);
  }
  c.add_scans();
  c.add_filters();
  c.add_attention();
  for (const Index channels : {1, 2, 5}) {
    for (const auto method : {Discretization::foh, Discretization::zoh, Discretization::bilinear}) {
      c.add_memory(LegS{}, method, Structure::hippo, channels);
      c.add_memory(LegT{}, method, Structure::hippo, channels);
      if (!long_designs) continue;
      for (const Measure& measure :
           {Measure(LegSExp{}), Measure(Lmu{}), Measure(LagT{}), Measure(Fourier{}), Measure(ChebT{})}) {
        c.add_memory(measure, method, Structure::hippo, channels);
      }
      c.add_memory(LegT{}, method, Structure::dense, channels);
    }
  }
}

}  // namespace

std::vector<RealTimeCall> real_time_calls(long order, long size, bool long_designs) {
  std::vector<RealTimeCall> calls;
  add_calls<float>(calls, order, size, long_designs);
  add_calls<double>(calls, order, size, long_designs);
  return calls;
}

}  // namespace support
