#include "support/dense.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <vector>

using namespace longstate;
using support::random_matrix;
using support::relative_error;
using Complex = std::complex<double>;

namespace {

/// A sum of decaying cosines in closed form, by long double: pairs of poles of modulus from `least` to `most`, spread over
/// the angles. Twice `pairs` states.
struct Modes {
  std::vector<Complex> poles;
  Matrix<double> K;
};

Modes modes(Index pairs, Index length, double least, double most, unsigned seed) {
  Modes m{{}, Matrix<double>::Zero(1, length)};
  const Matrix<double> random = random_matrix(3, pairs, seed);
  for (Index i = 0; i < pairs; ++i) {
    const double modulus = least + (most - least) * (random(0, i) + 1) / 2;
    const double angle = 3 * (static_cast<double>(i) + 0.5 + 0.3 * random(1, i)) / static_cast<double>(pairs);
    m.poles.push_back(std::polar(modulus, angle));
    for (Index k = 0; k < length; ++k) {
      const auto t = static_cast<long double>(k);
      m.K(0, k) += static_cast<double>(std::pow(static_cast<long double>(modulus), t) *
                                       std::cos(t * angle + 3 * static_cast<long double>(random(2, i))));
    }
  }
  return m;
}

Matrix<double> noisy(const Matrix<double>& K, double share, unsigned seed) {
  const Matrix<double> noise = random_matrix(K.rows(), K.cols(), seed);
  return K + noise * (share * K.norm() / noise.norm());
}

/// The largest distance of a pole from the nearest eigenvalue of A.
double pole_error(const std::vector<Complex>& poles, const Matrix<double>& A) {
  const Vector<Complex> found = support::eigenvalues(A);
  double worst = 0;
  for (const Complex pole : poles) worst = std::max(worst, (found.array() - pole).abs().minCoeff());
  return worst;
}

double response_error(const DiscreteStateSpace& system, const Matrix<double>& K) {
  return (kernel(system, K.cols()) - K).norm() / K.norm();
}

/// The same of C A^k B in double, sample by sample: `kernel` refuses some systems of near half as many states as samples, by a hair or not
/// as the machine rounds.
double run_error(const DiscreteStateSpace& s, const Matrix<double>& K) {
  Matrix<double> error = K;
  Vector<double> x = s.B;
  for (Index k = 0; k < K.cols(); ++k) {
    error.col(k) -= s.C * x;
    x = s.A * x;
  }
  return error.norm() / K.norm();
}

/// The textbook's ERA: a full SVD and a pseudo-inverse, nothing fitted after.
DiscreteStateSpace textbook_era(const Matrix<double>& K, Index order) {
  const Index rows = K.cols() / 2 + 1, cols = K.cols() + 1 - rows;
  Matrix<double> H(rows, cols);
  for (Index i = 0; i < rows; ++i) H.row(i) = K.row(0).segment(i, cols);
  const auto [U, sigma, V] = support::svd(H);
  const Vector<double> root = sigma.head(order).cwiseSqrt();
  const Matrix<double> O = U.leftCols(order) * root.asDiagonal();
  const Matrix<double> X = root.asDiagonal() * V.leftCols(order).transpose();
  const Matrix<double> A = support::least_norm_solution(O.topRows(rows - 1), O.bottomRows(rows - 1));
  return {A, X.col(0), O.row(0), Matrix<double>::Zero(1, 1), 1.0, Convention::sequence};
}

DiscreteStateSpace random_system(Index order, Index inputs, Index outputs, double radius, unsigned seed,
                                 Convention convention) {
  Matrix<double> A = random_matrix(order, order, seed);
  A *= radius / support::spectral_radius(A);
  DiscreteStateSpace s{A,
                       random_matrix(order, inputs, seed + 1),
                       random_matrix(outputs, order, seed + 2),
                       random_matrix(outputs, inputs, seed + 3),
                       0.5,
                       convention};
  if (convention == Convention::sequence) s.D.setZero();
  return s;
}

std::vector<Complex> poles_of(const DiscreteStateSpace& s) {
  const Vector<Complex> poles = support::eigenvalues(s.A);
  return {poles.begin(), poles.end()};
}

}  // namespace

