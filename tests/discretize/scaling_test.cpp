// Systems as people write them: SI units, companion forms, shears, Jordan blocks, stiff pairs.

#include "support/largest.hpp"
#include "support/limits.hpp"
#include "support/oracle.hpp"
#include "support/precise.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdlib>
#include <numbers>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace longstate;

namespace {

using support::epsilon;
constexpr Index kernel_values = 64;

struct Case {
  std::string kind;
  StateSpace system;
  double dt;
  Vector<double> units;  // powers of two: states x / units are tame
};

class Draw {
 public:
  explicit Draw(unsigned seed) : engine_(seed) {}
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_()) / static_cast<double>(std::mt19937::max());
  }
  double log_uniform(double low, double high) { return std::exp(uniform(std::log(low), std::log(high))); }
  Index integer(Index low, Index high) {
    return low + static_cast<Index>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }
  Matrix<double> matrix(Index rows, Index cols) {
    return Matrix<double>::NullaryExpr(rows, cols, [&] { return uniform(-1, 1); });
  }

 private:
  std::mt19937 engine_;
};

double power_of_two(double value) { return std::exp2(std::round(std::log2(value))); }

StateSpace system_of(const Matrix<double>& A, Draw& draw) {
  return {A, draw.matrix(A.rows(), 1), draw.matrix(1, A.rows()), Matrix<double>::Zero(1, 1)};
}

/// D A D^-1 with D from 1e-9 to 1e9; step times norm from 1e-3 to 30.
Case scaled(Draw& draw) {
  const Index N = draw.integer(1, 12);
  Matrix<double> A = draw.matrix(N, N);
  A.diagonal().array() -= draw.uniform(0, 2);
  Vector<double> D(N), units(N);
  for (Index n = 0; n < N; ++n) units(n) = power_of_two(D(n) = draw.log_uniform(1e-9, 1e9));
  StateSpace s = system_of(A, draw);
  s.A = D.asDiagonal() * A * D.cwiseInverse().asDiagonal();
  s.B = D.asDiagonal() * s.B;
  s.C = s.C * D.cwiseInverse().asDiagonal();
  return {"scaled", s, draw.log_uniform(1e-3, 30) / A.cwiseAbs().rowwise().sum().maxCoeff(), units};
}

/// A Butterworth low-pass, or one of Chebyshev of type I, whose poles lie on an ellipse, as scipy's tf2ss writes it, or the same transposed,
/// at 3 to 100 samples a period.
Case filter(Draw& draw) {
  const Index N = draw.integer(2, 12);
  const double frequency = draw.log_uniform(1, 1e7), omega = 2 * std::numbers::pi * frequency;
  const bool chebyshev = draw.integer(0, 1) == 1;  // of 0.01 to 3 dB
  const double mu =
      chebyshev ? std::asinh(1 / std::sqrt(std::pow(10, draw.log_uniform(1e-3, 0.3)) - 1)) / static_cast<double>(N) : 0;
  std::vector<std::complex<double>> a{1.0};
  for (Index n = 0; n < N; ++n) {
    const double angle = std::numbers::pi * (0.5 + (static_cast<double>(n) + 0.5) / static_cast<double>(N));
    const std::complex<double> on_circle = std::polar(omega, angle);
    const std::complex<double> pole =
        chebyshev ? std::complex<double>(std::sinh(mu) * on_circle.real(), std::cosh(mu) * on_circle.imag())
                  : on_circle;
    a.emplace_back(0.0);
    for (std::size_t i = a.size() - 1; i > 0; --i) a[i] -= pole * a[i - 1];
  }
  StateSpace s{Matrix<double>::Zero(N, N), Matrix<double>::Zero(N, 1), Matrix<double>::Zero(1, N),
               Matrix<double>::Zero(1, 1)};
  Vector<double> units(N);
  for (Index n = 0; n < N; ++n) {
    s.A(0, n) = -a[static_cast<std::size_t>(n) + 1].real();
    units(n) = std::exp2(-std::round(static_cast<double>(n) * std::log2(omega)));
  }
  s.A.diagonal(-1).setOnes();
  s.B(0, 0) = 1;
  s.C(0, N - 1) = a.back().real();
  if (draw.integer(0, 1) == 1) {  // transposed
    s = {s.A.transpose(), s.C.transpose(), s.B.transpose(), s.D};
    units = units.cwiseInverse().eval();
  }
  return {"filter", s, 1 / (frequency * draw.log_uniform(3, 100)), units};
}

