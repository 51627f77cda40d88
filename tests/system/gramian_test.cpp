// Gramians, Hankel singular values and what is made of them, in any units and for any spread of time constants.

#include "support/dense.hpp"
#include "support/largest.hpp"
#include "support/limits.hpp"
#include "support/oracle.hpp"
#include "support/precise.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>
#include <Eigen/QR>

#include <cmath>
#include <complex>
#include <numbers>

using namespace longstate;

namespace {

constexpr double pi = std::numbers::pi;
using support::epsilon;

StateSpace resonator(double frequency, double damping) {
  const double omega = 2 * pi * frequency;
  StateSpace s{Matrix<double>(2, 2), Matrix<double>(2, 1), Matrix<double>(1, 2), Matrix<double>::Zero(1, 1)};
  s.A << 0, 1, -omega * omega, -2 * damping * omega;
  s.B << 0, 1;
  s.C << 1, 0;
  return s;
}

StateSpace butterworth(Index order, double frequency) {
  const double omega = 2 * pi * frequency;
  std::vector<std::complex<double>> a{1.0};
  for (Index n = 0; n < order; ++n) {
    const double angle = pi * (0.5 + (static_cast<double>(n) + 0.5) / static_cast<double>(order));
    a.emplace_back(0.0);
    for (std::size_t i = a.size() - 1; i > 0; --i) a[i] -= std::polar(omega, angle) * a[i - 1];
  }
  StateSpace s{Matrix<double>::Zero(order, order), Matrix<double>::Zero(order, 1), Matrix<double>::Zero(1, order),
               Matrix<double>::Zero(1, 1)};
  for (Index n = 0; n < order; ++n) s.A(0, n) = -a[static_cast<std::size_t>(n) + 1].real();
  s.A.diagonal(-1).setOnes();
  s.B(0, 0) = 1;
  s.C(0, order - 1) = a.back().real();
  return s;
}

/// A digital Butterworth low pass in companion form, its edge at `edge` of half the rate, by the bilinear transform: as
/// scipy.signal.butter and tf2ss give it. Its poles lie together near 1: of their polynomial, most digits cancel there.
DiscreteStateSpace digital_butterworth(Index order, double edge) {
  using Wide = std::complex<long double>;
  constexpr long double wide_pi = std::numbers::pi_v<long double>;
  const long double omega = 2 * std::tan(wide_pi * static_cast<long double>(edge) / 2);
  std::vector<Wide> a{1}, b{1};
  const auto times = [](std::vector<Wide>& polynomial, Wide root) {
    polynomial.emplace_back(0);
    for (std::size_t i = polynomial.size() - 1; i > 0; --i) polynomial[i] -= root * polynomial[i - 1];
  };
  Wide gain = 1;
  for (Index n = 0; n < order; ++n) {
    const Wide pole =
        omega *
        std::polar(1.0L, wide_pi * (0.5L + (static_cast<long double>(n) + 0.5L) / static_cast<long double>(order)));
    times(a, (2.0L + pole) / (2.0L - pole));
    times(b, -1);
    gain *= omega / (2.0L - pole);
  }
  DiscreteStateSpace s{Matrix<double>::Zero(order, order),
                       Matrix<double>::Zero(order, 1),
                       Matrix<double>::Zero(1, order),
                       Matrix<double>::Constant(1, 1, static_cast<double>(gain.real())),
                       1,
                       Convention::control};
  s.A.diagonal(-1).setOnes();
  s.B(0, 0) = 1;
  for (Index n = 0; n < order; ++n) {
    const std::size_t i = static_cast<std::size_t>(n) + 1;
    s.A(0, n) = -static_cast<double>(a[i].real());
    s.C(0, n) = static_cast<double>((gain * (b[i] - a[i])).real());
  }
  return s;
}

/// Poles from `slow` to 10, evenly in the logarithm, each coupled to the next faster one.
StateSpace spread(Index order, double slow, double coupling, unsigned seed) {
  StateSpace s{Matrix<double>::Zero(order, order), support::random_matrix(order, 1, seed),
               support::random_matrix(1, order, seed + 1), Matrix<double>{{0.0}}};
  for (Index n = 0; n < order; ++n) {
    s.A(n, n) = -slow * std::pow(10 / slow, static_cast<double>(n) / static_cast<double>(order - 1));
  }
  for (Index n = 0; n + 1 < order; ++n) s.A(n, n + 1) = coupling * s.A(n, n);
  return s;
}

template <class System>
double hankel_error(const System& s) {
  const Vector<double> exact = support::precise_hankel(s);
  const Vector<double> values = hankel_singular_values(s);
  const Index common = std::min(exact.size(), values.size());
  return support::larger(support::largest(values.head(common) - exact.head(common)),
                         exact.size() > common ? exact(common) : 0.0) /
         exact(0);
}

}  // namespace

