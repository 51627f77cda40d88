// A sample that is not a number: what it touches, and that nothing of it stays in an object.

#include "support/oracle.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace longstate;
using support::random_matrix;

namespace {

template <class M>
bool same_bits(const M& a, const M& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(typename M::Scalar)) == 0;
}

template <class T>
struct Result {
  Matrix<T> y;
  State<T> x;
};

template <class T, class Path>
Result<T> run(Path& path, const Matrix<T>& u, const State<T>& x0) {
  Result<T> result{Matrix<T>(path.outputs(), u.cols()), x0};
  path.run(u, result.y, result.x);
  return result;
}

/// Samples and states that are no numbers, and then a clean run by the object and by its copy: as by a new one.
template <class T, class Path>
void check_forgets(const Path& fresh, const Matrix<T>& u) {
  constexpr T bad[] = {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()};
  const State<T> zero = fresh.zero_state();
  Path clean = fresh;
  const Result<T> expected = run<T>(clean, u, zero);
  Path used = fresh;
  for (const T value : bad) {
    Matrix<T> input = u;
    input.col(u.cols() / 2).setConstant(value);
    run<T>(used, input, zero);
    run<T>(used, input.leftCols(u.cols() / 2 + 1).eval(), zero);  // the last of a run
    run<T>(used, u, State<T>::Constant(zero.rows(), zero.cols(), value));
  }
  Path copy = used;
  for (Path* path : {&used, &copy}) {
    const Result<T> result = run<T>(*path, u, zero);
    CHECK(same_bits(result.y, expected.y));
    CHECK(same_bits(result.x, expected.x));
  }
}

/// One bad sample in one copy: the other copies' outputs and states are what they were, and so is all of this copy before the start of
/// the block of `block` samples in which it comes.
template <class T, class Path>
void check_touches(const Path& fresh, const Matrix<T>& u, Index inputs, Index outputs, Index block) {
  const State<T> zero = fresh.zero_state();
  Path path = fresh;
  const Result<T> expected = run<T>(path, u, zero);
  const Index copies = zero.cols(), bad = copies / 2, at = u.cols() / 2, start = at / block * block;
  Matrix<T> input = u;
  input(bad * inputs, at) = std::numeric_limits<T>::quiet_NaN();
  Result<T> result = run<T>(path, input, zero);
  CHECK(same_bits<Matrix<T>>(result.y.leftCols(start), expected.y.leftCols(start)));
  CHECK(!result.y.middleRows(bad * outputs, outputs).rightCols(1).allFinite());
  result.y.middleRows(bad * outputs, outputs) = expected.y.middleRows(bad * outputs, outputs);
  result.x.col(bad) = expected.x.col(bad);
  CHECK(same_bits(result.y, expected.y));
  CHECK(same_bits(result.x, expected.x));
}

struct NamedSystem {
  std::string name;
  DiscreteSystem system;
};

/// Every structure, `entries` pairs or numbers large.
std::vector<NamedSystem> every_structure(Index entries) {
  const Index N = 2 * entries;
  std::vector<NamedSystem> all;
  all.push_back({"diagonal", discretize(initialize_diagonal("s4d-lin", N), 0.01, Discretization::zoh)});
  for (const Measure& measure : {Measure(LegT{}), Measure(LagT{}), Measure(Fourier{})}) {
    const HippoSystem s = hippo_delay_system(measure, entries, 0.3);
    all.push_back({"dense", discretize(dense(s), 0.01, Discretization::bilinear)});
    all.push_back({"hippo", discretize(s, 0.01, Discretization::bilinear)});
    all.push_back({"hippo zoh", discretize(s, 0.01, Discretization::zoh)});
    all.push_back({"nplr", discretize(normal_plus_low_rank(measure, entries, s.C), 0.01, Discretization::bilinear)});
  }
  Vector<double> a = Vector<double>::Zero(entries);
  a(entries - 1) = 0.5;
  all.push_back({"transfer", TransferFunction{a, random_matrix(1, entries, 3), random_matrix(1, 1, 4)}});
  return all;
}

}  // namespace

TEST_CASE_TEMPLATE("A9: nothing of a sample that is not a number stays in a path", T, float, double) {
  for (Index entries = 1; entries <= 34; entries += support::sanitized ? 5 : entries < 18 ? 1 : 3) {
    for (const NamedSystem& named : every_structure(entries)) {
      const DiscreteSystem& system = named.system;
      CAPTURE(named.name);
      CAPTURE(entries);
      for (const Index copies : {1, 3, 19}) {
        CAPTURE(copies);
        const Matrix<T> u = random_matrix(copies, 45, 7).cast<T>();
        const Recurrence<T> recurrence(system, copies);
        check_forgets<T>(recurrence, u);
        check_touches<T>(recurrence, u, 1, 1, 1);
        if (entries > 6 && entries % 4 != 0) continue;  // what depends on the entries beside a vector was seen
        const Chunked<T> chunked(system, 16, copies);
        check_forgets<T>(chunked, u);
        check_touches<T>(chunked, u, 1, 1, 16);
#if LONGSTATE_WITH_FFTW
        const Convolution<T> convolution(system, 16, copies);
        check_forgets<T>(convolution, u);
        check_touches<T>(convolution, u, 1, 1, 16);
#endif
      }
    }
  }
}

namespace {

/// A scan whose steps are all the same.
template <class T>
struct EvenScan {
  VaryingScan<T> scan;
  T delta = T(0.01);
  Index outputs() const { return scan.outputs(); }
  State<T> zero_state() const { return scan.zero_state(); }
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) { scan.run(u, Matrix<T>::Constant(1, u.cols(), delta), y, x); }
};

template <class T>
struct EvenSelective {
  SelectiveScan<T> scan;
  Index channels, entries;
  Index outputs() const { return channels; }
  State<T> zero_state() const { return State<T>::Zero(entries, channels); }
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
    const Matrix<T> ones = Matrix<T>::Ones(entries, u.cols());
    scan.run(u, Matrix<T>::Constant(channels, u.cols(), T(0.1)), ones, ones, y, x);
  }
};

}  // namespace

TEST_CASE_TEMPLATE("A9: nothing of a sample that is not a number stays in a scan", T, float, double) {
  for (Index entries = 1; entries <= 34; ++entries) {
    CAPTURE(entries);
    const DiagonalSystem system = initialize_diagonal("s4d-lin", 2 * entries);
    const Matrix<T> u = random_matrix(1, 45, 7).cast<T>();
    for (const bool threads : {false, true}) {
      EvenScan<T> scan{
          VaryingScan<T>(system, Discretization::zoh, threads ? std::optional<Threads>(Threads(2)) : std::nullopt)};
      check_forgets<T>(scan, u);
      EvenScan<T> used = scan;
      used.delta = std::numeric_limits<T>::quiet_NaN();  // a step that is none
      CHECK_THROWS_AS(run<T>(used, u, used.zero_state()), std::invalid_argument);
      used.delta = scan.delta;
      CHECK(same_bits(run<T>(used, u, used.zero_state()).y, run<T>(scan, u, scan.zero_state()).y));
    }
    EvenSelective<T> selective{SelectiveScan<T>(-Matrix<double>::Ones(entries, 3), Vector<double>::Ones(entries)),
                               entries, 3};
    check_forgets<T>(selective, random_matrix(entries, 45, 8).cast<T>().eval());
  }
}
