// The promise of the library: every path gives the same output. docs/accuracy.md states these bounds.

#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace longstate;
using support::relative_error;

namespace {

#ifdef LONGSTATE_SANITIZED
constexpr Index length = Index{1} << 12;
constexpr Index orders[] = {4, 64};
#else
constexpr Index length = Index{1} << 16;
constexpr Index orders[] = {4, 64, 256};
#endif

/// Float: 2 N eps; below N = 16 the rounding of 2^16 steps by itself is more (fourier of order 4, which integrates,
/// comes to 2.1e-6), so there the bound of N = 16 holds.
template <class T>
double tolerance(Index order) {
  return std::is_same_v<T, float> ? 2 * double(std::max<Index>(order, 16)) * 1.2e-7 : 1e-12;
}

}  // namespace

TEST_CASE_TEMPLATE("recurrence and FFT agree on noise of 2^16 samples, every measure, and in any split", T, float,
                   double) {
  const Matrix<T> u = support::random_matrix(1, length, 1).cast<T>();
  double worst = 0;
  for (const Measure& measure : support::time_invariant_measures(0.5)) {
    for (const Index N : orders) {
      CAPTURE(name(measure));
      CAPTURE(N);
      const DiscreteStateSpace model = discretize(delay_system(measure, N, 0.2), 1e-3, Discretization::zoh);
      Recurrence<T> recurrence(model);
      Convolution<T> convolution(model, default_block(model));
      State<T> x = recurrence.zero_state();
      State<T> z = convolution.zero_state();
      Matrix<T> y(1, length), w(1, length);
      double largest_state = 0;
      for (Index done = 0; done < length; done += length / 256) {
        recurrence.run(u.middleCols(done, length / 256), y.middleCols(done, length / 256), x);
        largest_state = std::max(largest_state, double(x.cwiseAbs().maxCoeff()));
      }
      convolution.run(u, w, z);
      const Matrix<double> expected = y.template cast<double>();
      const double error = relative_error(w.template cast<double>(), expected);
      CHECK(error < tolerance<T>(N));
      CHECK(double(support::largest(z - x)) < tolerance<T>(N) * largest_state);
      worst = support::larger(worst, error / tolerance<T>(N));

      // A split: FFT, recurrence, FFT again, the state carried over.
      const Index first = 5001 * length / 65536;
      const Index second = 40'000 * length / 65536;
      z = convolution.zero_state();
      convolution.run(u.leftCols(first), w.leftCols(first), z);
      recurrence.run(u.middleCols(first, second), w.middleCols(first, second), z);
      convolution.run(u.rightCols(length - first - second), w.rightCols(length - first - second), z);
      CHECK(relative_error(w.template cast<double>(), expected) < tolerance<T>(N));
    }
  }
  MESSAGE("largest difference, in parts of its bound: " << worst);
}

TEST_CASE("many short chunks through the FFT are one long run (traps T5, T7)") {
  const DiscreteStateSpace model = discretize(delay_system(LegSExp{}, 64, 0.3), 1e-3, Discretization::bilinear);
  const Matrix<double> u = support::random_matrix(1, 4096, 2);
  const Matrix<double> expected = support::direct_run(model, u, Matrix<double>::Zero(64, 1)).y;
  Convolution<double> convolution(model, 1024);  // far shorter than the response
  for (const Index chunk : {256, 1000, 4096}) {
    State<double> x = convolution.zero_state();
    Matrix<double> y(1, 4096);
    for (Index done = 0; done < 4096; done += chunk) {
      const Index more = std::min<Index>(chunk, 4096 - done);
      convolution.run(u.middleCols(done, more), y.middleCols(done, more), x);
    }
    CHECK(relative_error(y, expected) < 1e-12);
  }
}

TEST_CASE("one block as long as the signal agrees, too, in single precision at length 16,384 (trap T1)") {
  for (const Measure& measure : {Measure(LegSExp{}), Measure(LegT{}), Measure(Fourier{})}) {
    CAPTURE(name(measure));
    constexpr Index L = 16384;
    const DiscreteStateSpace model = discretize(delay_system(measure, 64, 0.4), 1e-3, Discretization::bilinear);
    const Matrix<float> u = support::random_matrix(1, L, 3).cast<float>();
    Recurrence<double> truth(model);
    State<double> x = truth.zero_state();
    Matrix<double> expected(1, L);
    truth.run(u.cast<double>(), expected, x);
    Convolution<float> convolution(model, L);
    State<float> z = convolution.zero_state();
    Matrix<float> y(1, L);
    convolution.run(u, y, z);
    CHECK(relative_error(y.cast<double>(), expected) < 5e-6);
  }
}