TEST_CASE("A2: Hankel singular values in SI units") {
  for (const double frequency : support::values({1.0, 1e3, 1e5, 1e7, 1e9}, {1e5})) {
    CAPTURE(frequency);
    CHECK(hankel_error(resonator(frequency, 0.01)) < 1e-13);  // the poles' distance from the axis costs two digits
    for (const Index order : {2, 4, 6, 8}) CHECK(hankel_error(butterworth(order, frequency)) < 1e-14);
  }
}

TEST_CASE("A2: units of the states do not matter in discrete time") {
  for (unsigned seed = 0; seed < (support::sanitized ? 7 : 30); ++seed) {
    const Index N = 2 + seed % 9;
    const double gap = std::pow(10.0, -static_cast<double>(seed % 7));  // of the slowest pole from the circle
    CAPTURE(seed);
    DiscreteStateSpace s{support::random_matrix(N, N, 7 * seed), support::random_matrix(N, 1, 7 * seed + 1),
                         support::random_matrix(1, N, 7 * seed + 2), Matrix<double>::Zero(1, 1)};
    s.A *= (1 - gap / 2) / support::spectral_radius(s.A);
    const double bound = 100 * epsilon / gap;
    CHECK(hankel_error(s) < bound);
    const Vector<double> d =
        support::random_matrix(N, 1, 7 * seed + 3).unaryExpr([](double v) { return std::pow(1e9, v); });
    s.A = (d.asDiagonal() * s.A * d.cwiseInverse().asDiagonal()).eval();
    s.B = d.asDiagonal() * s.B;
    s.C = s.C * d.cwiseInverse().asDiagonal();
    CHECK(hankel_error(s) < bound);
  }
}

TEST_CASE("A2: an entry that fades slowly, however small, counts") {
  DiscreteStateSpace s{Matrix<double>::Zero(2, 2), Matrix<double>(2, 1), Matrix<double>(1, 2),
                       Matrix<double>::Zero(1, 1)};
  s.A.diagonal() << 0.5, 0.999999;
  s.B << 1e10, 1e-10;
  s.C << 1e-10, 1e10;
  CHECK(hankel_singular_values(s)(0) == doctest::Approx(500000.25).epsilon(1e-9));
  CHECK(tail_norm(s, 1000) == doctest::Approx(706.4).epsilon(1e-4));
}

TEST_CASE("A13: Hankel singular values to rounding for any spread of time constants") {
  double worst = 0;
  for (const double slow : support::values({1e-3, 1e-6, 1e-9, 1e-12}, {1e-9})) {
    for (const double coupling : {0.0, 0.5, 30.0}) {
      CAPTURE(slow);
      CAPTURE(coupling);
      const double error = hankel_error(spread(12, slow, coupling, 5));
      CHECK(error < 1e-14);
      worst = support::larger(worst, error);
    }
  }
  MESSAGE("largest error, of sigma_1: " << worst);
}

TEST_CASE("A2: systems in SI units are reduced") {
  const auto of_resonator = reduce_to_error(resonator(1e7, 0.01), 1e-3);
  CHECK(of_resonator.system.order() == 2);
  CHECK(of_resonator.difference < 1e-12);
  for (const Index order : {4, 6, 8}) {
    const StateSpace filter = butterworth(order, 1e6);
    const auto reduction = reduce_to_error(filter, 0.1);
    CAPTURE(order);
    CHECK(reduction.system.order() < order);
    CHECK(reduction.difference <= 0.1);
    // The difference of the kernels, sampled: an integral by the rectangle rule.
    const double dt = 2e-9;
    const auto K = [&](const StateSpace& s) { return kernel(discretize(s, dt, Discretization::zoh), 4096); };
    CHECK((K(filter) - K(reduction.system)).norm() / K(filter).norm() ==
          doctest::Approx(reduction.difference).epsilon(1e-2));
  }
}

