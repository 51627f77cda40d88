#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/targets.hpp"

#include <bench/plain.hpp>

#include <doctest/doctest.h>

using namespace longstate;

TEST_CASE("the plain recurrence that chunks are measured beside is the recurrence") {
  constexpr Index systems = 32, copies = 96, length = 150;  // chunks and a part of one
  std::vector<DiscreteSystem> layer;
  for (Index c = 0; c < systems; ++c) {
    DiagonalSystem system = initialize_diagonal("s4d-lin", 64);
    system.lambda *= 1 + 0.01 * static_cast<double>(c);
    system.D(0, 0) = 0.1 * static_cast<double>(c);
    layer.emplace_back(discretize(system, 1e-3, Discretization::zoh));
  }
  const Matrix<double> u = support::random_matrix(copies, length, 3);
  Matrix<double> expected(copies, length);
  Recurrence<double> recurrence(layer, copies);
  State<double> x = recurrence.zero_state();
  recurrence.run(u, expected, x);
  support::EachTarget()([&] {
    bench::PlainRecurrence plain(layer, copies);
    const Matrix<float> in = u.cast<float>();
    Matrix<float> y(copies, length);
    plain.run(in.leftCols(70), y.leftCols(70));
    plain.run(in.rightCols(80), y.rightCols(80));
    CHECK(support::relative_error(y.cast<double>(), expected) < 1e-5);
  });
}
