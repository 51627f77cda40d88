#include "support/allocations.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/sizes.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

/// The definition.
Matrix<double> convolved(const Matrix<double>& kernels, const Matrix<double>& u) {
  Matrix<double> y = Matrix<double>::Zero(u.rows(), u.cols());
  for (Index k = 0; k < std::min(kernels.cols(), u.cols()); ++k) {
    for (Index c = 0; c < u.rows(); ++c) y.row(c).tail(u.cols() - k) += kernels(c, k) * u.row(c).head(u.cols() - k);
  }
  return y;
}

template <class T>
Matrix<double> in_calls(StreamingFir<T>& fir, const Matrix<double>& u, const std::vector<Index>& calls) {
  const Matrix<T> u_T = u.cast<T>();
  Matrix<T> y(u.rows(), u.cols());
  Index done = 0;
  for (std::size_t i = 0; done < u.cols(); i = (i + 1) % calls.size()) {
    const Index n = std::min(calls[i], u.cols() - done);
    fir.run(u_T.middleCols(done, n), y.middleCols(done, n));
    done += n;
  }
  return y.template cast<double>();
}

}  // namespace

TEST_CASE_TEMPLATE("a stream through a long kernel is its convolution, at once, in calls of any length", T, float,
                   double) {
  const double tolerance = std::is_same_v<T, float> ? 1e-6 : 5e-15;
  support::EachTarget()([&] {
    for (const Index taps : support::values<Index>({1, 15, 16, 17, 100, 257, 3000}, {1, 17, 1000})) {
      for (const Index channels : support::values<Index>({1, 5, 19}, {1, 19})) {
        CAPTURE(taps);
        CAPTURE(channels);
        const Matrix<double> kernels = random_matrix(channels, taps, 1), u = random_matrix(channels, 5000, 2);
        const Matrix<double> expected = convolved(kernels, u);
        for (const auto& calls : std::vector<std::vector<Index>>{{16}, {1, 7, 16, 40, 3, 500}, {5000}}) {
          StreamingFir<T> fir(kernels, 16);
          CHECK(fir.long_block() == (taps > 256 ? fir.long_block() : 0));
          CHECK(relative_error(in_calls(fir, u, calls), expected) < tolerance);
        }
      }
    }
  });
}

TEST_CASE("two seconds of a kernel at 48 kHz: its parts, and the same to rounding as Fir") {
  const Index taps = 96000, length = 120000;
  const Matrix<double> kernels = random_matrix(2, taps, 1), u = random_matrix(2, length, 2);
  StreamingFir<double> streaming(kernels, 64);
  CHECK(streaming.long_block() == 2048);
  Fir<double> whole(kernels, length);
  State<double> x = whole.zero_state();
  Matrix<double> expected(2, length);
  whole.run(u, expected, x);
  CHECK(relative_error(in_calls(streaming, u, {64}), expected) < 2e-15);
  streaming.reset();
  CHECK(relative_error(in_calls(streaming, u.leftCols(9999), {480}), expected.leftCols(9999)) < 2e-15);
}

TEST_CASE("a stream does not allocate, works in place, and a copy goes its own way") {
  const Matrix<double> kernels = random_matrix(3, 2000, 1);
  StreamingFir<float> fir(kernels, 16);
  Matrix<float> u = random_matrix(3, 4096, 2).cast<float>(), y(3, 4096);
  fir.run(u, y);
  StreamingFir<float> copy = fir;
  Matrix<float> in_place = u, silence = Matrix<float>::Zero(3, 4096), tail(3, 4096);
  const std::size_t before = support::allocations();
  fir.run(in_place, in_place);
  copy.run(silence, tail);
  CHECK(support::allocations() == before);
  copy.reset();
  Matrix<float> again(3, 4096);
  copy.run(u, again);
  CHECK(again == y);
  CHECK(relative_error(in_place.cast<double>(), (y + tail).cast<double>()) < 1e-6);
}

TEST_CASE("a stream that has gone silent holds no denormal numbers") {
  Matrix<double> kernels(1, 4000);
  for (Index k = 0; k < kernels.cols(); ++k) kernels(0, k) = std::exp(-0.03 * static_cast<double>(k));
  StreamingFir<float> fir(kernels, 16);
  Matrix<float> u = Matrix<float>::Zero(1, 12000), y(1, 12000);
  u.leftCols(100).setConstant(1e-20F);
  fir.run(u, y);
  for (const float value : y.reshaped()) CHECK((value == 0 || std::abs(value) >= std::numeric_limits<float>::min()));
}

TEST_CASE("a stream refuses kernels and blocks that are none, and shapes that do not fit") {
  CHECK_THROWS_WITH_AS(StreamingFir<float>(Matrix<double>::Ones(1, 10), 48),
                       "longstate::StreamingFir: block must be a power of 2 from 16 to 65536, got 48",
                       std::invalid_argument);
  CHECK_THROWS_AS(StreamingFir<float>(Matrix<double>(0, 10)), std::invalid_argument);
  CHECK_THROWS_AS(StreamingFir<float>(Matrix<double>::Constant(1, 2, std::nan(""))), std::invalid_argument);
  StreamingFir<float> fir(Matrix<double>::Ones(2, 10));
  Matrix<float> u = Matrix<float>::Zero(1, 5), y(2, 5);
  CHECK_THROWS_WITH_AS(fir.run(u, y), "longstate::StreamingFir::run: u must be 2 x 5, got 1 x 5",
                       std::invalid_argument);
}