TEST_CASE("A3: a cut response gives the system's own states and poles, whatever it does after the cut") {
  const Modes six = modes(3, 150, 0.98, 0.998, 1);
  REQUIRE(std::abs(six.K(0, 149)) + std::abs(six.K(0, 148)) > 0.01 * six.K.cwiseAbs().maxCoeff());
  for (const RealizationOptions& options : {RealizationOptions{.error = 0.02}, RealizationOptions{.error = 1e-10},
                                            RealizationOptions{.order = 6}, RealizationOptions{.order = 60}}) {
    const Realization r = realize(six.K, 1, 1, options);
    CHECK(r.system.order() == 6);
    CHECK(pole_error(six.poles, r.system.A) < 1e-14);
    CHECK(r.error < 1e-13);
    CHECK(response_error(r.system, six.K) < 1e-13);
    CHECK(r.stable());
    CHECK_FALSE(r.bound);
  }
  const Matrix<double> K = noisy(six.K, 0.01, 7);
  const Realization r = realize(K, 1, 1, {.error = 0.011});
  CHECK(r.system.order() == 6);
  CHECK(pole_error(six.poles, r.system.A) < 3e-4);
  CHECK(response_error(r.system, K) == doctest::Approx(r.error).epsilon(1e-9));

  const Modes many = modes(24, 1000, 0.98, 0.9995, 2);
  const Realization m = realize(many.K, 1, 1, {.error = 1e-6});
  CHECK(m.system.order() == 48);
  CHECK(pole_error(many.poles, m.system.A) < 1e-12);
}

TEST_CASE("random systems come back, or a smaller one that fits") {
  for (const Index pairs : {1, 4, 8, 16, 24}) {
    CAPTURE(pairs);
    const Modes m = modes(pairs, 300, 0.6, 0.99, static_cast<unsigned>(40 + pairs));
    const Realization r = realize(m.K, 1, 1, {.order = 2 * pairs});
    CHECK(r.error < 1e-12);
    CHECK(response_error(r.system, m.K) < 1e-12);
    const Vector<double>& sigma = r.hankel_singular_values;
    if (sigma(2 * pairs - 1) >= 1e-6 * sigma(0)) {
      CHECK(r.system.order() == 2 * pairs);
      CHECK(pole_error(m.poles, r.system.A) < 1e-8);
    }
    // one order less does not have the error, of all the orders below
    const Realization loose = realize(m.K, 1, 1, {.error = 1e-3});
    CHECK(loose.error <= 1e-3);
    CHECK(response_error(loose.system, m.K) <= 1.0001e-3);
    for (Index below = loose.system.order() - 1; below > 0; --below) {
      CHECK(realize(m.K, 1, 1, {.order = below}).error > 1e-3);
    }
  }
}

TEST_CASE("in noise a realization is as good as the textbook's") {
  for (const Index pairs : {2, 5, 8}) {
    CAPTURE(pairs);
    const Modes m = modes(pairs, 400, 0.95, 0.995, static_cast<unsigned>(60 + pairs));
    const Matrix<double> K = noisy(m.K, 0.01, 8);
    const DiscreteStateSpace plain = textbook_era(K, 2 * pairs);
    const Realization r = realize(K, 1, 1, {.order = 2 * pairs});
    CHECK(pole_error(m.poles, r.system.A) <= 1.01 * pole_error(m.poles, plain.A));
    CHECK(r.error <= response_error(plain, K));
    CHECK(response_error(r.system, m.K) < 0.005);  // of the response without its noise
  }
}

TEST_CASE("A2: the error stated is that of the system returned, where its poles grow, too") {
  for (unsigned seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    const Matrix<double> K = random_matrix(1, 300, seed);  // noise alone: orders near half of it have poles that grow
    for (const Index order : {60, 140, 148, 150}) {
      CAPTURE(order);
      const Realization r = realize(K, 1, 1, {.order = order});
      CHECK(run_error(r.system, K) == doctest::Approx(r.error).epsilon(1e-3));
      CHECK(r.error < 1);
      CHECK(r.system.order() > order - 20);
    }
  }
}

TEST_CASE("what grows or integrates is found and kept") {
  const Modes m = modes(2, 300, 0.9, 0.99, 90);
  const Vector<double> t = Vector<double>::LinSpaced(300, 0, 299);
  struct {
    const char* what;
    Vector<double> more;
    Index order;
    double radius, tolerance;
  } const cases[] = {{"integrator", Vector<double>::Ones(300), 5, 1, 1e-13},
                     {"growth", 0.1 * (0.04 * t.array()).exp().matrix(), 5, std::exp(0.04), 1e-13},
                     {"oscillator", (0.5 * t.array()).cos().matrix(), 6, 1, 1e-13},
                     {"double integrator", t, 6, 1, 1e-6}};  // a double eigenvalue: the root of the rounding
  for (const auto& c : cases) {
    CAPTURE(c.what);
    const Matrix<double> K = m.K + c.more.transpose();
    const Realization r = realize(K, 1, 1, {.error = 1e-9});
    CHECK(r.system.order() == c.order);
    CHECK(std::abs(r.spectral_radius - c.radius) < c.tolerance);
    CHECK(r.stable() == (r.spectral_radius < 1));
    CHECK(response_error(r.system, K) < 1e-9);
    CHECK(pole_error(m.poles, r.system.A) < 1e-7);
  }
}

