#include "support/allocations.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;

namespace {

/// The sum itself, in long double, at the last output of `u`.
double output(const Matrix<double>& kernels, const Matrix<double>& u, Index channel, Index t) {
  long double sum = 0;
  for (Index k = 0; k <= std::min(t, kernels.cols() - 1); ++k) {
    sum += static_cast<long double>(kernels(channel, k)) * u(channel, t - k);
  }
  return static_cast<double>(sum);
}

template <class T>
double worst_error(const Matrix<double>& kernels, const Matrix<double>& u, const Matrix<T>& y, Index every) {
  double worst = 0, largest = 0;
  for (Index c = 0; c < u.rows(); ++c) {
    for (Index t = u.cols() - 1; t >= 0; t -= every) {
      const double expected = output(kernels, u, c, t);
      worst = support::larger(worst, std::abs(static_cast<double>(y(c, t)) - expected));
      largest = std::max(largest, std::abs(expected));
    }
  }
  return worst / largest;
}

template <class T>
double error_in_pieces(Index channels, Index taps, Index block, Index length, Index every) {
  const Matrix<double> kernels = random_matrix(channels, taps, 1);
  const Matrix<double> u = random_matrix(channels, length, 2).template cast<T>().template cast<double>();
  Fir<T> fir(kernels, block);
  Matrix<T> y = u.cast<T>();
  State<T> x = fir.zero_state();
  const Index first = length / 3;  // and a signal may be its own output
  fir.run(y.leftCols(first), y.leftCols(first), x);
  const Index steps = std::min<Index>(length - first - 1, 5);
  for (Index k = first; k < first + steps; ++k) fir.step(y.col(k), y.col(k), x);
  fir.run(y.middleCols(first + steps, 1), y.middleCols(first + steps, 1), x);
  const Index rest = length - first - steps - 1;
  fir.run(y.rightCols(rest), y.rightCols(rest), x);
  return worst_error<T>(kernels, u, y, every);
}

}  // namespace

TEST_CASE_TEMPLATE("a given kernel convolves, in pieces and in place, for every size", T, float, double) {
  const double bound = std::is_same_v<T, float> ? 1e-6 : 2e-15;
  for (const Index channels : {1, 3, 17, 32}) {
    for (const Index taps : {1, 2, 37, 500}) {
      for (const Index block : {0, 1, 64, 1000}) {
        CAPTURE(channels);
        CAPTURE(taps);
        CAPTURE(block);
        CHECK(error_in_pieces<T>(channels, taps, block, block == 1 ? 70 : 1200, 7) < bound);
      }
    }
  }
}

TEST_CASE_TEMPLATE("a kernel of 2^20 taps convolves as a matrix", T, float, double) {
  const double bound = std::is_same_v<T, float> ? 1e-6 : 2e-15;
  const double error = error_in_pieces<T>(1, Index{1} << 20, 0, (Index{1} << 20) + 1000, 100003);
  MESSAGE("relative to the largest output: " << error);
  CHECK(error < bound);
  CHECK(error_in_pieces<T>(2, 100000, 100000, 250000, 30011) < bound);
}

TEST_CASE("run() does not allocate, and measured plans give the same") {
  const Matrix<double> kernels = random_matrix(20, 300, 1);
  Fir<double> fir(kernels, 256), measured(kernels, 256, Planning::measure);
  const Matrix<double> u = random_matrix(20, 1000, 2);
  Matrix<double> y(20, 1000), z(20, 1000);
  State<double> x = fir.zero_state(), w = x;
  const std::size_t before = support::allocations();
  fir.run(u, y, x);
  CHECK(support::allocations() == before);
  measured.run(u, z, w);
  CHECK(support::relative_error(z, y) < 1e-15);
  CHECK(support::relative_error(w, x) < 1e-15);
  learn_fft_wisdom(fft_wisdom());
}

TEST_CASE("bad kernels, shapes and wisdom are refused") {
  Matrix<double> kernels = Matrix<double>::Ones(2, 3);
  CHECK_THROWS_AS(Fir<float>(Matrix<double>(0, 3)), std::invalid_argument);
  CHECK_THROWS_AS(Fir<float>(kernels, -1), std::invalid_argument);
  Fir<float> fir(kernels);
  Matrix<float> u = Matrix<float>::Zero(3, 4);
  State<float> x = fir.zero_state();
  CHECK_THROWS_WITH_AS(fir.run(u, u, x), doctest::Contains("Fir::run"), std::invalid_argument);
  kernels(1, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(Fir<float>{kernels}, std::invalid_argument);
  CHECK_THROWS_AS(learn_fft_wisdom("nothing of the kind"), std::invalid_argument);
}
