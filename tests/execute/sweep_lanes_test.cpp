#include "../lib/src/execute/sweep_lanes.hpp"
#include "support/allocations.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/sizes.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

/// Systems of every form of sweep; `stretch` sets one of a layer apart from the others.
std::vector<DiscreteSystem> systems(Index order, double stretch, Convention convention) {
  const double dt = 0.01;
  const DiscretizeOptions options{.convention = convention};
  std::vector<DiscreteSystem> all;
  const Matrix<double> C = random_matrix(1, order, 6), D = Matrix<double>::Constant(1, 1, 0.25);
  for (const Measure& measure :
       {Measure(LegT{.window = stretch}), Measure(Lmu{.window = stretch}), Measure(LegSExp{stretch}),
        Measure(LagT{.timescale = stretch, .alpha = 0.5, .beta = 1.2}), Measure(Fourier{.window = stretch})}) {
    for (const auto method : {Discretization::bilinear, Discretization::backward_euler, Discretization::zoh}) {
      all.emplace_back(discretize(HippoSystem{measure, C, D}, dt, method, options));
    }
  }
  if (order % 2 == 0) {
    for (const Measure& measure : {Measure(LegSExp{stretch}), Measure(LegT{.window = stretch})}) {
      NplrSystem nplr = normal_plus_low_rank(measure, order, C);
      nplr.D = D;
      all.emplace_back(discretize(nplr, dt, Discretization::bilinear, options));
    }
  }
  return all;
}

template <class T>
void check_against_long_double(Index order, Index copies, bool own, Convention convention) {
  CAPTURE(order);
  CAPTURE(copies);
  CAPTURE(own);
  constexpr Index length = 150;  // two chunks and a part of one
  const Matrix<T> u = random_matrix(copies, length, 7).cast<T>();
  const State<T> x0 = random_matrix(order, copies, 8).cast<T>();
  std::vector<std::vector<DiscreteSystem>> layers(systems(order, 1, convention).size());
  for (Index c = 0; c < (own ? copies : 1); ++c) {
    const auto all = systems(order, 1 + 0.1 * double(c), convention);
    for (std::size_t i = 0; i < all.size(); ++i) layers[i].push_back(all[i]);
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    CAPTURE(i);
    const std::vector<DiscreteSystem>& layer = layers[i];
    const support::Run expected = support::direct_run(layer, u.template cast<double>(), x0.template cast<double>());
    const double bound = std::is_same_v<T, float> ? 2 * std::max(double(order), 16.0) * 1.2e-7 : 1e-12;
    support::EachTarget()([&] {
      Recurrence<T> path = own ? Recurrence<T>(layer) : Recurrence<T>(layer.front(), copies);
      State<T> x = x0;
      Matrix<T> y(copies, length);
      for (Index done = 0, n = 1; done < length; done += n, n = std::min<Index>(3 * n, length - done)) {
        path.run(u.middleCols(done, n), y.middleCols(done, n), x);
      }
      CHECK(relative_error(y.template cast<double>(), expected.y) < bound);
      CHECK(relative_error(x.template cast<double>(), expected.x) < 2 * bound);  // the promise is of outputs
    });
  }
}

}  // namespace

TEST_CASE_TEMPLATE("sweep lanes are the recurrence, for every form, instruction set and number of copies", T, float,
                   double) {
  for (const auto convention : {Convention::sequence, Convention::control}) {
    for (const Index order : support::values<Index>({1, 6, 17, 40}, {6, 17})) {
      for (const Index copies : support::values<Index>({1, 3, 8, 17, 70}, {1, 17}))
        check_against_long_double<T>(order, copies, false, convention);
      check_against_long_double<T>(order, 19, true, convention);
      check_against_long_double<T>(order, 2, true, convention);
    }
  }
}

TEST_CASE("sweep lanes: a layer that they cannot take runs all the same") {
  const auto a = systems(6, 1, Convention::sequence);
  CHECK(detail::SweepLanes<double>::shape({a[0], a[0]}, 8).has_value());
  CHECK(detail::SweepLanes<double>::shape({a[0]}, 1).has_value());            // entries in the lanes
  CHECK_FALSE(detail::SweepLanes<double>::shape({a[12]}, 1).has_value());     // fourier
  CHECK_FALSE(detail::SweepLanes<double>::shape({a.back()}, 1).has_value());  // nplr
  CHECK_FALSE(detail::SweepLanes<double>::shape(std::vector<DiscreteSystem>(8, dense(a[0])), 8).has_value());
  std::vector<DiscreteSystem> mixed(8, a[0]);
  mixed[3] = a[2];  // zoh among bilinear
  CHECK_FALSE(detail::SweepLanes<double>::shape(mixed, 8).has_value());
  Recurrence<double> path(mixed);
  State<double> x = path.zero_state();
  const Matrix<double> u = random_matrix(8, 50, 1);
  Matrix<double> y(8, 50);
  path.run(u, y, x);
  for (const Index c : {0, 3}) {
    const support::Run one = support::direct_run(dense(mixed[std::size_t(c)]), u.row(c), Matrix<double>::Zero(6, 1));
    CHECK(relative_error(y.row(c), one.y) < 1e-13);
  }
}

TEST_CASE("sweep lanes: one frame at a time is the whole, on strided signals, without allocation") {
  for (const DiscreteSystem& system : systems(16, 1, Convention::sequence)) {
    Recurrence<float> path(system, 20);
    const Matrix<float> u = random_matrix(25, 100, 2).cast<float>();
    Matrix<float> y(25, 100), z(25, 100);
    State<float> x = path.zero_state(), w = x;
    path.run(u.middleRows(3, 20), y.middleRows(3, 20), x);
    const std::size_t before = support::allocations();
    for (Index k = 0; k < u.cols(); ++k) path.step(u.col(k).segment(3, 20), z.col(k).segment(3, 20), w);
    CHECK(support::allocations() == before);
    CHECK(relative_error(z.middleRows(3, 20).cast<double>(), y.middleRows(3, 20).cast<double>()) < 4e-6);
    CHECK(relative_error(w.cast<double>(), x.cast<double>()) < 4e-6);
  }
}
