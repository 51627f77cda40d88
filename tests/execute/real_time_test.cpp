#include "support/real_time.hpp"
#include "support/allocations.hpp"
#include "support/oracle.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#ifdef __linux__
#include <dlfcn.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#endif

using namespace longstate;
using support::RealTimeCall;

namespace {

/// What the call takes from the heap, its first time and its second.
std::size_t taken(const RealTimeCall& call) {
  const std::size_t before = support::allocations();
  call.call();
  call.call();
  return support::allocations() - before;
}

void check_none_taken(long order, long size, bool long_designs) {
  for (const RealTimeCall& call : support::real_time_calls(order, size, long_designs)) {
    INFO(call.name, ", order ", order, ", ", size, " samples");
    CHECK(taken(call) == 0);
  }
}

}  // namespace

TEST_CASE("R: no path takes memory while it runs, in any order and block") {
  for (long n = 1; n <= 40; n += support::sanitized ? 13 : 1) check_none_taken(n, n, n <= 20);
  for (const long order : {64L, 200L}) check_none_taken(order, 37, false);
}

TEST_CASE_TEMPLATE("R: memories of many coefficients and channels take none, even and uneven steps", T, float, double) {
  for (const Index order : {129, 200, 300}) {
    for (const auto method : {Discretization::foh, Discretization::bilinear}) {
      Memory<T> memory(LegS{}, {.order = order, .dt = 0.01, .channels = 2, .method = method});
      const Matrix<T> u = support::random_matrix(2, 40, 1).cast<T>();
      const std::size_t before = support::allocations();
      for (Index k = 0; k < 20; ++k) memory.push(u.col(k));
      memory.push_block(u);
      memory.push_at(10.0, u.col(0));
      CHECK(support::allocations() == before);
    }
  }
  Memory<T> memory(LegT{}, {.order = 64, .dt = 1e-4, .channels = 2});
  const Vector<T> u = Vector<T>::Ones(2);
  double time = 0;
  const std::size_t before = support::allocations();
  for (const double step : {1e-4, 1e-6, 3e-4, 1e-3, 2e-4}) memory.push_at(time += step, u);  // each of another degree
  CHECK(support::allocations() == before);
}

#if LONGSTATE_WITH_FFTW
TEST_CASE_TEMPLATE("R: transforms of all lengths that blocks lead to run without memory", T, float, double) {
  // One state, so that tables are small. Blocks of 17, 18, 32 and 37 led to 35, 35, 63 and 75.
  const DiscreteStateSpace model{Matrix<double>::Constant(1, 1, 0.5),
                                 Matrix<double>::Ones(1, 1),
                                 Matrix<double>::Ones(1, 1),
                                 Matrix<double>::Zero(1, 1),
                                 1,
                                 Convention::sequence};
  Index last = 0;
  const auto check_block = [&](Index block) {
    Convolution<T> path(model, block);
    if (path.fft_length() == last) return;  // the transform is the same
    last = path.fft_length();
    State<T> x = path.zero_state();
    const Matrix<T> u = Matrix<T>::Ones(1, block);
    Matrix<T> y(1, block);
    const std::size_t before = support::allocations();
    path.run(u, y, x);
    const std::size_t after = support::allocations();  // before INFO, which takes memory
    INFO("block ", block, ", transform of ", last);
    CHECK(after == before);
    CHECK(y(0, block - 1) == doctest::Approx(block > 60 ? 2.0 : 2 - std::pow(0.5, double(block - 1))).epsilon(1e-4));
  };
  for (Index block = 1; block <= 200; ++block) check_block(block);
  for (Index block = 200; block <= (Index{1} << 16); block += block / 16) check_block(block);
  for (const Index block : {1285956, 1562500, 1687500})
    check_block(block);  // 2571912 …: once 568 pieces each, in float
}

TEST_CASE_TEMPLATE("R: filters run without memory, measured plans too", T, float, double) {
  for (const Planning planning : {Planning::estimate, Planning::measure}) {
    for (const Index block : {16, 25, 100, 945, 2048}) {
      Fir<T> filter(support::random_matrix(2, block, 1), block, planning);
      State<T> x = filter.zero_state();
      const Matrix<T> u = Matrix<T>::Ones(2, block);
      Matrix<T> y(2, block);
      const std::size_t before = support::allocations();
      filter.run(u, y, x);
      CHECK(support::allocations() == before);
    }
  }
}
#endif

TEST_CASE("R: counts of operations are of the thread and of the time, side by side") {
  const DiscreteStateSpace model = discretize(delay_system(LegT{}, 8, 0.3), 0.01, Discretization::zoh);
  Recurrence<double> path(model);
  State<double> x = path.zero_state();
  const Matrix<double> u = Matrix<double>::Ones(1, 3);
  Matrix<double> y(1, 3);
  const std::int64_t once = 3 * 2 * (8 * 8 + 8 + 8 + 1);
  const OperationCount outer;
  path.run(u, y, x);
  {
    const OperationCount inner;
    path.run(u, y, x);
    CHECK(inner.so_far().flops == once);
  }
  std::vector<std::unique_ptr<OperationCount>> out_of_turn;
  out_of_turn.push_back(std::make_unique<OperationCount>());
  out_of_turn.push_back(std::make_unique<OperationCount>());
  out_of_turn.erase(out_of_turn.begin());
  path.run(u, y, x);
  CHECK(out_of_turn.front()->so_far().flops == once);
  CHECK(outer.so_far().flops == 3 * once);
}

