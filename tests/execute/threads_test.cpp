#include "support/allocations.hpp"
#include "support/oracle.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <thread>

#if defined(__linux__) && !defined(LONGSTATE_SANITIZED)
#define LONGSTATE_TEST_LIMITS
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace longstate;
using support::random_matrix;

namespace {

std::vector<DiscreteSystem> layer_of(Index copies, Index first = 0) {
  std::vector<DiscreteSystem> layer;
  for (Index c = first; c < first + copies; ++c) {
    DiagonalSystem system = initialize_diagonal("s4d-lin", 16);
    system.lambda *= 1 + 0.1 * static_cast<double>(c);
    layer.emplace_back(discretize(system, 0.01, Discretization::zoh));
  }
  return layer;
}

/// On any number of threads what make(0, copies) gives alone, in two calls.
template <class Path>
void check_same(Index copies, const typename Threaded<Path>::Make& make) {
  using T = typename Threaded<Path>::T;
  Path alone = make(0, copies);
  const Matrix<T> u = random_matrix(alone.inputs(), 700, 1).template cast<T>();
  State<T> x = random_matrix(alone.order(), copies, 2).template cast<T>();
  const State<T> start = x;
  Matrix<T> expected(alone.outputs(), u.cols());
  const auto run = [&](auto& path, Matrix<T>& y, State<T>& state) {
    path.run(u.leftCols(300), y.leftCols(300), state);
    path.run(u.rightCols(400), y.rightCols(400), state);
  };
  run(alone, expected, x);
  for (const int threads : {1, 2, 3, 7}) {
    CAPTURE(threads);
    Threaded<Path> threaded(Threads(threads), copies, make);
    CHECK(threaded.parts() == std::min<Index>(threads, std::max<Index>(copies / 16, 1)));
    CHECK(threaded.inputs() == alone.inputs());
    CHECK(threaded.outputs() == alone.outputs());
    State<T> z = start;
    Matrix<T> y(threaded.outputs(), u.cols());
    run(threaded, y, z);
    CHECK(y == expected);
    CHECK(z == x);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("any number of threads gives the same to the bit, on every path", T, float, double) {
  for (const Index copies : {5, 16, 40, 71}) {
    CAPTURE(copies);
    check_same<Recurrence<T>>(copies, [](Index first, Index count) { return Recurrence<T>(layer_of(count, first)); });
    check_same<Chunked<T>>(copies, [](Index first, Index count) { return Chunked<T>(layer_of(count, first)); });
    check_same<Recurrence<T>>(copies, [](Index, Index count) { return Recurrence<T>(layer_of(1), count); });
    const DiscreteStateSpace dense{random_matrix(6, 6, 1) * 0.3, random_matrix(6, 2, 2), random_matrix(3, 6, 3),
                                   random_matrix(3, 2, 4), 1};
    check_same<Recurrence<T>>(copies, [&](Index, Index count) { return Recurrence<T>(dense, count); });
    check_same<Chunked<T>>(copies, [&](Index, Index count) { return Chunked<T>(dense, 16, count); });
#if LONGSTATE_WITH_FFTW
    check_same<Convolution<T>>(copies, [&](Index, Index count) { return Convolution<T>(dense, 64, count); });
    const Matrix<double> kernels = random_matrix(copies, 90, 5);
    check_same<Fir<T>>(copies, [&](Index first, Index count) { return Fir<T>(kernels.middleRows(first, count)); });
#endif
  }
}

TEST_CASE("a selective scan on threads is the same to the bit") {
  const Matrix<double> A = -random_matrix(50, 4, 1).cwiseAbs();
  const Matrix<float> u = random_matrix(50, 300, 2).cast<float>(), delta = u.cwiseAbs();
  const Matrix<float> B = random_matrix(4, 300, 3).cast<float>(), C = random_matrix(4, 300, 4).cast<float>();
  SelectiveScan<float> alone(A, Vector<double>::Ones(50));
  State<float> x = alone.zero_state(), z = x;
  Matrix<float> expected(50, 300), y(50, 300);
  alone.run(u, delta, B, C, expected, x);
  Threaded<SelectiveScan<float>> threaded(Threads(3), 50, [&](Index first, Index count) {
    return SelectiveScan<float>(A.middleRows(first, count), Vector<double>::Ones(count));
  });
  threaded.run(u, delta, B, C, y, z);
  CHECK(y == expected);
  CHECK(z == x);
  CHECK_THROWS_AS(threaded.run(u, delta, B.leftCols(3), C, y, z), std::invalid_argument);
}

TEST_CASE("threads pass on what a part throws, after all are done, and go on") {
  const Threads threads(3);
  std::atomic<int> ran = 0;
  CHECK_THROWS_WITH_AS(threads.each(5,
                                    [&](Index k) {
                                      ++ran;
                                      if (k == 3) throw std::runtime_error("part 3");
                                    }),
                       "part 3", std::runtime_error);
  CHECK(ran == 5);
  threads.each(2, [&](Index) { ++ran; });
  threads.each(0, [&](Index) { ++ran; });
  CHECK(ran == 7);
}

TEST_CASE("one pool serves paths on several threads at once") {
  const Threads threads(2);
  const auto make = [](Index first, Index count) { return Recurrence<double>(layer_of(count, first)); };
  const Matrix<double> u = random_matrix(32, 500, 1);
  const auto run = [&](Matrix<double>& y) {
    Threaded<Recurrence<double>> path(threads, 32, make);
    State<double> x = path.zero_state();
    for (int i = 0; i < 20; ++i) path.run(u, y, x);
  };
  Matrix<double> a(32, 500), b(32, 500);
  std::thread other([&] { run(a); });
  run(b);
  other.join();
  CHECK(a == b);
}

TEST_CASE("a part may hand out work, too") {
  const Threads threads(3);
  std::atomic<int> ran = 0;
  threads.each(4, [&](Index) { threads.each(5, [&](Index) { threads.each(2, [&](Index) { ++ran; }); }); });
  CHECK(ran == 40);
}

TEST_CASE("of several parts that throw the first is thrown again, whichever thread ran it") {
  const Threads threads(4);
  for (int i = 0; i < 200; ++i) {
    CHECK_THROWS_WITH_AS(threads.each(9,
                                      [](Index k) {
                                        if (k >= 2) throw std::runtime_error("part " + std::to_string(k));
                                      }),
                         "part 2", std::runtime_error);
  }
}

TEST_CASE("S4: handing out work asks for no memory, so that it cannot fail half-way") {
  const Threads threads(3);
  std::atomic<int> ran = 0;
  const std::function<void(Index)> part = [&](Index) { ++ran; };
  const std::size_t before = support::allocations();
  for (int i = 0; i < 1000; ++i) threads.each(3, part);
  CHECK(support::allocations() == before);
  CHECK(ran == 3000);
}

#ifdef LONGSTATE_TEST_LIMITS
namespace {

/// The exit status of a child process that may map `bytes` more than it has, or that of its end by a signal: it has ten seconds.
template <class Work>
int in_child(rlim_t bytes, const Work& work) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    const long pages = sysconf(_SC_PAGESIZE);
    long mapped = 0;
    if (std::FILE* const size = std::fopen("/proc/self/statm", "r")) {
      if (std::fscanf(size, "%ld", &mapped) != 1) mapped = 0;
      std::fclose(size);
    }
    const rlim_t most = static_cast<rlim_t>(mapped * pages) + bytes;
    const rlimit limit{most, most};
    setrlimit(RLIMIT_AS, &limit);
    _exit(work());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("S4: threads that the system does not give are an error, and those that it gave are gone") {
  constexpr int right = 7;
  CHECK(in_child(100 << 20, [] {
          for (int i = 0; i < 3; ++i) {
            try {
              const Threads threads(1024);
              return 1;
            } catch (const std::system_error&) {
            }
          }
          // what they took is free again
          std::atomic<int> ran = 0;
          Threads(3).each(100, [&](Index) { ++ran; });
          return ran == 100 ? right : 2;
        }) == right);
}
#endif

#ifdef __linux__
TEST_CASE("S4: nothing writes the global of std::lgamma, which threads would race for") {
  signgam = 12345;
  choose_pade(3);
  LagT measure;
  measure.alpha = 0.5;
  basis(measure, 4, 0.3);
  CHECK(signgam == 12345);
}
#endif

TEST_CASE("S4: planning leaves the numbers of std::rand to the program") {
  std::srand(7);
  const int expected = std::rand();
  std::srand(7);
  plan<float>(layer_of(1), {.length = 200}, Planning::measure);
  CHECK(std::rand() == expected);
}

TEST_CASE("threads refuse what is no number of threads, no copies, and shapes that do not fit") {
  const auto make = [](Index first, Index count) { return Recurrence<double>(layer_of(count, first)); };
  CHECK_THROWS_WITH_AS(Threads(-1), "longstate::Threads: count must be from 0 to 1024, got -1", std::invalid_argument);
  CHECK(Threads().count() >= 1);
  CHECK_THROWS_WITH_AS(Threaded<Recurrence<double>>(Threads(2), 0, make),
                       "longstate::Threaded: copies must be at least 1, got 0", std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      Threaded<Recurrence<double>>(Threads(2), 40, [&](Index, Index) { return Recurrence<double>(layer_of(3)); }),
      "longstate::Threaded: make must give a path of count copies, got 3", std::invalid_argument);
  Threaded<Recurrence<double>> path(Threads(2), 40, make);
  State<double> x = path.zero_state();
  Matrix<double> u = Matrix<double>::Zero(39, 10), y(40, 10);
  CHECK_THROWS_WITH_AS(path.run(u, y, x), "longstate::Threaded::run: u must be 40 x 10, got 39 x 10",
                       std::invalid_argument);
}