TEST_CASE("several inputs and outputs, both conventions") {
  for (const Convention convention : {Convention::sequence, Convention::control}) {
    for (const auto& ports : {std::pair<Index, Index>{1, 3}, {3, 1}, {2, 3}, {4, 2}}) {
      const Index p = ports.first, q = ports.second;  // clang 14 captures no structured binding
      CAPTURE(p);
      CAPTURE(q);
      const DiscreteStateSpace s = random_system(6, p, q, 0.99, 20, convention);
      const Matrix<double> K = kernel(s, 80);
      const Realization r = realize(K, q, p, {.error = 1e-9, .dt = s.dt, .convention = convention});
      CHECK(r.system.order() == 6);
      CHECK(pole_error(poles_of(s), r.system.A) < 1e-9);
      CHECK(r.system.D == s.D);
      CHECK(r.system.dt == s.dt);
      CHECK(relative_error(kernel(r.system, 200), kernel(s, 200)) < 1e-9);
      const Matrix<double> rough = noisy(K, 0.02, 3);
      const Realization fitted = realize(rough, q, p, {.order = 6, .dt = s.dt, .convention = convention});
      CHECK(fitted.system.order() == 6);
      CHECK(fitted.error < 0.025);
      CHECK(response_error(fitted.system, rough) == doctest::Approx(fitted.error).epsilon(1e-6));
    }
  }
  CHECK_THROWS_AS(realize(Matrix<double>::Ones(3, 8), 2, 2, {.order = 1}), std::invalid_argument);
}

TEST_CASE("tail zero: a response that ends, its error over all time and its bound") {
  const Modes m = modes(6, 400, 0.9, 0.98, 5);  // 3e-4 of it at the end
  for (const double error : {0.3, 0.05, 0.002}) {
    CAPTURE(error);
    const Realization r = realize(m.K, 1, 1, {.error = error, .tail = Tail::zero});
    Matrix<double> ended = Matrix<double>::Zero(1, 8000);
    ended.leftCols(400) = m.K;
    CHECK(r.error <= error);
    CHECK(response_error(r.system, ended) == doctest::Approx(r.error).epsilon(1e-6));
    CHECK(r.stable());
    double worst = 0;  // of the frequency response
    const Matrix<double> off = kernel(r.system, 8000) - ended;
    for (int k = 0; k <= 100; ++k) {
      Complex sum = 0;
      for (Index j = 0; j < off.cols(); ++j) sum += off(0, j) * std::polar(1.0, 0.0314 * k * static_cast<double>(j));
      worst = std::max(worst, std::abs(sum));
    }
    REQUIRE(r.bound);
    CHECK(worst <= *r.bound * (1 + 1e-9));
  }
  Matrix<double> delay = Matrix<double>::Zero(1, 40);
  delay(0, 39) = 1;
  const Realization line = realize(delay, 1, 1, {.error = 1e-12, .tail = Tail::zero});
  CHECK(line.system.order() == 40);
  CHECK(response_error(line.system, delay) < 1e-13);
  CHECK_THROWS_AS(realize(delay, 1, 1, {.order = 40}), std::domain_error);  // free: what follows cannot be known
  delay.setZero();
  delay(0, 10) = 1;
  CHECK(realize(delay, 1, 1, {.error = 1e-12}).system.order() == 11);
}

TEST_CASE("long responses: singular values, poles and errors as those of the whole decomposition") {
  Index length = 6000;
#ifdef LONGSTATE_SANITIZED
  length = 2000;
#endif
  const Modes m = modes(10, length, 0.99, 0.9999, 11);
  double last = -1;
  const Realization r = realize(m.K, 1, 1, {.order = 20, .progress = [&](double share) {
                                              CHECK(share >= last);
                                              last = share;
                                            }});
  CHECK(last == 1);
  CHECK(r.system.order() == 20);
  CHECK(pole_error(m.poles, r.system.A) < 1e-12);
  CHECK(response_error(r.system, m.K) < 1e-11);
  CHECK(realize(m.K, 1, 1, {.error = 1e-8}).system.order() == 20);

  // beside the whole decomposition, two inputs and outputs, in noise: H has 2 x 301 rows
  const DiscreteStateSpace s = random_system(6, 2, 2, 0.995, 31, Convention::sequence);
  const Matrix<double> K = noisy(kernel(s, 601), 1e-5, 4);
  Matrix<double> H(602, 602);
  for (Index i = 0; i < 301; ++i) {
    for (Index j = 0; j < 301; ++j) H.block(2 * i, 2 * j, 2, 2) = K.col(i + j).reshaped(2, 2);
  }
  const Vector<double> sigma = support::svd(H).sigma;
  const Realization two = realize(K, 2, 2, {.order = 6});
  CHECK(relative_error(two.hankel_singular_values.head(6), sigma.head(6)) < 1e-6);
  CHECK(pole_error(poles_of(s), two.system.A) < 0.01);
}

