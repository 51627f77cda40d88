#include "support/allocations.hpp"
#include "support/oracle.hpp"
#include "support/sizes.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace longstate;
using support::random_matrix;

constexpr Index length = support::sanitized ? 1200 : 4000;

TEST_CASE_TEMPLATE("legs in lanes of channels and of samples is legs frame by frame", T, float, double) {
  const double tolerance = std::is_same_v<T, float> ? 5e-6 : 1e-14;  // of the signal
  support::EachTarget()([&] {
    for (const auto method :
         {Discretization::foh, Discretization::zoh, Discretization::bilinear, Discretization::backward_euler}) {
      for (const Index order : support::values<Index>({1, 7, 32}, {7})) {
        for (const Index channels : support::values<Index>({1, 3, 40}, {1, 40})) {
          CAPTURE(name(method));
          CAPTURE(order);
          CAPTURE(channels);
          const MemoryOptions options{.order = order, .dt = 0.1, .channels = channels, .method = method};
          const Matrix<double> noise = random_matrix(channels, length, 3);
          Memory<T> blocks(LegS{}, options);
          Memory<double> frames(LegS{}, options);
          for (Index k = 0; k < noise.cols(); ++k) frames.push(noise.col(k));
          Index done = 0;
          for (const Index more : {Index{700}, Index{1}, Index{39}, noise.cols()}) {
            const Index n = std::min(more, noise.cols() - done);
            blocks.push_block(noise.middleCols(done, n).template cast<T>().eval());
            done += n;
          }
          const Matrix<double> error = blocks.coefficients().template cast<double>() - frames.coefficients();
          CHECK(error.cwiseAbs().maxCoeff() < tolerance * noise.cwiseAbs().maxCoeff());
          CHECK(blocks.samples() == frames.samples());
          CHECK(blocks.elapsed() == frames.elapsed());
        }
      }
    }
  });
}

TEST_CASE("legs in lanes does not allocate, and stops at a sample that is not finite") {
  for (const Index channels : {1, 40}) {
    Memory<float> memory(LegS{}, {.order = 16, .dt = 1, .channels = channels});
    Matrix<float> u = random_matrix(channels, 2000, 3).cast<float>();
    const std::size_t before = support::allocations();
    memory.push_block(u);
    CHECK(support::allocations() == before);
    u(channels - 1, 1500) = std::numeric_limits<float>::quiet_NaN();
    const std::string expected =
        "longstate::Memory: sample 3500 of channel " + std::to_string(channels - 1) + " must be finite, got nan";
    CHECK_THROWS_WITH_AS(memory.push_block(u), expected.c_str(), std::invalid_argument);
    CHECK(memory.samples() == 3500);
    CHECK(memory.coefficients().allFinite());
  }
}