/// Triangular, what lies above the diagonal up to 1e9 times larger.
Case shear(Draw& draw) {
  const Index N = draw.integer(2, 8);
  const double size = draw.log_uniform(1, 1e9);
  Matrix<double> A = size * draw.matrix(N, N);
  A.triangularView<Eigen::StrictlyLower>().setZero();
  A.diagonal() = -draw.matrix(N, 1).cwiseAbs();
  Vector<double> units(N);
  for (Index n = 0; n < N; ++n) units(n) = power_of_two(std::pow(size, -static_cast<double>(n)));
  return {"shear", system_of(A, draw), draw.log_uniform(1e-3, 10), units};
}

Case jordan(Draw& draw) {
  const Index N = draw.integer(2, 8);
  const double coupling = draw.log_uniform(1e-9, 1e9);
  Matrix<double> A = -draw.uniform(0, 2) * Matrix<double>::Identity(N, N);
  A.diagonal(draw.integer(0, 1) == 0 ? 1 : -1).setConstant(coupling);
  const bool upper = A(0, 1) != 0;
  Vector<double> units(N);
  for (Index n = 0; n < N; ++n) units(n) = power_of_two(std::pow(coupling, static_cast<double>(upper ? -n : n)));
  return {"jordan", system_of(A, draw), draw.log_uniform(1e-3, 10), units};
}

/// A slow mode beside a fast one, 1e3 to 1e12 times, apart, coupled, or turned into each other.
Case stiff(Draw& draw) {
  const double fast = draw.log_uniform(1e3, 1e12);
  Matrix<double> A(2, 2);
  A << -draw.uniform(0.1, 2), 0, 0, -fast;
  if (draw.integer(0, 1) == 1) A(0, 1) = draw.uniform(-1, 1) * fast;
  if (draw.integer(0, 2) == 2) {
    const double angle = draw.uniform(0, 3);
    Matrix<double> turn(2, 2);
    turn << std::cos(angle), std::sin(angle), -std::sin(angle), std::cos(angle);
    A = (turn * A * turn.transpose()).eval();
  }
  return {"stiff", system_of(A, draw), draw.log_uniform(1e-3, 10), Vector<double>::Ones(2)};
}

Case draw_case(unsigned seed) {
  constexpr Case (*kinds[])(Draw&) = {scaled, filter, shear, jordan, stiff};
  Draw draw(seed);
  return kinds[seed % std::size(kinds)](draw);
}

Vector<double> kernel_of(const Case& c, Discretization method) {
  return kernel(discretize(c.system, c.dt, method, {.convention = Convention::control}), kernel_values)
      .row(0)
      .transpose();
}

double error_of(const Vector<double>& K, const Vector<double>& exact) {
  return support::largest(K - exact) / exact.cwiseAbs().maxCoeff();
}

StateSpace butterworth_1MHz() {
  StateSpace s{Matrix<double>::Zero(4, 4), Matrix<double>::Zero(4, 1), Matrix<double>::Zero(1, 4),
               Matrix<double>::Zero(1, 1)};
  s.A.row(0) << -16418800, -1.34788e14, -6.48186e20, -1.55855e27;
  s.A.diagonal(-1).setOnes();
  s.B(0, 0) = 1;
  s.C(0, 3) = 1.55855e27;
  return s;
}

}  // namespace

TEST_CASE("A1: kernels of systems in any scaling, by zoh, foh and impulse, against 50 digits and more") {
  const char* wanted = std::getenv("LONGSTATE_SCALED_SYSTEMS");  // how many; docs/accuracy.md
  const auto count = wanted ? static_cast<unsigned>(std::atoi(wanted)) : support::sanitized ? 45U : 200U;
  constexpr Discretization methods[] = {Discretization::zoh, Discretization::foh, Discretization::impulse};
  double worst = 0, worst_of_bound = 0;
  unsigned ill_conditioned = 0, overflowing = 0;
  for (unsigned seed = 0; seed < count; ++seed) {
    const Case c = draw_case(seed);
    const Discretization method = methods[(seed / 5) % 3];
    CAPTURE(seed);
    CAPTURE(c.kind);
    CAPTURE(std::string(name(method)));
    const Vector<double> exact = support::precise_kernel(c.system, c.dt, method, kernel_values, c.units);
    if (!exact.allFinite() || exact.cwiseAbs().maxCoeff() == 0) {
      ++overflowing;
      CHECK_THROWS_AS(kernel_of(c, method), std::domain_error);
      continue;
    }
    Vector<double> K;
    REQUIRE_NOTHROW(K = kernel_of(c, method));
    const double error = error_of(K, exact);
    double bound = 1e-10;
    if (!(error <= bound)) {
      ++ill_conditioned;
      bound = 10 * epsilon * support::kernel_condition(c.system, c.dt, method, kernel_values, c.units);
    }
    CHECK(error <= bound);
    worst = support::larger(worst, error);
    worst_of_bound = std::max(worst_of_bound, error / bound);
  }
  MESSAGE(count << " systems: largest error " << worst << ", " << worst_of_bound << " of its bound; " << ill_conditioned
                << " above 1e-10, " << overflowing << " beyond double");
}

