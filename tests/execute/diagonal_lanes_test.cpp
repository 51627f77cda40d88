#include "../lib/src/execute/diagonal_lanes.hpp"
#include "support/allocations.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

DiscreteDiagonal model(Index entries, double turn, Convention convention) {
  DiagonalSystem s = initialize_diagonal("s4d-lin", 2 * entries);
  s.lambda *= turn;
  s.B = random_matrix(entries, 1, 5).cast<std::complex<double>>() * std::complex<double>(1, 0.5);
  s.C = random_matrix(1, entries, 6).cast<std::complex<double>>() * std::complex<double>(0.3, 1);
  s.D(0, 0) = 0.25;
  DiscreteDiagonal d = discretize(s, 1e-3, Discretization::zoh, {.convention = convention});
  if (entries > 2) d.mu(1) = -std::numeric_limits<double>::infinity();  // an eigenvalue of zero
  return d;
}

template <class T>
void check_against_long_double(Index entries, Index copies, bool own, Convention convention) {
  CAPTURE(entries);
  CAPTURE(copies);
  CAPTURE(own);
  constexpr Index length = 999;  // in calls of 1, 3, 9, … and at last 635 samples: chunks and a part of one
  std::vector<DiscreteSystem> layer;
  for (Index c = 0; c < (own ? copies : 1); ++c) layer.push_back(model(entries, 1 + 0.1 * double(c), convention));
  const Matrix<T> u = random_matrix(copies, length, 7).cast<T>();
  const State<T> x0 = random_matrix(2 * entries, copies, 8).cast<T>();
  const support::Run expected = support::direct_run(layer, u.template cast<double>(), x0.template cast<double>());

  const double bound = std::is_same_v<T, float> ? 2 * std::max(2 * double(entries), 16.0) * 1.2e-7 : 1e-13;
  support::EachTarget()([&] {
    Recurrence<T> path = own ? Recurrence<T>(layer) : Recurrence<T>(layer.front(), copies);
    State<T> x = x0;
    Matrix<T> y(copies, length);
    for (Index done = 0, n = 1; done < length; done += n, n = std::min<Index>(3 * n, length - done)) {
      path.run(u.middleCols(done, n), y.middleCols(done, n), x);
    }
    CHECK(relative_error(y.template cast<double>(), expected.y) < bound);
    CHECK(relative_error(x.template cast<double>(), expected.x) < bound);
  });
}

}  // namespace

TEST_CASE_TEMPLATE("diagonal lanes are the recurrence, for every instruction set, width and number of copies", T, float,
                   double) {
  for (const auto convention : {Convention::sequence, Convention::control}) {
    for (const Index entries : {1, 5, 18}) {
      for (const Index copies : {1, 3, 8, 17, 33}) {
        for (const bool own : {true, false}) check_against_long_double<T>(entries, copies, own, convention);
      }
    }
  }
}

TEST_CASE_TEMPLATE("diagonal lanes: copies beyond a layer's size, as sequences side by side in a frame", T, float,
                   double) {
  constexpr Index entries = 19, length = 333;
  for (const auto& sizes : {std::pair<Index, Index>{1, 131}, {16, 136}, {6, 221}, {32, 256}, {5, 9}}) {
    const Index systems = sizes.first, copies = sizes.second;
    CAPTURE(systems);
    std::vector<DiscreteSystem> layer, each;
    for (Index c = 0; c < systems; ++c) layer.push_back(model(entries, 1 + 0.01 * double(c), Convention::sequence));
    for (Index c = 0; c < copies; ++c) each.push_back(layer[static_cast<std::size_t>(c % systems)]);
    const Matrix<T> u = random_matrix(copies, length, 7).template cast<T>();
    const State<T> x0 = random_matrix(2 * entries, copies, 8).template cast<T>();
    const support::Run expected = support::direct_run(each, u.template cast<double>(), x0.template cast<double>());
    const double bound = std::is_same_v<T, float> ? 4 * double(entries) * 1.2e-7 : 1e-13;
    support::EachTarget()([&] {
      const Recurrence<T> made(layer, copies);
      Recurrence<T> path = made;  // a copy does not allocate on its first run either
      State<T> x = x0;
      Matrix<T> y(copies, length);
      const std::size_t before = support::allocations();
      for (Index done = 0, n = 3; done < length; done += n, n = std::min<Index>(4 * n, length - done)) {
        path.run(u.middleCols(done, n), y.middleCols(done, n), x);
      }
      CHECK(support::allocations() == before);
      CHECK(relative_error(y.template cast<double>(), expected.y) < bound);
      CHECK(relative_error(x.template cast<double>(), expected.x) < bound);
    });
  }
}