#if defined(__linux__) && !defined(LONGSTATE_SANITIZED)

namespace {

std::vector<RealTimeCall>* load_plugin() {
  void* const plugin = dlopen(LONGSTATE_REAL_TIME_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  REQUIRE_MESSAGE(plugin != nullptr, dlerror());
  void* const symbol = dlsym(plugin, "make_real_time_calls");
  REQUIRE(symbol != nullptr);
  return reinterpret_cast<std::vector<RealTimeCall>* (*)()>(symbol)();
}

}  // namespace

TEST_CASE("R: the first call in a new thread of a plug-in loaded at run time takes no memory") {
  const std::vector<RealTimeCall>* const calls = load_plugin();
  for (const RealTimeCall& call : *calls) {
    std::size_t made = 1;
    std::thread([&] { made = taken(call); }).join();
    INFO(call.name);
    CHECK(made == 0);
  }
}

TEST_CASE("R: no call of a plug-in loaded at run time calls the system") {
  const std::vector<RealTimeCall>* const calls = load_plugin();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {  // whatever it asks the system for, but to end, kills it
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(2);
    for (const RealTimeCall& call : *calls) call.call();
    for (const RealTimeCall& call : *calls) call.call();
    syscall(SYS_exit, 0);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

#endif

namespace {

template <class Type>
constexpr bool movable = std::is_move_constructible_v<Type>&& std::is_move_assignable_v<Type>;

/// Moves without an exception, so that a vector of them grows by moves.
template <class Type>
constexpr bool in_vectors = movable<Type>&& std::is_nothrow_move_constructible_v<Type>;

template <class T>
constexpr bool paths_are_movable = in_vectors<Recurrence<T>>&& in_vectors<Chunked<T>>&& in_vectors<Planned<T>>&&
    in_vectors<VaryingScan<T>>&& in_vectors<SelectiveScan<T>>&& in_vectors<DiagonalKernels<T>>&& in_vectors<Memory<T>>&&
        in_vectors<Transition<T>>&& in_vectors<HippoStep<T>>&& in_vectors<HippoOperator<T>>&&
            in_vectors<OnlineSoftmax<T>>&& in_vectors<AttentionLayer<T>>&& in_vectors<FullAttention<T>>&&
                in_vectors<CachedAttention<T>>&& in_vectors<ConstantAttention<T>>&& in_vectors<LinearAttention<T>>;
static_assert(paths_are_movable<float> && paths_are_movable<double>);

static_assert(in_vectors<StateSpace> && in_vectors<DiscreteStateSpace> && in_vectors<DiagonalSystem> &&
              in_vectors<NplrSystem> && in_vectors<HippoSystem> && in_vectors<DiscreteHippo> &&
              in_vectors<DiscreteNplr> && in_vectors<DiscreteDiagonal> && in_vectors<TransferFunction> &&
              in_vectors<DiscreteSystem> && in_vectors<Measure> && in_vectors<Plan> && in_vectors<Threads> &&
              in_vectors<Trace> && in_vectors<TraceStep> && in_vectors<Threaded<Recurrence<double>>> &&
              in_vectors<Scaling> && in_vectors<Hippo>);

#if LONGSTATE_WITH_FFTW
template <class T>
constexpr bool filters_are_movable = in_vectors<Convolution<T>>&& in_vectors<Fir<T>>&& in_vectors<StreamingFir<T>>;
static_assert(filters_are_movable<float> && filters_are_movable<double>);
#endif

}  // namespace

#if LONGSTATE_WITH_FFTW

TEST_CASE("R: filters move, copy and live in vectors, their past with them") {
  const Matrix<double> kernels = support::random_matrix(1, 300, 1), u = support::random_matrix(1, 200, 2);
  std::vector<StreamingFir<double>> filters;
  for (int i = 0; i < 5; ++i) filters.emplace_back(kernels, 16);
  StreamingFir<double> whole(kernels, 16);
  Matrix<double> expected(1, 200), y(1, 200);
  whole.run(u, expected);
  filters[2].run(u.leftCols(77), y.leftCols(77));
  StreamingFir<double> moved = std::move(filters[2]);
  filters[2] = std::move(moved);
  filters[3] = filters[2];
  filters.erase(filters.begin());
  filters[2].run(u.rightCols(123), y.rightCols(123));
  CHECK(y == expected);
  filters[1].run(u.rightCols(123), y.rightCols(123));
  CHECK(y == expected);
}
#endif
