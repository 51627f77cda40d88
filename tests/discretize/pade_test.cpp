#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace longstate;

namespace {

using Complex = std::complex<double>;

/// The approximant at z by its factors, and by the textbook sums N(z) / N(-z).
Complex by_factors(Index degree, Complex z) {
  Complex product = 1;
  for (const Complex a : pade_poles(degree)) {
    const Complex b = std::conj(a);
    product *= (1.0 + z / a) * (1.0 + z / b) / ((1.0 - z / a) * (1.0 - z / b));
  }
  return product;
}

Complex by_sums(Index degree, Complex z) {
  Complex numerator = 0, denominator = 0, power = 1;
  double coefficient = 1;
  for (Index k = 0; k <= degree; ++k) {
    numerator += coefficient * power;
    denominator += coefficient * (k % 2 ? -1.0 : 1.0) * power;
    power *= z;
    coefficient *= double(degree - k) / (double(k + 1) * double(2 * degree - k));
  }
  return numerator / denominator;
}

}  // namespace

TEST_CASE("the poles are those of the Pade approximants of the exponential") {
  for (Index degree = 2; degree <= 16; degree += 2) {
    CAPTURE(degree);
    CHECK(pade_poles(degree).size() == std::size_t(degree / 2));
    for (const Complex z : {Complex(-0.3, 0.1), Complex(-2, 1), Complex(0, 4), Complex(-30, 5)}) {
      CHECK(std::abs(by_factors(degree, z) - by_sums(degree, z)) < 1e-13);
    }
  }
  CHECK_THROWS_AS(pade_poles(3), std::invalid_argument);
  CHECK_THROWS_AS(pade_poles(0), std::invalid_argument);
  CHECK_THROWS_AS(pade_poles(18), std::invalid_argument);
}

TEST_CASE("the chosen degree and sub-steps reach double precision at the least work") {
  for (const double norm : {0.0, 1e-4, 0.05, 0.5, 3.0, 7.0, 40.0}) {
    CAPTURE(norm);
    const PadeOptions chosen = choose_pade(norm);
    for (const double angle : {1.5707963267948966, 2.0, 3.1}) {
      const Complex z = std::polar(norm, angle);
      const Complex part = by_factors(chosen.degree, z / double(chosen.substeps));
      CHECK(std::abs(std::pow(part, double(chosen.substeps)) - std::exp(z)) < 1e-14 * (1 + norm));
    }
  }
  CHECK(choose_pade(1e-4).degree == 2);
  CHECK(choose_pade(1e-4).substeps == 1);
  CHECK(choose_pade(1000).degree == 16);
  CHECK(choose_pade(5.0, {.degree = 4}).degree == 4);
  CHECK(choose_pade(5.0, {.degree = 4}).substeps == 49);
  CHECK(choose_pade(5.0, {.degree = 4, .substeps = 3}).substeps == 3);
  CHECK(choose_pade(5.0, {.substeps = 3}).degree == 10);
  CHECK(choose_pade(1e9, {.substeps = 2}).degree == 16);
  CHECK_THROWS_AS(choose_pade(1, {.substeps = -1}), std::invalid_argument);
}
