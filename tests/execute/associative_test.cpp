#include "support/allocations.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

#include <cmath>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

using Long = long double;
using LongComplex = std::complex<Long>;

template <class T>
Matrix<std::complex<T>> random_complex(Index rows, Index cols, unsigned seed) {
  Matrix<std::complex<T>> M(rows, cols);
  M.real() = random_matrix(rows, cols, seed).cast<T>();
  M.imag() = random_matrix(rows, cols, seed + 1).cast<T>();
  return M;
}

DiagonalSystem model(Index entries, Index p, Index q) {
  DiagonalSystem s = initialize_diagonal("s4d-lin", 2 * entries);
  if (entries > 1) s.lambda(1) = 0;     // an integrator
  if (entries > 2) s.lambda(2) *= 1e3;  // many turns in a step
  s.B = random_complex<double>(entries, p, 3);
  s.C = random_complex<double>(q, entries, 5);
  s.D = random_matrix(q, p, 7);
  return s;
}

struct Signals {
  Matrix<double> u, delta;
};

Signals signals(Index p, Index length) {
  Signals s{random_matrix(p, length, 8), 0.1 * random_matrix(1, length, 9).cwiseAbs()};
  s.delta(0, 0) = 0;
  s.delta(0, length / 2) = 3e3;   // a gap: all turns, and what has not faded
  s.delta(0, length / 3) = 1e-9;  // where a - 1 has to keep its digits
  return s;
}

/// By the definition, in long double.
support::Run direct(const DiagonalSystem& s, Discretization method, const Signals& in, const State<double>& x0) {
  support::Run run{Matrix<double>(s.outputs(), in.u.cols()), x0};
  Vector<LongComplex> x(s.entries());
  for (Index n = 0; n < s.entries(); ++n) x(n) = {x0(2 * n, 0), x0(2 * n + 1, 0)};
  for (Index k = 0; k < in.u.cols(); ++k) {
    const Long delta = in.delta(0, k);
    for (Index n = 0; n < s.entries(); ++n) {
      const LongComplex lambda(s.lambda(n)), z = lambda * delta;
      LongComplex a, b;
      if (method == Discretization::bilinear) {
        a = (Long(1) + z / Long(2)) / (Long(1) - z / Long(2));
        b = delta / (Long(1) - z / Long(2));
      } else {
        // e^z - 1 by its parts: 1 - cos = 2 sin^2
        const Long m = std::expm1(z.real()), sine = std::sin(z.imag() / 2);
        const LongComplex less_one(m - 2 * sine * sine * (m + 1), (m + 1) * std::sin(z.imag()));
        a = less_one + Long(1);
        b = lambda == LongComplex(0) ? LongComplex(delta) : less_one / lambda;
      }
      LongComplex input = 0;
      for (Index j = 0; j < s.inputs(); ++j) input += LongComplex(s.B(n, j)) * Long(in.u(j, k));
      x(n) = a * x(n) + b * input;
    }
    for (Index i = 0; i < s.outputs(); ++i) {
      Long y = 0;
      for (Index j = 0; j < s.inputs(); ++j) y += Long(s.D(i, j)) * Long(in.u(j, k));
      for (Index n = 0; n < s.entries(); ++n) y += 2 * (LongComplex(s.C(i, n)) * x(n)).real();
      run.y(i, k) = double(y);
    }
  }
  for (Index n = 0; n < s.entries(); ++n) run.x.col(0).segment<2>(2 * n) << double(x(n).real()), double(x(n).imag());
  return run;
}

template <class T>
support::Run run_in_calls(VaryingScan<T>& path, const Signals& in, const State<double>& x0) {
  const Matrix<T> u = in.u.cast<T>(), delta = in.delta.cast<T>();
  Matrix<T> y(path.outputs(), u.cols());
  State<T> x = x0.cast<T>();
  for (const Index k : {0, 1}) path.step(u.col(k), delta(0, k), y.col(k), x);
  for (Index k = 2, n = 1; k < u.cols(); k += n, n = std::min<Index>(3 * n, u.cols() - k)) {
    path.run(u.middleCols(k, n), delta.middleCols(k, n), y.middleCols(k, n), x);
  }
  return {y.template cast<double>(), x.template cast<double>()};
}

}  // namespace