TEST_CASE("A1: Butterworth of four poles at 1 MHz in companion form") {
  const DiscreteStateSpace d =
      discretize(butterworth_1MHz(), 5e-8, Discretization::zoh, {.convention = Convention::control});
  const Matrix<double> K = kernel(d, 201);
  CHECK(K(0, 10) == doctest::Approx(0.1193).epsilon(1e-3));
  CHECK(K(0, 200) == doctest::Approx(-6.9e-12).epsilon(1e-2));
}

TEST_CASE("A1: a C that would vanish in balanced units comes back as it was") {
  StateSpace s{Matrix<double>(2, 2), Matrix<double>::Ones(2, 1), Matrix<double>::Constant(1, 2, 1e-250),
               Matrix<double>::Zero(1, 1)};
  s.A << -1, 1e200, 1e-200, -2;
  CHECK(discretize(s, 1, Discretization::zoh).C == s.C);
}

TEST_CASE("A1: phi and expm1 near the largest number") {
  CHECK(phi(1, 712.0).real() == doctest::Approx(2.31841469829864e306).epsilon(1e-13));
  CHECK(phi(1, 712.0).imag() == 0);
  CHECK(std::isinf(expm1(std::complex<double>(800)).real()));
  CHECK(expm1(std::complex<double>(800)).imag() == 0);
}

TEST_CASE("A1: a resonator in SI units turns where it should") {
  const double omega = 1e6, dt = 1e-3, damping = 0.5;  // x'' + x' + omega^2 x = omega^2 u
  StateSpace s{Matrix<double>(2, 2), Matrix<double>(2, 1), Matrix<double>(1, 2), Matrix<double>::Zero(1, 1)};
  s.A << 0, 1, -omega * omega, -2 * damping;
  s.B << 0, 1;
  s.C << 1, 0;
  const DiscreteStateSpace d = discretize(s, dt, Discretization::zoh);
  const long double turn = std::sqrt(1e12L - 0.25L), fade = std::exp(-0.5e-3L), angle = turn * 1e-3L;
  CHECK(d.A(0, 1) == doctest::Approx(static_cast<double>(fade * std::sin(angle) / turn)).epsilon(1e-10));
  CHECK(d.A(0, 0) ==
        doctest::Approx(static_cast<double>(fade * (std::cos(angle) + 0.5L / turn * std::sin(angle)))).epsilon(1e-10));
}

TEST_CASE("A1: bilinear and its way back in any scaling") {
  for (unsigned seed = 0; seed < 40; seed += 5) {
    Draw draw(seed);
    const Case c = scaled(draw);
    const StateSpace tame{c.units.cwiseInverse().asDiagonal() * c.system.A * c.units.asDiagonal(),
                          c.units.cwiseInverse().asDiagonal() * c.system.B, c.system.C * c.units.asDiagonal(),
                          c.system.D};
    for (const Discretization method :
         {Discretization::bilinear, Discretization::backward_euler, Discretization::zoh}) {
      const double dt = std::min(c.dt, 0.3 / tame.A.norm());
      const DiscreteStateSpace d = discretize(c.system, dt, method, {.convention = Convention::control});
      const Vector<double> K = kernel(d, kernel_values).row(0).transpose();
      const Vector<double> same =
          kernel(discretize(tame, dt, method, {.convention = Convention::control}), kernel_values).row(0).transpose();
      CHECK(error_of(K, same) < 1e-13);
      const StateSpace back = continuous(d, method);
      const Matrix<double> A = c.units.cwiseInverse().asDiagonal() * back.A * c.units.asDiagonal();
      CHECK((A - tame.A).norm() < 1e-11 * tame.A.norm());
    }
  }
}

TEST_CASE("A1: bilinear of a shear beyond the reach of condition numbers") {
  StateSpace shear{Matrix<double>::Zero(2, 2), Matrix<double>::Zero(2, 1), Matrix<double>::Zero(1, 2),
                   Matrix<double>::Zero(1, 1)};
  shear.A(0, 1) = 1e160;
  shear.B(1, 0) = 1;
  shear.C(0, 0) = 1;
  const DiscreteStateSpace d = discretize(shear, 1, Discretization::bilinear);
  CHECK(d.A(0, 1) == 1e160);
  CHECK(d.B(0, 0) == 0.5e160);
  CHECK(d.B(1, 0) == 1);
}

