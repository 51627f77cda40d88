#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;

namespace {

DiscreteStateSpace two_states() {
  return {Matrix<double>{{0.9, 0.1}, {-0.2, 0.8}}, Matrix<double>{{1.0}, {0.5}}, Matrix<double>{{0.3, -1.0}},
          Matrix<double>{{0.25}}, 0.01};
}

DiscreteDiagonal diagonal(double dt) { return discretize(initialize_diagonal("s4d-lin", 8), dt, Discretization::zoh); }

}  // namespace

TEST_CASE("a discrete system is checked when it is made, by the name of the culprit") {
  DiscreteStateSpace wrong = two_states();
  wrong.B = random_matrix(3, 1, 1);
  CHECK_THROWS_WITH_AS(DiscreteSystem{wrong}, doctest::Contains("B"), std::invalid_argument);
  wrong = two_states();
  wrong.A(1, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(DiscreteSystem{wrong}, doctest::Contains("A"), std::invalid_argument);
  wrong = two_states();
  wrong.dt = 0;
  CHECK_THROWS_WITH_AS(DiscreteSystem{wrong}, doctest::Contains("dt"), std::invalid_argument);
  DiscreteDiagonal spoilt = diagonal(1e-3);
  spoilt.mu(2) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH_AS(DiscreteSystem{spoilt}, doctest::Contains("mu"), std::invalid_argument);
}

TEST_CASE("what is changed after that is checked by the path") {
  DiscreteSystem system = two_states();
  std::get<DiscreteStateSpace>(system).C.resize(1, 5);
  CHECK_THROWS_AS(Recurrence<double>{system}, std::invalid_argument);
  CHECK_THROWS_AS((Chunked<double>{system, 16}), std::invalid_argument);
  CHECK_THROWS_AS(kernel(system, 8), std::invalid_argument);
}

TEST_CASE("a discrete system answers for itself, whatever its structure") {
  const HippoSystem delay = hippo_delay_system(LegT{.window = 0.5}, 6, 0.25);
  const NplrSystem s4 = normal_plus_low_rank(LegSExp{}, 6, Matrix<double>::Ones(1, 6));
  const std::vector<DiscreteSystem> all{
      two_states(), discretize(delay, 0.01, Discretization::bilinear), discretize(s4, 0.02, Discretization::bilinear),
      diagonal(0.03),
      TransferFunction{Vector<double>{{-1.5, 0.56}}, Matrix<double>{{1.0, 0.5}}, Matrix<double>{{0.0}}, 0.04}};
  const Structure structures[] = {Structure::dense, Structure::hippo, Structure::nplr, Structure::diagonal,
                                  Structure::transfer};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const DiscreteSystem& s = all[i];
    CAPTURE(i);
    CHECK(s.structure() == structures[i]);
    CHECK(s.inputs() == 1);
    CHECK(s.outputs() == 1);
    CHECK(s.dt() == 0.01 * double(i == 0 ? 1 : i));
    CHECK(s.convention() == Convention::sequence);
    CHECK(s.dense().order() == s.order());
    CHECK(support::relative_error(kernel(s.dense(), 30), kernel(s, 30)) < 1e-12);
    CHECK(support::relative_error(kernel(s.transfer_function(1e-6), 30), kernel(s, 30)) < 1e-6);
    for (std::size_t j = 0; j < all.size(); ++j) CHECK((s == all[j]) == (i == j));
  }
  DiscreteSystem other = all[3];
  std::get<DiscreteDiagonal>(other).mu(0) *= 1 + 1e-15;
  CHECK_FALSE(other == all[3]);
}

TEST_CASE("matrices of other sizes are others") {
  CHECK(Matrix<double>{{1.0, 2.0}} == Matrix<double>{{1.0, 2.0}});
  CHECK_FALSE(Matrix<double>{{1.0, 2.0}} == Matrix<double>{{1.0}, {2.0}});
  CHECK_FALSE(Matrix<double>(0, 2) == Matrix<double>(2, 0));
  CHECK(Vector<float>() == Vector<float>());
  CHECK_FALSE(Vector<float>{{1.0F, 2.0F}} == Vector<float>{{1.0F, 2.0F, 3.0F}});
  CHECK_FALSE(diagonal(0.1).B == Matrix<std::complex<double>>(1, 1));
}

TEST_CASE("channels of a layer may differ in dt: each is the system alone") {
  std::vector<DiscreteSystem> layer;
  for (const double dt : {1e-3, 1e-2, 3e-2}) layer.emplace_back(diagonal(dt));
  const Matrix<double> u = random_matrix(3, 100, 2);
  Matrix<double> together(3, 100), by_chunks(3, 100), alone(1, 100);
  Recurrence<double> path(layer);
  State<double> x = path.zero_state(), x2 = x;
  path.run(u, together, x);
  Chunked<double> chunks(layer, 16);
  chunks.run(u, by_chunks, x2);
  for (Index c = 0; c < 3; ++c) {
    Recurrence<double> one(layer[std::size_t(c)]);
    State<double> own = one.zero_state();
    one.run(u.row(c), alone, own);
    CHECK(support::relative_error(together.row(c), alone) < 1e-13);
    CHECK(support::relative_error(by_chunks.row(c), alone) < 1e-12);
  }
}

TEST_CASE("a saved state knows its structure") {
  const HippoSystem delay = hippo_delay_system(LegT{.window = 0.5}, 2, 0.25);
  const DiscreteSystem dense = two_states(), hippo = discretize(delay, 0.01, Discretization::bilinear);
  const State<double> x = random_matrix(2, 3, 4);
  const auto bytes = save_state<double>(x, dense);
  CHECK(restore_state<double>(bytes, dense) == x);
  CHECK(restore_state<double>(bytes) == x);
  CHECK(restore_state<double>(save_state<double>(x), hippo) == x);  // says none
  CHECK_THROWS_WITH_AS(restore_state<double>(bytes, hippo), doctest::Contains("hippo"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(restore_state<double>(bytes, diagonal(0.1)), doctest::Contains("8 numbers"),
                       std::invalid_argument);
}
