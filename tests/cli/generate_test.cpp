#include "cli/generate.hpp"

#include "support/reference.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <stdexcept>

using longstate::Index;
using longstate::Vector;

TEST_CASE("white noise has its band, its level and its seed") {
  const Index n = 2000;  // a fast length, so the period is the signal
  const Vector<double> u = cli::white(n, 1000, 20, 0.5, 7);
  CHECK(std::sqrt(u.squaredNorm() / double(n)) == doctest::Approx(0.5).epsilon(1e-12));
  CHECK(std::abs(u(0)) < 0.05);
  const auto amplitude = [&](Index k) {
    std::complex<double> sum = 0;
    for (Index t = 0; t < n; ++t) sum += u(t) * std::polar(1.0, -2 * std::numbers::pi * double(k * t % n) / double(n));
    return std::abs(sum) / double(n);
  };
  CHECK(amplitude(0) < 1e-14);
  CHECK(amplitude(40) > 1e-4);  // 20 Hz
  for (const Index k : {41, 50, 500, 1000}) CHECK(amplitude(k) < 1e-14);
  CHECK(cli::white(n, 1000, 20, 0.5, 7) == u);
  CHECK(cli::white(n, 1000, 20, 0.5, 8) != u);
  CHECK(cli::white(n, 1000, 500, 0.5, 1).allFinite());
}

TEST_CASE("a chirp ends at its frequency") {
  const Vector<double> u = cli::chirp(10000, 10000, 0, 100);
  CHECK(u(0) == 0);
  CHECK(u(5000) == doctest::Approx(std::sin(2 * std::numbers::pi * 12.5)).epsilon(1e-9));
}

TEST_CASE("Mackey-Glass is chaotic within its known range, and finer steps change little") {
  const Vector<double> u = cli::mackey_glass(2000, 0);
  CHECK(u.minCoeff() > 0.2);
  CHECK(u.minCoeff() < 0.6);
  CHECK(u.maxCoeff() < 1.5);
  CHECK(u.maxCoeff() > 1.2);
}

TEST_CASE("impossible signals are refused") {
  CHECK_THROWS_AS(cli::white(0, 1000, 20, 1, 0), std::invalid_argument);
  CHECK_THROWS_AS(cli::white(100, 1000, 600, 1, 0), std::invalid_argument);
  CHECK_THROWS_AS(cli::white(100, 1000, 1, 1, 0), std::invalid_argument);
  CHECK_THROWS_AS(cli::white(100, -1, 1, 1, 0), std::invalid_argument);
  CHECK_THROWS_AS(cli::chirp(100, 10, 0, 6), std::invalid_argument);
  CHECK_THROWS_AS(cli::mackey_glass(-1, 0), std::invalid_argument);
}