TEST_CASE_TEMPLATE("a scan is its loop, for every instruction set, size and part", T, float, double) {
  using C = std::complex<T>;
  constexpr Index n = 57;
  for (const Index rows : {1, 2, 7, 16, 75}) {
    CAPTURE(rows);
    const Matrix<C> a = random_complex<T>(rows, n, 1) / T(1.2), b = random_complex<T>(rows, n, 3);
    const Vector<C> x0 = random_complex<T>(rows, 1, 5);
    Matrix<C> states(rows, n);
    Vector<LongComplex> state = x0.template cast<LongComplex>();
    for (Index k = 0; k < n; ++k) {
      state = a.col(k).template cast<LongComplex>().cwiseProduct(state) + b.col(k).template cast<LongComplex>();
      states.col(k) = state.template cast<C>();
    }
    const double bound = std::is_same_v<T, float> ? 1e-6 : 2e-15;
    const auto error = [&](const Matrix<C>& got) { return double((got - states).norm() / states.norm()); };
    support::EachTarget()([&] {
      Matrix<C> got = b;
      Vector<C> x = x0;
      scan<T>(a, got, x);
      CHECK(error(got) < bound);
      CHECK((x - got.col(n - 1)).norm() == 0);
      for (const Index part : {1, 8, 20, 100}) {
        Matrix<C> one, products = a;
        for (const int threads : {1, 2, 3}) {
          products = a;
          got = b;
          x = x0;
          scan<T>(Threads(threads), products, got, x, part);
          CHECK(error(got) < bound);
          if (threads == 1) one = got;
          CHECK(got == one);  // to the bit
        }
      }
    });
  }
}

TEST_CASE_TEMPLATE("a varying scan is its definition, for every instruction set, method, size, split and thread", T,
                   float, double) {
  double worst = 0;
  for (const auto method : {Discretization::zoh, Discretization::bilinear}) {
    struct Case {
      Index entries, p, q, length;
    };
    for (const Case c : {Case{1, 1, 1, 300}, {3, 2, 3, 300}, {20, 17, 33, 700}, {9, 1, 2, 9000}}) {
      const Index entries = c.entries, p = c.p, q = c.q, length = c.length;
      CAPTURE(entries);
      const DiagonalSystem system = model(entries, p, q);
      Signals in = signals(p, length);
      in = {in.u.cast<T>().template cast<double>(), in.delta.cast<T>().template cast<double>()};
      const State<double> x0 = random_matrix(2 * entries, 1, 11).template cast<T>().template cast<double>();
      const support::Run expected = direct(system, method, in, x0);
      support::EachTarget()([&] {
        Matrix<double> of_one;
        for (const int threads : {0, 1, 2}) {
          VaryingScan<T> path(system, method, threads == 0 ? std::optional<Threads>() : Threads(threads));
          const support::Run got = run_in_calls(path, in, x0);
          const double error = std::max(relative_error(got.y, expected.y), relative_error(got.x, expected.x));
          CHECK(error < (std::is_same_v<T, float> ? 2e-6 : 1e-12));
          worst = support::larger(worst, error);
          if (threads == 1) of_one = got.y;
          if (threads == 2) CHECK(got.y == of_one);  // to the bit
        }
      });
    }
  }
  MESSAGE("largest error " << worst);
}

