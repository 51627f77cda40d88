#include "support/allocations.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

/// A system of every structure, of the same order.
std::vector<DiscreteSystem> systems(Index order, double dt) {
  const Matrix<double> C = random_matrix(1, order, 1);
  const Matrix<double> D = Matrix<double>::Constant(1, 1, 0.5);
  const HippoSystem hippo{LegT{}, C, D};
  DiagonalSystem diagonal = initialize_diagonal("s4d-legs", order);
  diagonal.D = D;
  return {discretize(dense(hippo), dt, Discretization::zoh), discretize(hippo, dt, Discretization::bilinear),
          discretize(normal_plus_low_rank(LegSExp{}, order, C), dt, Discretization::bilinear),
          discretize(diagonal, dt, Discretization::zoh),
          transfer_function(discretize(initialize_diagonal("lru", order), 1, Discretization::zoh))};
}

template <class T>
double tolerance(Index order) {
  return std::is_same_v<T, float> ? 2 * double(std::max<Index>(order, 16)) * 1.2e-7 : 1e-12;
}

}  // namespace

TEST_CASE_TEMPLATE("chunks are the recurrence: every structure and instruction set, from any state, in any split", T,
                   float, double) {
  constexpr Index length = 3000;
  const Matrix<T> u = random_matrix(1, length, 2).cast<T>();
  support::EachTarget()([&] {
    for (const Index order : {2, 10, 64}) {
      for (const DiscreteSystem& system : systems(order, 0.01)) {
        CAPTURE(name(structure(system)));
        CAPTURE(order);
        Recurrence<double> recurrence(system);
        const State<double> start = random_matrix(order, 1, 3) / 10;
        State<double> x = start;
        Matrix<double> expected(1, length);
        recurrence.run(u.template cast<double>(), expected, x);
        for (const Index block : {0, 16, 48}) {
          CAPTURE(block);
          Chunked<T> chunked(system, block);
          State<T> z = start.cast<T>();
          Matrix<T> y(1, length);
          Index done = 0;
          for (const Index more : {Index{5}, Index{1024}, Index{1}, Index{96}, length}) {
            const Index n = std::min(more, length - done);
            chunked.run(u.middleCols(done, n), y.middleCols(done, n), z);
            done += n;
          }
          CHECK(relative_error(y.template cast<double>(), expected) < tolerance<T>(order));
          CHECK(relative_error(z.template cast<double>(), x) < 5 * tolerance<T>(order));
        }
      }
    }
  });
}

TEST_CASE("chunks take several inputs and outputs, and both conventions") {
  for (const Convention convention : {Convention::sequence, Convention::control}) {
    const DiscreteStateSpace model{random_matrix(6, 6, 1) * 0.38,
                                   random_matrix(6, 3, 2),
                                   random_matrix(2, 6, 3),
                                   random_matrix(2, 3, 4),
                                   1,
                                   convention};
    const Matrix<double> u = random_matrix(3, 333, 5);
    const support::Run expected = support::direct_run(model, u, random_matrix(6, 1, 6));
    Chunked<double> chunked(model);
    State<double> x = random_matrix(6, 1, 6);
    Matrix<double> y(2, 333);
    chunked.run(u, y, x);
    CHECK(relative_error(y, expected.y) < 1e-13);
    CHECK(relative_error(x, expected.x) < 1e-13);

    const DiagonalSystem pairs{random_matrix(4, 1, 7).array() * 10 - 20 + std::complex<double>(0, 5),
                               random_matrix(4, 3, 8).cast<std::complex<double>>(),
                               random_matrix(2, 4, 9).cast<std::complex<double>>(), random_matrix(2, 3, 4)};
    const DiscreteSystem diagonal = discretize(pairs, 0.01, Discretization::zoh, {.convention = convention});
    Recurrence<double> recurrence(diagonal);
    Chunked<double> paired(diagonal, 32);
    State<double> z = recurrence.zero_state();
    x = z;
    Matrix<double> w(2, 333);
    recurrence.run(u, w, z);
    paired.run(u, y, x);
    CHECK(relative_error(y, w) < 1e-13);
    CHECK(relative_error(x, z) < 1e-13);
  }
}

TEST_CASE_TEMPLATE("copies and layers run in chunks independently, on strided signals, without allocation", T, float,
                   double) {
  std::vector<DiscreteSystem> layer;
  for (int c = 0; c < 19; ++c) {
    DiagonalSystem system = initialize_diagonal("s4d-lin", 16);
    system.lambda *= 1 + 0.1 * c;
    layer.emplace_back(discretize(system, 0.01, Discretization::zoh));
  }
  const Matrix<T> wide = random_matrix(25, 1200, 3).cast<T>();
  const auto check = [&](Recurrence<T> recurrence, Chunked<T> chunked) {
    State<T> x = recurrence.zero_state(), z = x;
    Matrix<T> y(25, 1200), w(25, 1200);
    recurrence.run(wide.middleRows(3, 19), y.middleRows(3, 19), x);
    const std::size_t before = support::allocations();
    chunked.run(wide.middleRows(3, 19), w.middleRows(3, 19), z);
    CHECK(support::allocations() == before);
    const Matrix<double> expected = y.middleRows(3, 19).template cast<double>();
    CHECK(relative_error(w.middleRows(3, 19).template cast<double>(), expected) < tolerance<T>(16));
    CHECK(relative_error(z.template cast<double>(), x.template cast<double>()) < tolerance<T>(16));
  };
  check(Recurrence<T>(layer), Chunked<T>(layer));
  check(Recurrence<T>(layer[3], 19), Chunked<T>(layer[3], 16, 19));
}

