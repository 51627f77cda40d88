// Float where its numbers run out, steps longer than the window, and poles that lie together.

#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace longstate;
using support::random_matrix;

namespace {

constexpr double bound_of_float(Index order) { return 2 * static_cast<double>(std::max<Index>(order, 16)) * 1.2e-7; }

/// Outputs and final state of a float path, in parts of float's bound: of the largest |C| |x| + |D| |u|, and |x|.
template <class Path>
double error_in_float(Path path, const DiscreteSystem& system, Index n) {
  const Index N = order(system), copies = path.copies();
  const Matrix<float> u = random_matrix(copies, n, 11).cast<float>();
  const State<float> x0 = random_matrix(N, copies, 12).cast<float>();
  Matrix<float> y(copies, n);
  State<float> x = x0;
  path.run(u, y, x);
  const Matrix<double> C = output_matrix(system).cwiseAbs();
  double worst = 0;
  for (Index c = 0; c < copies; c += 5) {
    const support::Run run = support::direct_run(dense(system), u.row(c).cast<double>(), x0.col(c).cast<double>());
    double states = x0.col(c).cwiseAbs().maxCoeff(), scale = feed_through(system).cwiseAbs().maxCoeff();
    Recurrence<double> each(system);
    State<double> now = x0.col(c).cast<double>();
    Matrix<double> ignored(1, 1);
    for (Index k = 0; k < n; ++k) {
      each.run(u.block(c, k, 1, 1).cast<double>(), ignored, now);
      states = std::max(states, now.cwiseAbs().maxCoeff());
      scale = std::max(scale, (C * now.cwiseAbs()).maxCoeff());
    }
    worst = support::larger(worst, support::largest(y.row(c).cast<double>() - run.y) / scale);
    worst = support::larger(worst, support::largest(x.col(c).cast<double>() - run.x) / states);
  }
  return worst / bound_of_float(N);
}

}  // namespace

TEST_CASE("A8: powers among float's denormal numbers are zeros, not a correction of order 1") {
  double chunked = 0, recurrence = 0;
  const DiscreteSystem inv = discretize(initialize_diagonal("s4d-inv", 16), 2.4, Discretization::bilinear);
  chunked = std::max(chunked, error_in_float(Chunked<float>(inv, 96), inv, 96 * 20));
  for (double exponent = 60; exponent <= 110;
       exponent += 0.5) {  // e^-87.3 is the least normal number, e^-103.3 the least of all
    CAPTURE(exponent);
    const auto with_rate = [&](double rate) {
      DiscreteDiagonal s{Vector<std::complex<double>>(2), Matrix<std::complex<double>>::Ones(2, 1),
                         Matrix<std::complex<double>>::Ones(1, 2), Matrix<double>::Zero(1, 1)};
      s.mu << std::complex<double>(-rate, 0.4 * rate), std::complex<double>(-0.01, 0.3);
      return DiscreteSystem(s);
    };
    for (const Index block : {16, 96}) {
      const DiscreteSystem s = with_rate(exponent / static_cast<double>(block));
      chunked = std::max(chunked, error_in_float(Chunked<float>(s, block), s, 4 * block));
    }
    const DiscreteSystem s = with_rate(exponent / 4);  // DiagonalLanes takes four samples at a time
    for (const Index copies : {1, 16}) {
      for (const Index n : {5, 6, 7, 200})
        recurrence = std::max(recurrence, error_in_float(Recurrence<float>(s, copies), s, n));
    }
  }
  CHECK(chunked < 1);
  CHECK(recurrence < 1);
  MESSAGE("in parts of the bound: chunked " << chunked << ", recurrence " << recurrence);
}

TEST_CASE("A11: float keeps its bound on steps by gbt as long as the window and longer") {
  double worst = 0;
  for (const Measure& measure : support::time_invariant_measures()) {
    if (!has_operator(measure)) continue;
    CAPTURE(name(measure));
    for (const Index N : support::values<Index>({1, 2, 5, 27, 64, 124}, {1, 27})) {
      CAPTURE(N);
      for (const double dt : support::values({0.05, 0.3, 3.0, 100.0, 460.0}, {0.3, 100.0})) {
        CAPTURE(dt);
        for (const Discretization method : {Discretization::bilinear, Discretization::backward_euler}) {
          const HippoSystem s = hippo_delay_system(measure, N, 0.5);
          const DiscreteSystem hippo = discretize(s, dt, method);
          for (const Index copies : {1, 16})
            worst = support::larger(worst, error_in_float(Recurrence<float>(hippo, copies), hippo, 300));
          const DiscreteSystem nplr = discretize(normal_plus_low_rank(measure, N, s.C), dt, method);
          worst = support::larger(worst, error_in_float(Recurrence<float>(nplr, 16), nplr, 300));
        }
      }
    }
  }
  CHECK(worst < 1);
  MESSAGE("in parts of the bound: " << worst);
}