TEST_CASE("a varying scan with steps that do not change is the recurrence") {
  constexpr Index length = 2000;
  constexpr double dt = 1e-2;
  DiagonalSystem system = initialize_diagonal("s4d-legs", 64);
  const Matrix<double> u = random_matrix(1, length, 1);
  for (const auto method : {Discretization::zoh, Discretization::bilinear}) {
    Recurrence<double> recurrence(discretize(system, dt, method));
    State<double> x = recurrence.zero_state();
    Matrix<double> expected(1, length), y(1, length);
    recurrence.run(u, expected, x);
    VaryingScan<double> path(system, method);
    State<double> z = path.zero_state();
    const Matrix<double> delta = Matrix<double>::Constant(1, length, dt);
    const std::size_t before = support::allocations();
    path.run(u, delta, y, z);
    CHECK(support::allocations() == before);
    CHECK(relative_error(y, expected) < 1e-12);
    CHECK(relative_error(z, x) < 1e-12);
  }
}

TEST_CASE("varying steps compose: without input, two steps are one of both lengths") {
  const DiagonalSystem system = model(5, 1, 1);
  VaryingScan<double> path(system);
  const State<double> x0 = random_matrix(10, 1, 1);
  State<double> two = x0, one = x0;
  Matrix<double> y(1, 2), u = Matrix<double>::Zero(1, 2), delta(1, 2);
  delta << 0.25, 0.5;  // whose sum is exact
  path.run(u, delta, y, two);
  path.run(u.leftCols(1), Matrix<double>::Constant(1, 1, 0.75), y.leftCols(1), one);
  CHECK(relative_error(two, one) < 1e-14);
}

TEST_CASE("scans: what does not fit is refused by name") {
  Matrix<std::complex<double>> a(3, 4), b(3, 4);
  a.setZero();
  b.setZero();
  Vector<std::complex<double>> x(3), few(2);
  CHECK_THROWS_AS(scan<double>(a, b, few), std::invalid_argument);
  CHECK_THROWS_AS(scan<double>(a.leftCols(3), b, x), std::invalid_argument);
  CHECK_THROWS_AS(scan<double>(Threads(1), a, b, x, 0), std::invalid_argument);
  CHECK_THROWS_AS(VaryingScan<double>(model(2, 1, 1), Discretization::foh), std::invalid_argument);
  DiagonalSystem broken = model(2, 1, 1);
  broken.B.resize(3, 1);
  CHECK_THROWS_AS(VaryingScan<double>{broken}, std::invalid_argument);
  VaryingScan<double> path(model(2, 1, 1));
  State<double> z = path.zero_state(), small(2, 1);
  Matrix<double> u = Matrix<double>::Zero(1, 5), y(1, 5);
  CHECK_NOTHROW(path.run(u, u, y, z));
  CHECK_NOTHROW(path.run(u.leftCols(0), u.leftCols(0), y.leftCols(0), z));
  CHECK_THROWS_AS(path.run(u, u.leftCols(3), y, z), std::invalid_argument);
  CHECK_THROWS_AS(path.run(u, u, y, small), std::invalid_argument);
}

TEST_CASE_TEMPLATE("A5: a step that is negative or not a number is refused before anything has run", T, float, double) {
  VaryingScan<T> path(initialize_diagonal("s4d-lin", 4));
  State<T> x = path.zero_state();
  const Matrix<T> u = Matrix<T>::Ones(1, 3);
  Matrix<T> y = Matrix<T>::Constant(1, 3, T(7)), delta = Matrix<T>::Constant(1, 3, T(0.1));
  for (const T wrong : {T(-0.1), std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
    delta(0, 2) = wrong;
    CHECK_THROWS_WITH_AS(path.run(u, delta, y, x),
                         doctest::Contains("VaryingScan::run: delta of sample 2 must be finite and not negative"),
                         std::invalid_argument);
    CHECK(x.isZero(0));
    CHECK(y == Matrix<T>::Constant(1, 3, T(7)));
  }
  delta(0, 2) = 0;  // two samples at one time: none passes
  path.run(u, delta, y, x);
  CHECK(y(0, 2) == y(0, 1));
}