TEST_CASE("A2: digital filters in companion form keep their Hankel values, and are reduced") {
  const struct {
    Index order;
    double edge;
  } filters[] = {{4, 0.01}, {4, 0.001}, {6, 0.02}, {8, 0.05}, {8, 0.02}, {10, 0.1}};
  double worst = 0;  // in parts of epsilon / edge
  for (const auto& filter : filters) {
    CAPTURE(filter.order);
    CAPTURE(filter.edge);
    const DiscreteStateSpace given = digital_butterworth(filter.order, filter.edge);
    DiscreteStateSpace dual = given;  // the other companion form
    dual.A.transposeInPlace();
    dual.B = given.C.transpose();
    dual.C = given.B.transpose();
    // the poles' distance from the circle: that much of A's last digit cannot matter less
    const double bound = 100 * epsilon / filter.edge;
    for (const DiscreteStateSpace& s : {given, dual}) {
      const double off = hankel_error(s);
      CHECK(off < bound);
      const auto whole = balanced_truncation(s, filter.order);
      worst = support::larger(worst, std::max(off, whole.difference) * filter.edge / epsilon);
      MESSAGE("order " << filter.order << ", edge " << filter.edge << ": comes back to " << whole.difference);
      CHECK(whole.difference < bound);
      CHECK(support::precise_difference(s, whole.system) < bound);
      const auto half = balanced_truncation(s, filter.order / 2);
      CHECK(half.difference == doctest::Approx(support::precise_difference(s, half.system)).epsilon(1e-9));
      CHECK(reduce_to_error(s, 1e-4).difference <= 1e-4);
      CHECK(tail_norm(s, 0) == doctest::Approx((s.C * controllability_factor(s)).norm()).epsilon(1e-4));
    }
  }
  MESSAGE("at most " << worst << " epsilon / edge");
}

TEST_CASE("A2: a filter in companion form is diagonalised") {
  const StateSpace filter = butterworth(4, 1e6);
  const DiagonalSystem diagonal = diagonalize(filter);
  for (Index n = 0; n < diagonal.entries(); ++n) {
    CHECK(std::abs(diagonal.lambda(n)) == doctest::Approx(2e6 * pi).epsilon(1e-12));
    CHECK(std::abs(diagonal.B(n, 0)) < 2.1 * std::abs(diagonal.C(0, n)));  // in units that suit float
    CHECK(std::abs(diagonal.C(0, n)) < 2.1 * std::abs(diagonal.B(n, 0)));
  }
  const auto K = [](const auto& s) { return kernel(discretize(s, 5e-8, Discretization::zoh), 200); };
  const Matrix<double> exact = K(filter);
  CHECK(support::largest(K(diagonal) - exact) < 1e-13 * exact.cwiseAbs().maxCoeff());
}

TEST_CASE("A1: a filter of eight poles at 1 MHz runs in float, in balanced units") {
  const DiscreteStateSpace model = discretize(butterworth(8, 1e6), 5e-8, Discretization::zoh);
  const DiscreteStateSpace tame = rescale_states(model, balanced_units(model));
  CHECK(tame.A.cwiseAbs().maxCoeff() < 100);
  const Matrix<double> u = support::random_matrix(1, 500, 1);
  Matrix<double> y(1, 500);
  Recurrence<double> recurrence(model);
  State<double> x = recurrence.zero_state();
  recurrence.run(u, y, x);
  Matrix<float> y_float(1, 500);
  Recurrence<float> in_float(tame);
  State<float> x_float = in_float.zero_state();
  in_float.run(Matrix<float>(u.cast<float>()), y_float, x_float);
  CHECK((y - y_float.cast<double>()).norm() < 3.8e-6 * y.norm());
  CHECK_THROWS_AS(rescale_states(model, Vector<double>::Zero(8)), std::invalid_argument);
}

TEST_CASE("A2: a double eigenvalue is not taken for two") {
  StateSpace shear{Matrix<double>(2, 2), Matrix<double>(2, 1), Matrix<double>(1, 2), Matrix<double>::Zero(1, 1)};
  shear.A << 2.6, -2.7, 2.7, -2.8000000000000003;  // -0.1 twice, one eigenvector
  shear.B << 1, 0;
  shear.C << 0, 1;
  CHECK_THROWS_AS(diagonalize(shear), std::domain_error);
  CHECK_THROWS_AS(diagonalize(shear, 1e12), std::domain_error);
}