TEST_CASE("A11: chunks of steps of many windows keep the digits of outputs far below the first") {
  // Eigenvalues of 0.042: from sample to sample the state is a hundredth, and the kernel by FFT would round relative to its largest value.
  const HippoSystem s = hippo_delay_system(LegT{}, 9, 0.5);
  const DiscreteSystem nplr =
      discretize(normal_plus_low_rank(LegT{}, 9, s.C), 1551.53, Discretization::gbt, {.alpha = 0.96});
  const Index n = 1024;
  Matrix<double> u = Matrix<double>::Zero(1, n);
  for (Index k = 0; k < n; k += 40) u(0, k) = 1;
  Matrix<double> direct(1, n), chunks(1, n);
  State<double> x = State<double>::Zero(order(nplr), 1), other = x;
  Recurrence<double>(nplr).run(u, direct, x);
  for (const Index block : {16, 128, 512}) {
    CAPTURE(block);
    other.setZero();
    Chunked<double>(nplr, block).run(u, chunks, other);
    for (Index k = 0; k < 10; ++k) {
      CAPTURE(k);
      CHECK(chunks(0, k) == doctest::Approx(direct(0, k)).epsilon(1e-11));
    }
  }
}

TEST_CASE("A11: the kernel of a transfer function whose poles lie together, at every length and block") {
  // (1 - r w)^-4 has the kernel C(j + 3, 3) r^j; r a number of few bits, so that a is exact.
  const double r = 1 - 0x1p-7;
  const TransferFunction four{Vector<double>{{-4 * r, 6 * r * r, -4 * r * r * r, r * r * r * r}},
                              Matrix<double>::Identity(1, 4), Matrix<double>::Zero(1, 1)};
  for (const Index length : {1, 2, 7, 64, 500, 1000, 4096, 20000}) {
    CAPTURE(length);
    const Matrix<double> K = kernel(four, length);
    double largest = 0, error = 0;
    for (Index j = 0; j < length; ++j) {
      const long double k = static_cast<long double>(j);
      const long double exact = (k + 1) * (k + 2) * (k + 3) / 6 * std::pow(static_cast<long double>(r), k);
      largest = std::max(largest, static_cast<double>(exact));
      error = support::larger(error, std::abs(static_cast<double>(K(0, j) - exact)));
    }
    CHECK(error < 1e-11 * largest);
#if LONGSTATE_WITH_FFTW
    if (length <= 4096) CHECK_NOTHROW(Convolution<double>(four, length));
#endif
  }
}

#if LONGSTATE_WITH_FFTW
TEST_CASE("A11: convolution of a transfer function whose poles lie together, from block to block") {
  const double r = 1 - 0x1p-7;
  const TransferFunction four{Vector<double>{{-4 * r, 6 * r * r, -4 * r * r * r, r * r * r * r}},
                              Matrix<double>::Identity(1, 4), Matrix<double>::Zero(1, 1)};
  for (const Index block : {16, 37, 146, 600}) {
    CAPTURE(block);
    const Matrix<double> u = random_matrix(1, 3000, 7);
    Matrix<double> direct(1, u.cols()), blocks(1, u.cols());
    Recurrence<double> recurrence(four);
    Convolution<double> convolution(four, block);
    State<double> x = random_matrix(4, 1, 8), z = x;
    recurrence.run(u, direct, x);
    convolution.run(u, blocks, z);
    const double condition = std::pow(1 + r, 4) / std::pow(1 - r, 4);  // ||a||_1 ||1/a||_1
    const double bound = 1e-12 * condition * direct.cwiseAbs().maxCoeff();
    CHECK(support::largest(blocks - direct) < bound);
    CHECK(support::largest(z - x) < bound);
  }
}
#endif

