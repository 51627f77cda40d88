#include "support/oracle.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace longstate;

// Numbers below the normal range cost some hundred cycles each on many machines, so a path that lets them arise is slow after
// a sound has ended. No test asserts a time; these assert that there are none.

namespace {

template <class T>
bool has_denormals(const Matrix<T>& values) {
  return values.unaryExpr([](T v) { return int(std::fpclassify(v) == FP_SUBNORMAL); }).any();
}

/// A burst, then silence for as long as the fastest entries need to fade from 1 past the smallest normal number.
template <class T, class Path>
void check_silence(Path path) {
  constexpr Index block = 64, blocks = 40;
  State<T> x = path.zero_state();
  Matrix<T> u = support::random_matrix(path.inputs(), block, 1).template cast<T>();
  Matrix<T> y(path.outputs(), block);
  for (Index i = 0; i < blocks; ++i) {
    path.run(u, y, x);
    CHECK_FALSE(has_denormals<T>(x));
    CHECK_FALSE(has_denormals<T>(y));
    u.setZero();
  }
}

}  // namespace

TEST_CASE_TEMPLATE("silence after a burst leaves no denormal numbers in any path", T, float, double) {
  // decays of e^-0.5 to e^-2.5 a sample: 1e-38 after 40 to 180 samples, 1e-308 after 280 to 1,400
  const double dt = 0.05;
  const DiagonalSystem diagonal = initialize_diagonal("s4d-real", 64);
  const Matrix<double> C = Matrix<double>::Ones(1, 8);
  const HippoSystem hippo{LegSExp{.timescale = 0.1}, C, Matrix<double>::Zero(1, 1)};
  for (const DiscreteSystem& system :
       {DiscreteSystem(discretize(diagonal, dt, Discretization::zoh)),
        DiscreteSystem(discretize(hippo, dt, Discretization::bilinear)),
        DiscreteSystem(discretize(dense(hippo), dt, Discretization::bilinear)),
        DiscreteSystem(discretize(normal_plus_low_rank(hippo.measure, 8, C), dt, Discretization::bilinear))}) {
    CAPTURE(name(structure(system)));
    check_silence<T>(Recurrence<T>(system));
    check_silence<T>(Recurrence<T>(system, 20));
    check_silence<T>(Chunked<T>(system, 16));
#if LONGSTATE_WITH_FFTW
    check_silence<T>(Convolution<T>(system, 32));
#endif
  }
}

TEST_CASE("silence after a burst leaves no denormal numbers in a memory") {
  Memory<float> memory(LegSExp{.timescale = 0.1}, {.order = 16, .dt = 0.05});
  memory.push(1.0F);
  for (int k = 0; k < 1000; ++k) {
    memory.push(0.0F);
    CHECK_FALSE(has_denormals<float>(memory.coefficients().cast<float>()));
  }
  volatile double small = std::numeric_limits<double>::min();
  CHECK(small / 2 > 0);  // the caller's mode is back
}