TEST_CASE_TEMPLATE("diagonal lanes: the same to the bit in frames of any stride and alignment, and past the cache", T,
                   float, double) {
  constexpr Index copies = 72,
                  length = 4101;  // above a megabyte: full vectors and a part of one, chunks and a part of one
  Recurrence<T> path(model(20, 1, Convention::sequence), copies);
  const Matrix<T> u = random_matrix(copies, length, 7).cast<T>();
  const auto run = [&](ConstSignal<T> in, Signal<T> out) {
    State<T> x = path.zero_state();
    path.run(in, out, x);
    return x;
  };
  Matrix<T> y(copies, length);
  const State<T> last = run(u, y);
  for (const Index stride : {80, 128, 131}) {  // whole lines of the cache, a power of two, not aligned
    CAPTURE(stride);
    for (const Index first : {0, 1}) {
      Matrix<T> wide = Matrix<T>::Constant(stride, length, 3);
      CHECK((run(u, wide.middleRows(first, copies)) == last));
      CHECK((wide.middleRows(first, copies) == y));
      CHECK((wide.bottomRows(stride - first - copies).array() == T(3)).all());
    }
  }
  const support::Run expected =
      support::direct_run(std::vector<DiscreteSystem>(copies, model(20, 1, Convention::sequence)),
                          u.template cast<double>(), State<double>::Zero(40, copies));
  CHECK(relative_error(y.template cast<double>(), expected.y) < (std::is_same_v<T, float> ? 1e-5 : 1e-13));
}

TEST_CASE("diagonal lanes: a layer that they cannot take runs all the same") {
  DiscreteDiagonal s = model(4, 1, Convention::sequence);
  CHECK(detail::DiagonalLanes<double>::shape({s}, 1).has_value());
  s.B(2, 0) = 0;  // its entry would have to be divided by zero
  CHECK_FALSE(detail::DiagonalLanes<double>::shape({s}, 1).has_value());
  const Matrix<double> u = random_matrix(1, 100, 1);
  Matrix<double> y(1, 100);
  Recurrence<double> path(s);
  State<double> x = path.zero_state();
  path.run(u, y, x);
  CHECK(relative_error(y, support::direct_run(dense(DiscreteSystem(s)), u, Matrix<double>::Zero(8, 1)).y) < 1e-14);
}

TEST_CASE("float lanes: what rounding takes from lambda does not add up over 2^16 samples") {
  // slow, and turning fast: |lambda| = 1 - 1e-6, where float holds lambda to 3e-8 only
  DiscreteDiagonal s{Vector<std::complex<double>>::Constant(1, {-1e-6, 1.0}), Matrix<std::complex<double>>::Ones(1, 1),
                     Matrix<std::complex<double>>::Ones(1, 1), Matrix<double>::Zero(1, 1)};
  constexpr Index length = 1 << 16;
  Matrix<float> u = Matrix<float>::Zero(1, length);
  u(0, 0) = 1;
  Matrix<float> y(1, length);
  const auto check = [&](auto path) {
    State<float> x = path.zero_state();
    path.run(u.replicate(path.inputs(), 1).eval(), y, x);
    double worst = 0;
    for (Index k = 0; k < length; ++k) {
      worst = support::larger(worst, std::abs(double(y(0, k)) - 2 * std::exp(-1e-6 * double(k)) * std::cos(double(k))));
    }
    CHECK(worst < 4e-5);  // lambda in float alone would be 2e-3 off; the roundings of 2^16 products stay
    MESSAGE("largest error " << worst);
  };
  check(Recurrence<float>(s));
  y.resize(64, length);
  check(Recurrence<float>(s, 64));
}

TEST_CASE("diagonal lanes: no allocation, and the floating-point mode of the caller returns") {
  Recurrence<float> path(model(32, 1, Convention::sequence), 40);
  const Matrix<float> u = random_matrix(40, 200, 2).cast<float>();
  Matrix<float> y(40, 200);
  State<float> x = path.zero_state();
  const std::size_t before = support::allocations();
  path.run(u, y, x);
  CHECK(support::allocations() == before);
  volatile double small = std::numeric_limits<double>::min();
  CHECK(small / 2 > 0);
  CHECK(x.allFinite());
}
