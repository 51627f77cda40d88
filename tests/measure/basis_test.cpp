#include "support/reference.hpp"

#include <longstate/measure/basis.hpp>

#include <doctest/doctest.h>
#include <boost/math/quadrature/gauss.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>

using namespace longstate;
using support::reference;

TEST_CASE("bases agree with 60 digits up to order 1,024") {
  const auto check = [](const std::string& key, const Measure& measure, const std::string& ages_name, Index count = 5) {
    CAPTURE(key);
    const Vector<double> ages = reference("basis/ages/" + ages_name).row(0).head(count).transpose();
    const Matrix<double> expected = reference("basis/" + key).leftCols(count);
    const Matrix<double> degrees = reference("basis/degrees");
    const Matrix<double> h = basis(measure, 1024, ages);
    for (Index i = 0; i < degrees.size(); ++i) {
      CHECK(support::relative_error(h.row(static_cast<Index>(degrees(i))), expected.row(i)) < 1e-12);
    }
  };
  check("legt", LegT{}, "window", 7);
  check("lmu", Lmu{}, "window", 7);
  check("legs-exp", LegSExp{}, "fading", 7);
  check("lagt", LagT{}, "fading", 7);
  check("lagt-general", LagT{.alpha = 0.5, .beta = 0.75}, "fading");  // beyond age 40 the true values overflow
  check("fourier", Fourier{}, "window", 7);
  check("chebt", ChebT{}, "inner");
}

TEST_CASE("bases are orthonormal for weight / tilt^2: the Gram matrix") {
  constexpr Index N = 20;
  // Gauss quadrature in many pieces, after a substitution that makes every integrand smooth and the range finite.
  const auto gram = [](const Measure& measure, double from, double to, auto&& age_of, auto&& slope_of,
                       int pieces = 64) {
    using Gauss = boost::math::quadrature::gauss<double, 60>;
    Matrix<double> G = Matrix<double>::Zero(N, N);
    for (int piece = 0; piece < pieces; ++piece) {
      const double width = (to - from) / pieces;
      for (std::size_t i = 0; i < Gauss::abscissa().size(); ++i) {
        for (const double side : {-1.0, 1.0}) {
          const double s = from + width * (piece + 0.5 + side * Gauss::abscissa()[i] / 2);
          const double age = age_of(s);
          const Vector<double> h = basis(measure, N, age);
          const double density = weight(measure, age) / std::pow(tilt(measure, age), 2);
          G += Gauss::weights()[i] * width / 2 * slope_of(s) * density * h * h.transpose();
        }
      }
    }
    return G;
  };
  const auto same = [](double s) { return s; };
  const auto one = [](double) { return 1.0; };
  const auto square = [](double s) { return s * s; };
  const auto twice = [](double s) { return 2 * s; };
  const Matrix<double> I = Matrix<double>::Identity(N, N);
  for (const Measure& measure : {Measure(LegS{}), Measure(LegT{}), Measure(Lmu{}), Measure(Fourier{})}) {
    CAPTURE(name(measure));
    const Matrix<double> norms = basis_norms(measure, N).asDiagonal();
    CHECK((gram(measure, 0, 1, same, one) - norms).norm() < 1e-12);
  }
  CHECK((gram(LegSExp{}, 0, 40, same, one) - I).norm() < 1e-12);
  CHECK((gram(LagT{}, 0, 250, same, one) - I).norm() < 1e-12);
  CHECK((gram(LagT{.alpha = 0.5, .beta = 0.75}, 0, 16, square, twice) - I).norm() < 1e-12);  // age^alpha, age = s^2
  CHECK((gram(LagT{.alpha = -0.5, .beta = 1}, 0, 16, square, twice) - I).norm() < 1e-12);
  const auto cosine = [](double s) { return std::pow(std::sin(std::numbers::pi * s / 2), 2); };
  const auto sine = [](double s) { return std::numbers::pi * std::sin(std::numbers::pi * s) / 2; };
  // h_n(1 - age) = (-1)^n h_n(age), so half the window is enough; near age 1 the digits of 1 - age would be lost.
  const Matrix<double> half = gram(ChebT{}, 0, 0.5, cosine, sine, 2);
  Matrix<double> S = I;
  for (Index n = 1; n < N; n += 2) S(n, n) = -1;
  CHECK((half + S * half * S - I).norm() < 1e-12);
}

TEST_CASE("ages where the basis is not finite are refused") {
  CHECK_THROWS_AS(basis(LegT{}, 4, 1.5), std::invalid_argument);
  CHECK_THROWS_AS(basis(LegT{}, 4, -0.1), std::invalid_argument);
  CHECK_THROWS_AS(basis(LegT{}, 4, std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(basis(ChebT{}, 4, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(basis(LagT{.alpha = -0.5}, 4, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(basis(LegSExp{}, 4, HUGE_VAL), std::invalid_argument);
  CHECK_THROWS_WITH_AS(basis(LegT{}, 0, 0.5), "longstate::basis: order must be from 1 to 8192, got 0",
                       std::invalid_argument);
  CHECK_THROWS_AS(basis(LegT{}, 1'000'000'000, 0.5), std::invalid_argument);
}