TEST_CASE("responses of one to ten samples, of zeros, of one impulse, in any unit") {
  for (Index length = 1; length <= 10; ++length) {
    CAPTURE(length);
    const Matrix<double> K = random_matrix(1, length, static_cast<unsigned>(length));
    const Realization ended = realize(K, 1, 1, {.error = 1e-12, .tail = Tail::zero});
    CHECK(ended.system.order() == length);
    CHECK(response_error(ended.system, K) < 1e-12);
    const Realization half = realize(K, 1, 1, {.order = 20});
    CHECK(half.system.order() == std::max<Index>(length / 2, 1));
    CHECK(response_error(half.system, K) == doctest::Approx(half.error).epsilon(1e-6));
    if (length % 2 == 0 || length == 1) CHECK(half.error < 1e-11);  // as many numbers as samples

    Matrix<double> impulse = Matrix<double>::Zero(1, length);
    CHECK(realize(impulse, 1, 1, {.order = 3}).system.B == Matrix<double>::Zero(1, 1));
    impulse(0, 0) = -3;
    for (const Tail tail : {Tail::free, Tail::zero}) {
      const Realization one = realize(impulse, 1, 1, {.error = 1e-12, .tail = tail});
      CHECK(one.system.order() == 1);
      CHECK(relative_error(kernel(one.system, length), impulse) < 1e-15);
    }
    const Realization direct = realize(impulse, 1, 1, {.order = 2, .convention = Convention::control});
    CHECK(direct.system.D(0, 0) == -3);
    CHECK(direct.error == 0);
  }
  const Modes six = modes(3, 100, 0.98, 0.998, 1);
  for (const double unit : {1e-300, 1e-200, 1e-9, 1e200, 1e299}) {
    CAPTURE(unit);
    const Realization r = realize(six.K * unit, 1, 1, {.error = 1e-9});
    CHECK(r.system.order() == 6);
    CHECK(pole_error(six.poles, r.system.A) < 1e-14);
    CHECK(relative_error(kernel(r.system, 100) / unit, six.K) < 1e-12);
  }
}

TEST_CASE("what cannot be realized is refused by name") {
  const Matrix<double> K = random_matrix(1, 20, 1);
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), 1e301}) {
    Matrix<double> B = K;
    B(0, 7) = bad;
    CHECK_THROWS_AS(realize(B, 1, 1, {.order = 1}), std::invalid_argument);
  }
  CHECK_THROWS_AS(realize(K, 1, 1, {}), std::invalid_argument);
  CHECK_THROWS_AS(realize(K, 1, 1, {.order = -1}), std::invalid_argument);
  CHECK_THROWS_AS(realize(K, 1, 1, {.error = -1}), std::invalid_argument);
  CHECK_THROWS_AS(realize(K, 1, 1, {.order = 1, .error = std::nan("")}), std::invalid_argument);
  CHECK_THROWS_AS(realize(K, 1, 1, {.order = 1, .dt = 0}), std::invalid_argument);
  CHECK_THROWS_AS(realize(K, 0, 1, {.order = 1}), std::invalid_argument);
  CHECK_THROWS_AS(realize(Matrix<double>(1, 0), 1, 1, {.order = 1}), std::invalid_argument);
  CHECK_THROWS_WITH_AS(realize(random_matrix(1, 21, 1), 1, 1, {.error = 1e-9}),
                       doctest::Contains("what 10 states reach"), std::domain_error);
  CHECK_THROWS_AS(realize(K, 1, 1, {.order = 3, .error = 1e-9}), std::domain_error);
  CHECK(make_tail(name(Tail::zero)) == Tail::zero);
  CHECK(make_tail(name(Tail::free)) == Tail::free);
  CHECK_THROWS_AS(make_tail("long"), std::invalid_argument);
}
