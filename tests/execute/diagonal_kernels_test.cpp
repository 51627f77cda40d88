#include "support/allocations.hpp"
#include "support/reference.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace longstate;
using support::relative_error;

namespace {

std::vector<DiscreteSystem> layer_of(Index order, Index channels, Convention convention) {
  std::vector<DiscreteSystem> layer;
  for (Index c = 0; c < channels; ++c) {
    DiagonalSystem system = initialize_diagonal(c % 2 == 0 ? "s4d-lin" : "s4d-inv", order);
    system.lambda *= 1 + 0.1 * static_cast<double>(c);
    DiscreteDiagonal discrete = discretize(system, 1e-3, Discretization::zoh);
    discrete.convention = convention;
    discrete.D(0, 0) = 0.25 * static_cast<double>(c);
    layer.emplace_back(discrete);
  }
  return layer;
}

}  // namespace

TEST_CASE_TEMPLATE("kernels in lanes are kernel()'s, on every instruction set", T, float, double) {
  for (const Convention convention : {Convention::sequence, Convention::control}) {
    for (const Index order : {2, 10, 64}) {
      for (const Index length : {1, 63, 64, 500, 9000}) {
        CAPTURE(order);
        CAPTURE(length);
        // the header's: powers are multiplied up
        const double bound = std::is_same_v<T, float> ? 1e-6 : 1e-16 * (64 + static_cast<double>(length) / 64);
        const std::vector<DiscreteSystem> layer = layer_of(order, 3, convention);
        DiagonalKernels<T> kernels(layer);
        Matrix<T> K(length, 3);
        support::EachTarget()([&] {
          K.setConstant(T(9));
          const std::size_t before = support::allocations();
          kernels.run(K);
          CHECK(support::allocations() == before);
          for (Index c = 0; c < 3; ++c) {
            const Matrix<double> expected = kernel(layer[static_cast<std::size_t>(c)], length).transpose();
            CHECK(relative_error(K.col(c).template cast<double>(), expected) < bound);
          }
        });
      }
    }
  }
}

TEST_CASE("a kernel in lanes of 2^20 values keeps the digits that its length leaves") {
  const std::vector<DiscreteSystem> layer = layer_of(16, 1, Convention::sequence);
  constexpr Index length = Index{1} << 20;
  const Matrix<double> expected = kernel(layer.front(), length).transpose();
  Matrix<float> K(length, 1);
  DiagonalKernels<float>(layer).run(K);
  CHECK(relative_error(K.cast<double>(), expected) < 1e-6);
  Matrix<double> precise(length, 1);
  DiagonalKernels<double>(layer).run(precise);
  CHECK(relative_error(precise, expected) < 2e-12);
}

TEST_CASE("kernels in lanes refuse what is not diagonal, and wrong shapes") {
  std::vector<DiscreteSystem> layer = layer_of(4, 2, Convention::sequence);
  DiagonalKernels<float> kernels(layer);
  Matrix<float> K(8, 3);
  CHECK_THROWS_WITH_AS(kernels.run(K), doctest::Contains("DiagonalKernels::run"), std::invalid_argument);
  layer = {dense(layer.front())};
  CHECK_THROWS_WITH_AS(DiagonalKernels<float>{layer}, doctest::Contains("diagonal"), std::invalid_argument);
  CHECK_THROWS_AS(DiagonalKernels<float>(std::vector<DiscreteSystem>{}), std::invalid_argument);
}