TEST_CASE("A2: sizes of B and C that leave the range when they are squared") {
  DiscreteStateSpace s{Matrix<double>::Constant(1, 1, 0.5), Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1),
                       Matrix<double>::Zero(1, 1)};
  for (const double b : {1e-200, 1e-100, 1e200}) {
    for (const double c : {1e-100, 1.0, 1e100}) {
      CAPTURE(b);
      CAPTURE(c);
      s.B.setConstant(b);
      s.C.setConstant(c);
      CHECK(kernel_length(s, 1e-3) == 10);
      if (b * c > 1e-290) CHECK(hankel_singular_values(s)(0) == doctest::Approx(b * c / 0.75).epsilon(1e-14));
    }
  }
  s.B.setConstant(1e160);
  s.C.setConstant(1e160);
  CHECK_THROWS_AS(hankel_singular_values(s), std::domain_error);
  s.B.setOnes();
  s.C.setOnes();
  CHECK(tail_norm(s, 1000) == doctest::Approx(std::pow(0.5, 1000) / std::sqrt(0.75)).epsilon(1e-12));
  CHECK(kernel_length(s, 1e-200) == 665);

  const StateSpace two{Matrix<double>(Vector<double>{{-1, -2}}.asDiagonal()), Matrix<double>{{1e-155}, {1}},
                       Matrix<double>{{1e155, 1}}, Matrix<double>::Zero(1, 1)};
  StateSpace plain = two;
  plain.B.setOnes();
  plain.C.setOnes();
  CHECK((hankel_singular_values(two) - hankel_singular_values(plain)).norm() < 1e-14);
  StateSpace fast = plain;
  fast.A *= 1e160;
  CHECK(balanced_truncation(fast, 1).system.A(0, 0) / 1e160 ==
        doctest::Approx(balanced_truncation(plain, 1).system.A(0, 0)).epsilon(1e-13));
  StateSpace unheard = plain;
  unheard.B.setZero();
  CHECK(balanced_truncation(unheard, 1).system.A(0, 0) < 0);
}

TEST_CASE("A13: a slow pair beside a fast one that it does not feel fades, and is reduced") {
  const auto turning = [](double rate, double frequency) {
    return Matrix<double>{{rate, frequency}, {-frequency, rate}};
  };
  StateSpace s{Matrix<double>::Zero(4, 4), Matrix<double>::Ones(4, 1), Matrix<double>::Ones(1, 4),
               Matrix<double>::Zero(1, 1)};
  s.A.topLeftCorner(2, 2) = turning(-2e-7, 6e-3);  // rad/s: 4e-11 of the other
  s.A.bottomRightCorner(2, 2) = turning(-1.4e-2, 4870);
  const Matrix<double> Q = Matrix<double>(support::random_matrix(4, 4, 3)).householderQr().householderQ();
  const StateSpace turned{Q * s.A * Q.transpose(), Q * s.B, s.C * Q.transpose(), s.D};
  const auto check = [](const auto& system, double tolerance) {
    const Vector<double> exact = support::precise_hankel(system);
    const auto whole = balanced_truncation(system, system.order());
    REQUIRE(whole.hankel_singular_values.size() == exact.size());
    CHECK((whole.hankel_singular_values - exact).norm() < tolerance * exact(0));
    CHECK(whole.difference < tolerance);
  };
  check(s, 1e-10);
  check(turned, 1e-5);  // rounding A moves its rate by so much

  // beside two integrators, which last
  const StateSpace integrator{Matrix<double>::Zero(1, 1), Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1),
                              Matrix<double>::Zero(1, 1)};
  const auto beside = balanced_truncation(parallel(s, series(integrator, integrator)), 6);
  CHECK(beside.hankel_singular_values.size() == 4);
  CHECK(beside.hankel_singular_values(0) == doctest::Approx(hankel_singular_values(s)(0)).epsilon(1e-9));

  DiscreteStateSpace discrete{Matrix<double>::Zero(4, 4), s.B, s.C, s.D};
  discrete.A.topLeftCorner(2, 2) = (1 - 1e-11) * turning(std::cos(1.0), std::sin(1.0));
  discrete.A.bottomRightCorner(2, 2) = turning(0.5, 0.2);
  check(discrete, 1e-4);
}

