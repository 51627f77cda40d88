#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/discretize/phi.hpp>
#include <longstate/hippo/hippo.hpp>
#include <longstate/hippo/low_rank.hpp>
#include <longstate/hippo/operators.hpp>
#include <longstate/measure/basis.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace longstate;
using support::reference;
using support::relative_error;

namespace {

std::string key_of(const Measure& measure) {
  const auto* lagt = std::get_if<LagT>(&measure);
  return lagt && lagt->alpha != 0 ? "lagt-general" : std::string(name(measure));
}

}  // namespace

TEST_CASE("matrices agree with 60 digits") {
  std::vector<Measure> measures = support::time_invariant_measures();
  measures.push_back(LegS{});
  for (const Measure& measure : measures) {
    for (const Index N : support::reference_orders) {
      const std::string key = key_of(measure) + "/" + std::to_string(N);
      CAPTURE(key);
      const Hippo matrices = hippo(measure, N);
      // chebt's end of the window is a sum of N terms of size N^2 that partly cancel
      const double bound = std::holds_alternative<ChebT>(measure) ? 1e-13 : 1e-14;
      CHECK(relative_error(matrices.A, reference(key + "/A")) < bound);
      CHECK(relative_error(matrices.B, reference(key + "/B")) < 1e-14);
    }
  }
}

TEST_CASE("a window divides A and B") {
  const Hippo unit = hippo(LegT{}, 9);
  const Hippo half = hippo(LegT{.window = 0.5}, 9);
  CHECK((half.A - 2 * unit.A).norm() == 0);
  CHECK((half.B - 2 * unit.B).norm() == 0);
}

TEST_CASE("the impulse response of the fading measures is their basis times weight / tilt^2") {
  for (const Measure& measure : {Measure(LegSExp{}), Measure(LagT{}), Measure(LagT{.alpha = 0.5, .beta = 0.75})}) {
    for (const double age : {0.1, 0.7, 2.0}) {
      CAPTURE(name(measure));
      const Hippo matrices = hippo(measure, 12);
      const Vector<double> response = phi_functions(matrices.A * age, 0)[0] * matrices.B;
      const double density = weight(measure, age) / std::pow(tilt(measure, age), 2);
      CHECK(relative_error(response, density * basis(measure, 12, age)) < 1e-12);
    }
  }
}

TEST_CASE("the rank correction leaves a normal matrix") {
  for (const Measure& measure : {Measure(LegS{}), Measure(LegSExp{.timescale = 3}), Measure(LegT{.window = 0.2}),
                                 Measure(LagT{}), Measure(LagT{.beta = 1}), Measure(Fourier{.window = 2})}) {
    for (const Index N : {1, 2, 5, 64}) {
      CAPTURE(name(measure));
      CAPTURE(N);
      const Matrix<double> P = low_rank_correction(measure, N);
      CHECK(P.cols() == (std::holds_alternative<LegT>(measure) ? 2 : 1));
      const Matrix<double> M = hippo(measure, N).A + P * P.transpose();
      CHECK((M * M.transpose() - M.transpose() * M).norm() <= 1e-13 * M.squaredNorm());
    }
  }
  CHECK_THROWS_AS(low_rank_correction(Lmu{}, 4), std::invalid_argument);
  CHECK_THROWS_AS(low_rank_correction(ChebT{}, 4), std::invalid_argument);
  CHECK_THROWS_AS(low_rank_correction(LagT{.alpha = 0.5}, 4), std::invalid_argument);
}

TEST_CASE("B is as HiPPO has it: nothing is clipped (trap T3)") {
  const Hippo matrices = hippo(LegS{}, 256);
  CHECK(matrices.B(255) == std::sqrt(511.0));
  CHECK((matrices.A.col(0).tail(255) + matrices.B.tail(255)).norm() < 1e-12);  // A e_0 = -B
}

TEST_CASE("chebt is similar to legt: stable, where without the end of its window it would drift") {
  for (const Index N : {2, 16, 64, 256}) {
    CAPTURE(N);
    const Matrix<double> A = hippo(ChebT{}, N).A;
    CHECK(phi_functions(A * 2.0, 0)[0].norm() < 0.1);
    CHECK(phi_functions(A * 0.5, 0)[0].norm() < 30);
    CHECK(A.trace() == doctest::Approx(hippo(LegT{}, N).A.trace()).epsilon(1e-10));
  }
}

TEST_CASE("orders out of range are refused") {
  CHECK_THROWS_WITH_AS(hippo(LegT{}, 0), "longstate::hippo: order must be from 1 to 8192, got 0",
                       std::invalid_argument);
  CHECK_THROWS_AS(hippo(LegT{}, 1'000'000'000), std::invalid_argument);
}