TEST_CASE("A6: bilinear of a matrix that is singular but for rounding is refused") {
  StateSpace s{Matrix<double>(3, 3), Matrix<double>::Ones(3, 1), Matrix<double>::Ones(1, 3),
               Matrix<double>::Zero(1, 1)};
  s.A << 1, 2, 3, 4, 5, 6, 7, 8, 9;
  s.A = 2 * (Matrix<double>::Identity(3, 3) - 0.1 * s.A);
  CHECK_THROWS_WITH_AS(discretize(s, 1, Discretization::bilinear), doctest::Contains("singular"), std::domain_error);
  CHECK_NOTHROW(discretize(s, 1.01, Discretization::bilinear));
}

TEST_CASE("A1: the way back by zoh keeps what is small beside the rest") {
  Matrix<double> A(3, 3);  // triangular in an order of its own
  A << -1, 0, 0, 1, -2, 0, 0, 1, -3000;
  for (const double dt : {1e-3, 1e-7, 1e-15}) {
    for (const bool transposed : {false, true}) {
      CAPTURE(dt);
      const Matrix<double> given = transposed ? Matrix<double>(A.transpose()) : A;
      const StateSpace s{given, Matrix<double>::Ones(3, 1), Matrix<double>::Ones(1, 3), Matrix<double>::Zero(1, 1)};
      const Matrix<double> back = continuous(discretize(s, dt, Discretization::zoh), Discretization::zoh).A;
      // What dt A loses beside the ones of e^(dt A) is lost.
      CHECK(support::largest(back - given) < 3000 * 1e-14 + 4 * epsilon / dt);
      if (dt == 1e-3) CHECK(back(0, 0) == doctest::Approx(-1).epsilon(1e-13));
    }
  }
}

TEST_CASE("A15: what is beyond the largest number is an error, not the identity") {
  const StateSpace huge{Matrix<double>::Constant(2, 2, 1e308), Matrix<double>::Ones(2, 1), Matrix<double>::Ones(1, 2),
                        Matrix<double>::Zero(1, 1)};
  for (const Discretization method : {Discretization::zoh, Discretization::bilinear, Discretization::backward_euler}) {
    CAPTURE(std::string(name(method)));
    CHECK_THROWS_AS(discretize(huge, 10.0, method), std::domain_error);
  }
  CHECK_THROWS_AS(discretize(huge, 1.0, Discretization::zoh), std::domain_error);
  CHECK_THROWS_AS(phi_functions(Matrix<double>::Constant(2, 2, 1e308), 1), std::domain_error);
  CHECK_THROWS_AS(phi_functions(Matrix<double>::Constant(1, 1, 1000), 0), std::domain_error);

  StateSpace fading = huge;
  fading.A = -1e308 * Matrix<double>::Identity(2, 2);
  CHECK(discretize(fading, 1.0, Discretization::zoh).A.isZero(0));
  CHECK(phi_functions(Matrix<double>::Constant(1, 1, -800), 0)[0](0, 0) == std::exp(-800.0));
}

TEST_CASE("A15: a rotation whose rounding is more than a turn is an error; beside it, what is known stays") {
  Matrix<double> turn(2, 2);
  turn << 0, 1e19, -1e19, 0;
  CHECK_THROWS_WITH_AS(phi_functions(turn, 1), doctest::Contains("rounding alone decides e^X"), std::domain_error);
  turn.diagonal().setConstant(-1e18);  // fades before it has turned
  CHECK(phi_functions(turn, 1)[0].isZero(0));
  Matrix<double> apart(2, 2);
  apart << -1, 0, 0, -1e19;
  CHECK(phi_functions(apart, 1)[0](0, 0) == doctest::Approx(std::exp(-1.0)).epsilon(1e-15));
}

TEST_CASE("what has faded keeps its digits") {
  for (const double x : {-23.0, -100.0, -700.0}) {
    const auto phi = phi_functions(Matrix<double>::Constant(1, 1, x), 2);
    CHECK(phi[0](0, 0) == doctest::Approx(std::exp(x)).epsilon(1e-12));
    CHECK(phi[1](0, 0) == doctest::Approx(std::expm1(x) / x).epsilon(1e-15));
  }
  Matrix<double> two(2, 2);
  two << -1, 0, 0, -1e9;  // neither does a fast neighbour take them
  CHECK(phi_functions(two, 1)[0](0, 0) == doctest::Approx(std::exp(-1.0)).epsilon(1e-15));
}
