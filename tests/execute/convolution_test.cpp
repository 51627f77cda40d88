#include "support/allocations.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include "../lib/src/detail/fft.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

DiscreteStateSpace mimo(Convention convention) {
  return {random_matrix(6, 6, 1) * 0.38,
          random_matrix(6, 3, 2),
          random_matrix(2, 6, 3),
          random_matrix(2, 3, 4),
          1,
          convention};
}

}  // namespace

TEST_CASE("good lengths are products of 2, 3, 5 and 7") {
  CHECK(detail::good_fft_length(1) == 1);
  CHECK(detail::good_fft_length(11) == 12);
  CHECK(detail::good_fft_length(8191) == 8192);
  CHECK(detail::good_fft_length(1025) == 1029);  // 3 * 7^3
}

TEST_CASE("a convolution is the recurrence: MIMO, both conventions, any block and length, from any state") {
  for (const Convention convention : {Convention::sequence, Convention::control}) {
    for (const Index block : {1, 2, 7, 64, 500}) {
      for (const Index length : {1, 6, 64, 333}) {
        CAPTURE(block);
        CAPTURE(length);
        const DiscreteStateSpace model = mimo(convention);
        const Matrix<double> u = random_matrix(3, length, 5);
        const Matrix<double> x0 = random_matrix(6, 1, 6);
        const support::Run expected = support::direct_run(model, u, x0);
        Convolution<double> convolution(model, block);
        State<double> x = x0;
        Matrix<double> y(2, length);
        convolution.run(u, y, x);
        CHECK(relative_error(y, expected.y) < 1e-13);
        CHECK(relative_error(x, expected.x) < 1e-13);
      }
    }
  }
}

TEST_CASE("copies and layers convolve independently, on strided signals") {
  const auto system = [](double delay) {
    return discretize(delay_system(LegT{}, 12, delay), 0.01, Discretization::zoh);
  };
  const std::vector<DiscreteSystem> layer{system(0.2), system(0.7), system(0.5)};
  const Matrix<double> wide = random_matrix(5, 400, 3);
  Recurrence<double> recurrence(layer);
  Convolution<double> convolution(layer, 128);
  State<double> x = recurrence.zero_state();
  State<double> z = convolution.zero_state();
  Matrix<double> y(5, 400), w(5, 400);
  recurrence.run(wide.topRows(3), y.topRows(3), x);
  convolution.run(wide.topRows(3), w.topRows(3), z);
  CHECK(relative_error(w.topRows(3), y.topRows(3)) < 1e-13);
  CHECK(relative_error(z, x) < 1e-13);

  Recurrence<double> stereo(layer[0], 2);
  Convolution<double> stereo_fft(layer[0], 100, 2);
  x = stereo.zero_state();
  z = stereo_fft.zero_state();
  stereo.run(wide.topRows(2), y.topRows(2), x);
  stereo_fft.run(wide.topRows(2), w.topRows(2), z);
  CHECK(relative_error(w.topRows(2), y.topRows(2)) < 1e-13);
}

TEST_CASE_TEMPLATE("running a convolution does not allocate", T, float, double) {
  Convolution<T> convolution(discretize(delay_system(LegT{}, 64, 0.3), 0.01, Discretization::zoh), 256, 2);
  State<T> x = convolution.zero_state();
  const Matrix<T> u = random_matrix(2, 1000, 1).cast<T>();
  Matrix<T> y(2, 1000);
  const std::size_t before = support::allocations();
  convolution.run(u, y, x);
  CHECK(support::allocations() == before);
}

TEST_CASE("plans are made and copies run in several threads at once") {
  const DiscreteStateSpace model = discretize(delay_system(LegT{}, 8, 0.3), 0.01, Discretization::zoh);
  const Matrix<double> u = random_matrix(1, 500, 1);
  const Matrix<double> expected = support::direct_run(model, u, Matrix<double>::Zero(8, 1)).y;
  const Convolution<double> shared(model, 100);
  std::vector<double> errors(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    threads.emplace_back([&, i] {
      Convolution<double> mine = i % 2 == 0 ? shared : Convolution<double>(model, 60 + static_cast<Index>(i));
      State<double> x = mine.zero_state();
      Matrix<double> y(1, 500);
      mine.run(u, y, x);
      errors[i] = relative_error(y, expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const double error : errors) CHECK(error < 1e-13);
}

TEST_CASE("bad blocks and shapes are refused") {
  const DiscreteStateSpace model = mimo(Convention::sequence);
  CHECK_THROWS_WITH_AS(Convolution<double>(model, 0), "longstate::Convolution: block must be from 1 to 2^26, got 0",
                       std::invalid_argument);
  Convolution<double> convolution(model, 16);
  State<double> x = convolution.zero_state();
  Matrix<double> y(2, 10);
  CHECK_THROWS_AS(convolution.run(Matrix<double>::Ones(2, 10), y, x), std::invalid_argument);
}