TEST_CASE("a system that lasts in part is reduced in the part that fades") {
  StateSpace motor = spread(6, 0.1, 0.5, 9);  // six poles, then an integrator twice
  motor = series(motor, {Matrix<double>::Zero(1, 1), Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1),
                         Matrix<double>::Zero(1, 1)});
  motor = series(motor, {Matrix<double>::Zero(1, 1), Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1),
                         Matrix<double>::Zero(1, 1)});
  // The lasting part, the same in both, would hide the other: its kernel is that of the cut to `lasting` states.
  const auto check = [](const auto& system, Index lasting, const auto& kernel_of) {
    const auto reduction = reduce_to_error(system, 1e-2);
    CHECK(reduction.system.order() < system.order());
    CHECK(reduction.system.order() > lasting);
    const Matrix<double> exact = kernel_of(system);
    const Matrix<double> fading = exact - kernel_of(balanced_truncation(system, lasting).system);
    CHECK((kernel_of(reduction.system) - exact).norm() < 2e-2 * fading.norm());
    CHECK_THROWS_AS(balanced_truncation(system, lasting - 1), std::invalid_argument);
    CHECK(balanced_truncation(system, lasting).system.order() == lasting);
    CHECK_THROWS_AS(hankel_singular_values(system), std::domain_error);
  };
  const auto held = [](const StateSpace& s) { return kernel(discretize(s, 0.05, Discretization::zoh), 400); };
  check(motor, 2, held);
  const Matrix<double> turn = Matrix<double>(support::random_matrix(8, 8, 3)).householderQr().householderQ();
  check(StateSpace{turn * motor.A * turn.transpose(), turn * motor.B, motor.C * turn.transpose(), motor.D}, 2, held);

  DiscreteStateSpace growing = discretize(spread(6, 0.1, 0.5, 9), 0.05, Discretization::zoh);
  growing = parallel(growing, {Matrix<double>::Constant(1, 1, 1.01), Matrix<double>::Ones(1, 1),
                               Matrix<double>::Ones(1, 1), Matrix<double>::Zero(1, 1), 0.05});
  check(growing, 1, [](const DiscreteStateSpace& s) { return kernel(s, 400); });
}

TEST_CASE("A2: a pair of poles whose coordinates cancel in it, against 80 digits") {
  DiscreteStateSpace s{Matrix<double>(2, 2), Matrix<double>(2, 1), Matrix<double>(1, 2), Matrix<double>::Zero(1, 1)};
  s.A << -186.43050255543699, 264611.701802981, -0.1326673155276141, 188.29770046525053;
  s.B << 1.3762, -0.74343;
  s.C << -0.59525, 1.6682;
  const Vector<double> sigma = hankel_singular_values(s);
  CHECK(sigma(0) == doctest::Approx(5225078.891165135).epsilon(4e-10));  // what half a digit of A does
  CHECK(sigma(1) == doctest::Approx(2582319.638771222).epsilon(8e-10));
  CHECK(tail_norm(s, 7) == doctest::Approx(1460556.0804).epsilon(1e-9));
}

TEST_CASE("A6: a factor of the Gramian beyond the largest number is an error") {
  DiscreteStateSpace s{Matrix<double>(2, 2), Matrix<double>(2, 1), Matrix<double>::Ones(1, 2),
                       Matrix<double>::Zero(1, 1)};
  s.A << 0.5, 1e100, 1e-101, 0.5;
  s.B << 1, 1e280;
  CHECK_THROWS_WITH_AS(controllability_factor(s), doctest::Contains("beyond the largest number"), std::domain_error);
}

TEST_CASE("A6: the length of a kernel is found up to 2^30") {
  for (const double length : {0x1p+20, 0x1p+29, 0x1.8p+29}) {
    DiscreteStateSpace s{Matrix<double>::Constant(1, 1, std::exp(std::log(1e-3) / length)), Matrix<double>::Ones(1, 1),
                         Matrix<double>::Ones(1, 1), Matrix<double>::Zero(1, 1)};
    CHECK(static_cast<double>(kernel_length(s, 1e-3)) == doctest::Approx(length).epsilon(1e-6));
  }
  const DiscreteStateSpace too_slow{Matrix<double>::Constant(1, 1, std::exp(std::log(1e-3) / 0x1.1p+30)),
                                    Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1), Matrix<double>::Zero(1, 1)};
  CHECK_THROWS_AS(kernel_length(too_slow, 1e-3), std::domain_error);
}