TEST_CASE_TEMPLATE("chunks past the cache are the same to the bit as in it", T, float, double) {
  constexpr Index copies = 488, stride = 512, length = 1040;  // above a megabyte; lines of the cache, and half a line
  const DiscreteSystem system = discretize(initialize_diagonal("s4d-lin", 16), 0.01, Discretization::zoh);
  const Matrix<T> u = random_matrix(copies, length, 3).cast<T>();
  support::EachTarget()([&] {
    Matrix<T> lines = Matrix<T>::Constant(stride, length, 3), apart = lines;
    const auto run = [&](Signal<T> y) {
      Chunked<T> path(system, 16, copies);
      State<T> x = path.zero_state();
      path.run(u, y, x);
    };
    run(lines.topRows(copies));
    run(apart.middleRows(1, copies));
    CHECK((lines.topRows(copies) == apart.middleRows(1, copies)));
    CHECK((lines.bottomRows(stride - copies).array() == T(3)).all());
  });
}

TEST_CASE("sequences through a layer: copy c runs system c mod its size, on every path") {
  constexpr Index order = 12, copies = 40, length = 150;
  const auto scaled = [](DiscreteSystem system, double by) {
    std::visit(
        [by](auto& s) {
          s.C *= by;
          s.D *= -by;
          if constexpr (requires { s.continuous; }) s.continuous.C *= by;
        },
        system);
    return system;
  };
  const Matrix<double> u = random_matrix(copies, length, 4);
  for (const DiscreteSystem& system : systems(order, 0.01)) {
    CAPTURE(name(structure(system)));
    const std::vector<DiscreteSystem> layer{system, scaled(system, 2), scaled(system, -0.5)};
    Matrix<double> expected(copies, length);
    State<double> last(order, copies);
    for (Index c = 0; c < copies; ++c) {
      Recurrence<double> alone(layer[static_cast<std::size_t>(c % 3)]);
      State<double> x = alone.zero_state();
      Matrix<double> y(1, length);
      alone.run(u.row(c).eval(), y, x);
      expected.row(c) = y;
      last.col(c) = x;
    }
    const auto check = [&](auto path) {
      State<double> x = path.zero_state();
      Matrix<double> y(copies, length);
      path.run(u, y, x);
      CHECK(relative_error(y, expected) < 1e-12);
      CHECK(relative_error(x, last) < 1e-12);
    };
    check(Recurrence<double>(layer, copies));
    check(Chunked<double>(layer, 16, copies));
    for (const int threads : {1, 2}) {
      const Plan all = plan<double>(layer, {.copies = copies, .threads = threads});
      for (const Candidate& candidate : all.candidates) {
        check(Planned<double>(layer, {all.workload, all.planning, {candidate}}));
      }
    }
  }
  const std::vector<DiscreteSystem> layer(3, systems(order, 0.01)[3]);
  CHECK_THROWS_WITH_AS(Recurrence<float>(layer, 2),
                       "longstate::Recurrence: copies must be 0 or at least the number of systems, 3, got 2",
                       std::invalid_argument);
}

TEST_CASE("in single precision, slow and fast modes keep their phase over 2^18 samples in chunks") {
  const DiscreteSystem model = discretize(initialize_diagonal("s4d-legs", 64), 1e-4, Discretization::zoh);
  const Matrix<double> u = random_matrix(1, 1 << 18, 3);
  Recurrence<double> truth(model);
  State<double> x = truth.zero_state();
  Matrix<double> expected(1, u.cols());
  truth.run(u, expected, x);
  Chunked<float> chunked(model);
  State<float> z = chunked.zero_state();
  Matrix<float> y(1, u.cols());
  chunked.run(u.cast<float>(), y, z);
  CHECK(relative_error(y.cast<double>(), expected) < tolerance<float>(64));
}

TEST_CASE("a chunk that is no multiple of 16 is refused") {
  const DiscreteSystem model = discretize(initialize_diagonal("s4d-lin", 8), 1e-2, Discretization::zoh);
  CHECK_THROWS_WITH_AS(Chunked<double>(model, 20),
                       "longstate::Chunked: block must be a multiple of 16 up to 4096, or 0, got 20",
                       std::invalid_argument);
  Chunked<double> chunked(model);
  State<double> x = chunked.zero_state();
  Matrix<double> y(2, 10);
  CHECK_THROWS_AS(chunked.run(Matrix<double>::Ones(1, 10), y, x), std::invalid_argument);
}