namespace {

/// Modes that turn slowly and fast and hardly fade; B in the units of one, two and other numbers.
DiscreteSystem lasting(Convention convention) {
  DiscreteDiagonal s{Vector<std::complex<double>>(6), Matrix<std::complex<double>>(6, 1),
                     Matrix<std::complex<double>>::Ones(1, 6), Matrix<double>::Ones(1, 1)};
  s.mu << std::complex<double>(0, 1e-4), std::complex<double>(-1e-6, 0.37), std::complex<double>(0, 1.9),
      std::complex<double>(-1e-5, 3.0), std::complex<double>(0, 0.7), std::complex<double>(0, 1.3);
  s.B << std::complex<double>(0.3, 0.7), std::complex<double>(-1.1, 0.1), 1, std::complex<double>(37, 0.7),
      std::complex<double>(0, 0.5), -2;
  s.convention = convention;
  return s;
}

DiscreteSystem lasting_nplr() {
  NplrSystem s{Vector<std::complex<double>>(4), Matrix<std::complex<double>>(4, 1),
               Matrix<std::complex<double>>::Ones(4, 1), Matrix<std::complex<double>>::Ones(1, 4),
               Matrix<double>::Zero(1, 1)};
  s.lambda << std::complex<double>(-1e-6, 1e-4), std::complex<double>(0, 0.7), std::complex<double>(0, 1.3),
      std::complex<double>(-1e-5, 1.9);
  s.P << 1e-4, 2e-4, -1e-4, 5e-5;
  return discretize(s, 1, Discretization::bilinear);
}

/// Outputs and states of many calls of n samples in float, in parts of three times a random walk of one rounding for each of the samples,
/// and four for each call.
double drift_over_calls(const DiscreteSystem& system, Index copies, Index n) {
  constexpr Index calls = 4096;
  const Index N = order(system);
  const Matrix<long double> A = dense(system).A.cast<long double>(), B = input_matrix(system).cast<long double>(),
                            C = output_matrix(system).cast<long double>();
  const auto D = static_cast<long double>(feed_through(system)(0, 0));
  const bool control = convention(system) == Convention::control;
  Recurrence<float> path(system, copies);
  State<float> x = random_matrix(N, copies, 3).cast<float>();
  Vector<long double> exact = x.col(copies - 1).cast<long double>();
  const Matrix<float> u = random_matrix(copies, calls * n, 5).cast<float>();
  Matrix<float> y(copies, n);
  long double error = 0, states = exact.cwiseAbs().maxCoeff();
  const auto differ = [&](long double difference, long double size) {
    const long double part = std::abs(difference) / size;
    if (!(part <= error)) error = part;  // NaN too
  };
  for (Index k = 0; k < calls; ++k) {
    path.run(u.middleCols(k * n, n), y, x);
    for (Index i = 0; i < n; ++i) {
      const auto u_i = static_cast<long double>(u(copies - 1, k * n + i));
      const Vector<long double> next = A * exact + B * u_i;
      const long double seen = C.row(0).dot(control ? exact : next) + D * u_i;
      exact = next;
      states = std::max(states, exact.cwiseAbs().maxCoeff());
      differ(static_cast<long double>(y(copies - 1, i)) - seen, states * C.cwiseAbs().sum());
    }
  }
  for (Index j = 0; j < N; ++j) differ(static_cast<long double>(x(j, copies - 1)) - exact(j), states);
  return static_cast<double>(error) / (3 * 6e-8 * std::sqrt(static_cast<double>(calls * (n + 4))));
}

}  // namespace

TEST_CASE("A8: what samples and calls round where nothing fades adds up as a random walk does, not one way") {
  double worst = 0;
  for (const DiscreteSystem& system : {lasting(Convention::sequence), lasting(Convention::control), lasting_nplr()}) {
    for (const Index copies : support::values<Index>({1, 3, 8, 21}, {1, 21})) {
      for (const Index n : support::values<Index>({1, 2, 4, 7, 20, 70}, {1, 7})) {
        CAPTURE(name(structure(system)));
        CAPTURE(copies);
        CAPTURE(n);
        const double part = drift_over_calls(system, copies, n);
        CHECK(part < 1);
        worst = support::larger(worst, part);
      }
    }
  }
  MESSAGE("in parts of three times a random walk: " << worst);
}
