#include "support/allocations.hpp"
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
  constexpr Index length = 333;  // five chunks and a part of one
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

TEST_CASE_TEMPLATE("diagonal lanes: blocks that share systems go together, as sequences through one layer", T, float,
                   double) {
  constexpr Index entries = 19, length = 333;  // more rows than a part holds; tiles, a part of one, and a sample
  for (const auto convention : {Convention::sequence, Convention::control}) {
    for (const auto& sizes : {std::pair<Index, Index>{1, 131}, {16, 136}, {6, 221}, {32, 256}, {5, 9}}) {
      const Index systems = sizes.first, copies = sizes.second;
      CAPTURE(systems);
      std::vector<DiscreteSystem> layer, each;
      for (Index c = 0; c < systems; ++c) layer.push_back(model(entries, 1 + 0.01 * double(c), convention));
      for (Index c = 0; c < copies; ++c) each.push_back(layer[static_cast<std::size_t>(c % systems)]);
      constexpr Index line = 16;  // numbers: a frame begins with a line of the cache, else it goes as in a recurrence
      const Index in_lines = (copies + line - 1) / line * line;
      const Matrix<T> all = random_matrix(in_lines, length, 7).template cast<T>();
      const auto u = all.topRows(copies);
      const State<T> x0 = random_matrix(2 * entries, copies, 8).template cast<T>();
      const support::Run expected = support::direct_run(each, u.template cast<double>(), x0.template cast<double>());
      const double bound = std::is_same_v<T, float> ? 4 * double(entries) * 1.2e-7 : 1e-13;
      const auto check = [&](auto path) {
        State<T> x = x0;
        Matrix<T> outputs(in_lines, length);
        auto y = outputs.topRows(copies);
        const std::size_t before = support::allocations();
        for (Index done = 0, n = 3; done < length; done += n, n = std::min<Index>(4 * n, length - done)) {
          path.run(u.middleCols(done, n), y.middleCols(done, n), x);
        }
        CHECK(support::allocations() == before);
        CHECK(relative_error(y.template cast<double>(), expected.y) < bound);
        CHECK(relative_error(x.template cast<double>(), expected.x) < bound);
      };
      support::EachTarget()([&] {
        const Chunked<T> chunked(layer, 4, copies);
        CHECK(chunked.block() == 4);
        check(chunked);
        check(Recurrence<T>(layer, copies));
      });
    }
  }
}

TEST_CASE("diagonal lanes: a layer of one sequence shares nothing, and chunks of four are for what goes in lanes") {
  CHECK_FALSE(DiagonalLanes<float>::shares(256, 256));
  CHECK_FALSE(DiagonalLanes<double>::shares(1, 3));
  CHECK_FALSE(DiagonalLanes<float>::shares(256, 9 * 256));  // the ninth would go alone, slower than by its recurrence
  std::vector<DiscreteSystem> layer{model(4, 1, Convention::sequence), model(4, 1.1, Convention::sequence)};
  CHECK(Chunked<float>(layer, 0, 256).block() == (DiagonalLanes<float>::shares(2, 256) ? 4 : default_chunk(layer[0])));
  CHECK_THROWS_AS(Chunked<float>(dense(layer[0]), 4), std::invalid_argument);
}

TEST_CASE_TEMPLATE("diagonal lanes: outputs go past the cache, and to where they are not aligned", T, float, double) {
  constexpr Index copies = 64, length = 4101;  // above a megabyte
  const DiscreteSystem system = model(20, 1, Convention::sequence);
  const Matrix<T> u = random_matrix(copies, length, 7).cast<T>();
  Chunked<T> chunked(system, 4, copies);
  Matrix<T> aligned(copies, length), wide(copies + 3, length);
  State<T> x = chunked.zero_state(), z = x;
  chunked.run(u, aligned, x);
  chunked.run(u, wide.middleRows(1, copies), z);
  CHECK(chunked.block() == 4);
  Recurrence<double> recurrence(system, copies);
  State<double> exact = recurrence.zero_state();
  Matrix<double> expected(copies, length);
  recurrence.run(u.template cast<double>(), expected, exact);
  const double bound = std::is_same_v<T, float> ? 1e-5 : 1e-13;
  for (const Matrix<T>& y : {aligned, Matrix<T>(wide.middleRows(1, copies))}) {
    CHECK(relative_error(y.template cast<double>(), expected) < bound);
  }
  for (const State<T>& end : {x, z}) CHECK(relative_error(end.template cast<double>(), exact) < bound);
}

TEST_CASE("diagonal lanes: a layer that they cannot take runs all the same") {
  DiscreteDiagonal s = model(4, 1, Convention::sequence);
  CHECK(DiagonalLanes<double>::fits({s}));
  s.B(2, 0) = 0;  // its entry would have to be divided by zero
  CHECK_FALSE(DiagonalLanes<double>::fits({s}));
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
      worst = std::max(worst, std::abs(double(y(0, k)) - 2 * std::exp(-1e-6 * double(k)) * std::cos(double(k))));
    }
    CHECK(worst < 4e-5);  // lambda in float alone would be 2e-3 off; the roundings of 2^16 products stay
    MESSAGE("largest error " << worst);
  };
  check(Recurrence<float>(s));
  y.resize(64, length);
  check(Chunked<float>(s, 4, 64));
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
