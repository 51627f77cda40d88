// Dense systems whose powers or sums cancel, or whose units leave the range of T: right on every path that takes them, or refused by name.

#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/sizes.hpp"

#include <longstate/execute/diagonal_kernels.hpp>
#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

using namespace longstate;
using support::random_matrix;

TEST_CASE(
    "A8: chunks in float of poles that lie together are right, or refused by name, and no plan begins with them") {
  // Three poles at 1 - 2^-8: A is the same in float, but not its powers.
  const double pole = 1 - 0x1p-8;
  DiscreteStateSpace s{Matrix<double>::Zero(3, 3), Matrix<double>::Identity(3, 1), Matrix<double>::Ones(1, 3),
                       Matrix<double>::Zero(1, 1)};
  s.A.row(0) << 3 * pole, -3 * pole * pole, pole * pole * pole;
  s.A.diagonal(-1).setOnes();
  for (const Index block : {16, 64, 256}) {
    CHECK_THROWS_WITH_AS(Chunked<float>(s, block), doctest::Contains("float"), std::domain_error);
    CHECK_THROWS_WITH_AS(Chunked<double>(s, block), doctest::Contains("take the recurrence"), std::domain_error);
  }
  CHECK_THROWS_WITH_AS(plan<float>(s), doctest::Contains("Recurrence: in float"), std::domain_error);  // nor by steps
  const Plan all = plan<double>(s, {.length = 4096});
  CHECK(all.best().path != Path::chunked);
  Planned<double> other(s, {all.workload, all.planning, {{Path::chunked, 64, 0}, {Path::recurrent, 0, 0}}});
  CHECK(other.order() == 3);  // the recurrence, since the chunks are refused
  const DiscreteStateSpace tame = discretize(delay_system(LegT{}, 32, 0.5), 1e-3, Discretization::zoh);
  for (const Index block : {16, 64, 256}) {
    CHECK_NOTHROW(Chunked<float>(tame, block));
    CHECK_NOTHROW(Chunked<double>(tame, block));
  }
}

/// Butterworth's low-pass in companion form: the poles of the analogue prototype through the bilinear map, warped. cutoff: of half the rate
DiscreteStateSpace butterworth(int order, double cutoff) {
  using Complex = std::complex<double>;
  const double pi = 3.14159265358979323846, warped = std::tan(pi * cutoff / 2);
  Vector<Complex> a = Vector<Complex>::Zero(order + 1);
  a(0) = 1;
  for (int k = 0; k < order; ++k) {
    const Complex s = warped * std::polar(1.0, pi * (2.0 * k + order + 1) / (2.0 * order));
    const Complex pole = (1.0 + s) / (1.0 - s);
    for (int i = order; i > 0; --i) a(i) -= pole * a(i - 1);
  }
  DiscreteStateSpace system{Matrix<double>::Zero(order, order),
                            Matrix<double>::Identity(order, 1),
                            Matrix<double>::Ones(1, order),
                            Matrix<double>::Zero(1, 1),
                            1,
                            Convention::control};
  system.A.row(0) = -a.tail(order).real().transpose();
  system.A.diagonal(-1).setOnes();
  return system;
}

/// The high-pass of the same poles: all its zeros at 1.
DiscreteStateSpace high_pass(DiscreteStateSpace s) {
  double binomial = 1;
  for (Index i = 1; i <= s.order(); ++i) {
    binomial *= -static_cast<double>(s.order() - i + 1) / static_cast<double>(i);
    s.C(0, i - 1) = binomial + s.A(0, i - 1);
  }
  s.D(0, 0) = 1;
  return s;
}

template <class Path>
bool takes(const DiscreteStateSpace& s, Index block) {
  try {
    Path(s, block);
    return true;
  } catch (const std::domain_error&) {
    return false;
  }
}

bool has_kernel(const DiscreteStateSpace& s) {
  try {
    kernel(s, 300);
    return true;
  } catch (const std::domain_error&) {
    return false;
  }
}

TEST_CASE("A8: units of the states, powers of two, do not decide whether a filter is taken") {
  int refused = 0;
  for (const auto& filter : {std::pair(10, 0.002), {12, 0.02}, {14, 0.05}, {4, 0.05}, {2, 0.01}, {6, 0.3}}) {
    const int order = filter.first;  // clang 14 captures no structured binding
    const DiscreteStateSpace s = butterworth(order, filter.second);
    const bool taken = takes<Recurrence<double>>(s, 1);
    refused += taken ? 0 : 1;
    for (const int step : {-9, 4, 8, 12}) {
      CAPTURE(order);
      CAPTURE(step);
      Vector<double> d(order);
      for (int i = 0; i < order; ++i) d(i) = std::ldexp(1.0, -step * i);
      const DiscreteStateSpace scaled = rescale_states(s, d);
      CHECK(takes<Recurrence<double>>(scaled, 1) == taken);
      CHECK(has_kernel(scaled) == taken);
      if (!taken) CHECK_FALSE(takes<Chunked<double>>(scaled, 64));
#if LONGSTATE_WITH_FFTW
      if (!taken) CHECK_FALSE(takes<Convolution<double>>(scaled, 256));
#endif
    }
  }
  CHECK(refused == 3);
}

TEST_CASE("A8: every path and the kernel refuse a B and a C whose sums cancel") {
  const double third = 1.0 / 3, seventh = 1.0 / 7;
  DiscreteStateSpace s{0.3 * Matrix<double>::Identity(3, 3), Matrix<double>(3, 1), Matrix<double>(1, 3),
                       Matrix<double>::Zero(1, 1)};
  s.B << third, seventh, 1;
  s.C << 3e18, -7e18, 111;  // 3e18 / 3 - 7e18 / 7 but for the rounding of a third and a seventh
  CHECK_THROWS_WITH_AS(Recurrence<double>{s}, doctest::Contains("sums of B, C or A"), std::domain_error);
  CHECK_THROWS_WITH_AS(kernel(s, 10), doctest::Contains("sums of B, C or A"), std::domain_error);
  CHECK_FALSE(takes<Chunked<double>>(s, 16));
#if LONGSTATE_WITH_FFTW
  CHECK_FALSE(takes<Convolution<double>>(s, 16));
#endif
  // beside a mode that hardly grows, too
  DiscreteStateSpace slow = parallel(s, {Matrix<double>::Constant(1, 1, 1.0005), Matrix<double>::Constant(1, 1, 1e-4),
                                         Matrix<double>::Ones(1, 1), Matrix<double>::Zero(1, 1)});
  CHECK_FALSE(takes<Recurrence<double>>(slow, 1));
}

/// scipy's tf2ss of a filter b, a.
DiscreteStateSpace companion(const std::vector<double>& a, const std::vector<double>& c, double d) {
  const auto N = static_cast<Index>(a.size());
  DiscreteStateSpace s{Matrix<double>::Zero(N, N),
                       Matrix<double>::Identity(N, 1),
                       Matrix<double>(1, N),
                       Matrix<double>::Constant(1, 1, d),
                       1,
                       Convention::control};
  for (Index n = 0; n < N; ++n) s.A(0, n) = a[static_cast<std::size_t>(n)], s.C(0, n) = c[static_cast<std::size_t>(n)];
  s.A.diagonal(-1).setOnes();
  return s;
}

TEST_CASE("A8: in float, what noise hardly moves is seen, too: a narrow band-stop by FFT, a high-pass in chunks") {
  // butter(2, [0.0103, 0.0115], 'bandstop'): a sine within it came out as 0.29 of 0.00, from the second block on
  const DiscreteStateSpace notch = companion(
      {3.992333784850133, -5.979357875553126, 3.981705455395832, -0.9946827274808924},
      {-0.005314145895838784, 0.015925213366013935, -0.015914180825450153, 0.005303116983261802}, 0.9973378201333464);
  CHECK_FALSE(takes<Recurrence<float>>(notch, 1));
  CHECK(takes<Recurrence<double>>(notch, 1));
#if LONGSTATE_WITH_FFTW
  for (const Index block : {64, 2048, 3200, 4096, 8192}) CHECK_FALSE(takes<Convolution<float>>(notch, block));
#endif
  // butter(3, 0.01, 'high'): a step leaves 0.12 in chunks, 0.007 in the recurrence
  const DiscreteStateSpace high =
      companion({2.9371707284498907, -2.8762997234793315, 0.939098940325283},
                {-0.06088603594462816, 0.1198743721959441, -0.05901746139875952}, 0.969071174031813);
  for (const Index block : {16, 32, 64, 128}) CHECK_FALSE(takes<Chunked<float>>(high, block));
  const Matrix<float> u = Matrix<float>::Ones(1, 6000);
  Matrix<float> y(1, 6000);
  Planned<float> path(high, plan<float>(high, {.length = 6000}));
  State<float> x = path.zero_state();
  path.run(u, y, x);
  CHECK(y.rightCols(3000).cwiseAbs().maxCoeff() < 0.01F);
}

/// The filter, then `lags` unit delays.
DiscreteStateSpace delayed(const DiscreteStateSpace& filter, Index lags) {
  DiscreteStateSpace line{Matrix<double>::Zero(lags, lags),
                          Matrix<double>::Identity(lags, 1),
                          Matrix<double>::Zero(1, lags),
                          Matrix<double>::Zero(1, 1),
                          1,
                          Convention::control};
  line.A.diagonal(-1).setOnes();
  line.C(lags - 1) = 1;
  return series(filter, line);
}

TEST_CASE("A8: what a delay holds back is seen, and large systems whose powers cancel keep to the recurrence") {
  const DiscreteStateSpace filter = butterworth(6, 0.005);
  for (const Index lags : support::values<Index>({80, 120, 300}, {120})) {
    CAPTURE(lags);
    const DiscreteStateSpace s = delayed(filter, lags);
    CHECK(takes<Recurrence<double>>(s, 1));
    CHECK_FALSE(takes<Recurrence<float>>(s, 1));
    for (const Index block : support::values<Index>({16, 64}, {16})) {
      CHECK_FALSE(takes<Chunked<double>>(s, block));
#if LONGSTATE_WITH_FFTW
      CHECK_FALSE(takes<Convolution<double>>(s, block));
      CHECK_FALSE(takes<Convolution<float>>(s, block));
#endif
    }
    CHECK(plan<double>(s).best().path == Path::recurrent);
  }
  // a recurrence that is of no use is so behind a delay, too
  CHECK_FALSE(takes<Recurrence<double>>(butterworth(9, 0.003), 1));
  CHECK_FALSE(takes<Recurrence<double>>(delayed(butterworth(9, 0.003), 300), 1));
  // pure delays, and what only grows, are taken
  const DiscreteStateSpace one{
      Matrix<double>::Zero(1, 1), Matrix<double>::Ones(1, 1), Matrix<double>::Ones(1, 1), Matrix<double>::Zero(1, 1), 1,
      Convention::control};
  CHECK(takes<Chunked<double>>(delayed(one, 200), 64));
  DiscreteStateSpace grows{Matrix<double>::Zero(100, 100), Matrix<double>::Ones(100, 1), Matrix<double>::Ones(1, 100),
                           Matrix<double>::Zero(1, 1)};
  grows.A.diagonal().setLinSpaced(0.5, 1.05);
  CHECK(takes<Chunked<double>>(grows, 64));
}

TEST_CASE("A8: in float, blocks of a resonator are refused where a steady tone elsewhere cancels in its kernel") {
  for (const double theta : {3.13, 0.02, 0.005}) {
    CAPTURE(theta);
    const DiscreteStateSpace s = companion({2 * 0.999 * std::cos(theta), -0.999 * 0.999}, {1, 0}, 0);
    CHECK(takes<Recurrence<float>>(s, 1));
    CHECK_FALSE(takes<Chunked<float>>(s, 256));
#if LONGSTATE_WITH_FFTW
    CHECK_FALSE(takes<Convolution<float>>(s, 1024));
#endif
    CHECK(takes<Recurrence<double>>(s, 1));
  }
  const DiscreteStateSpace tame = companion({2 * 0.99 * std::cos(1.0), -0.99 * 0.99}, {1, 0}, 0);
  CHECK(takes<Chunked<float>>(tame, 64));
}

TEST_CASE("A8: a recurrence whose rounding is of no use is refused by name, and the kernel by it") {
  const DiscreteStateSpace filter = butterworth(9, 0.003);
  CHECK_THROWS_WITH_AS(Recurrence<double>{filter}, doctest::Contains("Recurrence: in double, outputs would be off by"),
                       std::domain_error);
  CHECK_THROWS_WITH_AS(kernel(filter, 1000), doctest::Contains("kernel: in double, outputs would be off by"),
                       std::domain_error);
  CHECK_NOTHROW(Recurrence<double>{butterworth(4, 0.003)});

  // high-passes, whose outputs are small beside |C| |x|: what is promised of that may be all of them
  CHECK_THROWS_AS(Recurrence<double>{high_pass(butterworth(10, 0.01))}, std::domain_error);
  CHECK_THROWS_AS(Recurrence<float>{high_pass(butterworth(10, 0.1))}, std::domain_error);
  CHECK_NOTHROW(Recurrence<double>{high_pass(butterworth(4, 0.01))});

  // what grows is followed as far as double reaches, and is not taken for what cancels
  const DiscreteStateSpace grows{Matrix<double>::Constant(1, 1, 1e217), Matrix<double>::Constant(1, 1, 1e215),
                                 Matrix<double>::Ones(1, 1), Matrix<double>::Zero(1, 1)};
  CHECK(kernel(grows, 1)(0, 0) == 1e215);
  CHECK_NOTHROW(Recurrence<double>{grows});
  CHECK_THROWS_WITH_AS(Recurrence<float>{grows}, doctest::Contains("A has numbers beyond the largest float"),
                       std::domain_error);

  // a transfer function keeps its coefficients in double; its state alone, in float, feeds back more than it holds
  const DiscreteStateSpace narrow = butterworth(6, 0.01);
  const TransferFunction transfer{-narrow.A.row(0).transpose(), narrow.C, narrow.D, 1, Convention::control};
  CHECK_THROWS_WITH_AS(Recurrence<float>{transfer}, doctest::Contains("Recurrence: in float, outputs would be off by"),
                       std::domain_error);
  CHECK_NOTHROW(Recurrence<double>{transfer});
}

#if LONGSTATE_WITH_FFTW
TEST_CASE(
    "A8: convolution of digital filters is right whatever the calls, or refused: parts of blocks take other powers of "
    "A") {
  constexpr Index samples = 2000;
  std::uint32_t bits = 1;
  const Matrix<double> u = Matrix<double>::NullaryExpr(1, samples, [&] {
    bits = (bits >> 1) ^ ((bits & 1) != 0 ? 0xA3000000U : 0U);
    return (bits & 1) != 0 ? 1.0 : -1.0;
  });
  int taken = 0;
  for (const int order : {1, 2, 4, 8, 10}) {
    const DiscreteStateSpace s = butterworth(order, 0.25);
    Vector<long double> x = Vector<long double>::Zero(order), scale(samples), exact(samples);
    Vector<double> own = Vector<double>::Zero(order);
    long double largest = 1e-300L, error = 0;
    for (Index k = 0; k < samples; ++k) {
      exact(k) = x.sum();
      scale(k) = largest = std::max(largest, x.cwiseAbs().sum());
      error = std::max(error, std::abs(own.sum() - exact(k)) / largest);
      x = (s.A.cast<long double>() * x + s.B.col(0).cast<long double>() * u(0, k)).eval();
      own = (s.A * own + s.B.col(0) * u(0, k)).eval();
    }
    for (const Index block : {16, 64, 208, 1024}) {
      std::optional<Convolution<double>> path;
      try {
        path.emplace(s, block);
      } catch (const std::domain_error& refused) {
        CHECK(std::string(refused.what()).find("take the recurrence") != std::string::npos);
        continue;
      }
      ++taken;
      for (const Index call : {samples, Index{221}, Index{13}, Index{7}}) {
        Matrix<double> y(1, samples);
        State<double> state = path->zero_state();
        for (Index done = 0; done < samples; done += call) {
          const Index n = std::min(call, samples - done);
          path->run(u.middleCols(done, n), y.middleCols(done, n), state);
        }
        const auto worst =
            ((y.row(0).transpose().cast<long double>() - exact).array().abs() / scale.array().max(1.0L)).maxCoeff();
        CAPTURE(order);
        CAPTURE(block);
        CAPTURE(call);
        CHECK(worst <= 1e-11L + 4 * error);
      }
    }
  }
  CHECK(taken >= 4);
}
#endif

TEST_CASE(
    "A8: digital filters in companion form: the kernel is right, the recurrence is lfilter's, paths of blocks are "
    "refused by name") {
  struct Filter {
    int order;
    double cutoff;  // of half the rate
  };
  for (const Filter filter : {Filter{3, 0.01}, {4, 0.01}, {6, 0.02}, {8, 0.05}, {8, 0.02}, {12, 0.1}}) {
    CAPTURE(filter.order);
    CAPTURE(filter.cutoff);
    const DiscreteStateSpace system = butterworth(filter.order, filter.cutoff);
    const Matrix<double> K = kernel(system, 1500);
    Matrix<double> impulse = Matrix<double>::Zero(1, 1500), y(1, 1500);
    impulse(0, 0) = 1;
    State<double> x = State<double>::Zero(filter.order, 1);
    Recurrence<double>(system).run(impulse, y, x);
    Vector<long double> exact = system.B.col(0).cast<long double>();
    double error = 0, of_kernel = 0;
    for (Index k = 1; k < 1500; ++k) {
      error = std::max(error, std::abs(static_cast<double>(y(0, k) - exact.sum())));
      of_kernel = std::max(of_kernel, std::abs(static_cast<double>(K(0, k) - exact.sum())));
      exact = (system.A.cast<long double>() * exact).eval();
    }
    MESSAGE("order " << filter.order << ", cutoff " << filter.cutoff << ": the recurrence is off by "
                     << error / y.cwiseAbs().maxCoeff());
    CHECK(of_kernel <= 1e-15 * y.cwiseAbs().maxCoeff());
    const auto off = [&](auto path) {
      using T = typename decltype(path.zero_state())::Scalar;
      Matrix<T> out(1, 1500);
      State<T> start = path.zero_state();
      path.run(impulse.cast<T>(), out, start);
      return (out.template cast<double>() - y).cwiseAbs().maxCoeff() / y.cwiseAbs().maxCoeff();
    };
    CHECK(off(Planned<double>(DiscreteSystem(system), plan<double>(system, {.length = 4096}))) < 1e-4);
#if LONGSTATE_WITH_FFTW
    // the high-pass of the same poles: its outputs are tame within a block, what it carries to the next is not
    const DiscreteStateSpace high = high_pass(system);
    for (const Index block : {100, 163}) {
      try {
        Convolution<double> blocks(high, block);
        Recurrence<double> steps(high);
        const Matrix<double> u = support::random_matrix(1, 1500, 5);
        Matrix<double> direct(1, 1500), out(1, 1500);
        State<double> from = steps.zero_state(), to = from;
        steps.run(u, direct, from);
        blocks.run(u, out, to);
        CHECK((out - direct).cwiseAbs().maxCoeff() < 1e-4 * direct.cwiseAbs().maxCoeff());
      } catch (const std::domain_error& e) {
        const std::string why = e.what();
        const bool named = why.find("take the recurrence") != why.npos;
        CHECK(named);
      }
    }
#endif
    if (filter.order < 6) continue;
    // read out where the impulse comes late, too
    DiscreteStateSpace late = system;
    late.C = Matrix<double>::Identity(1, filter.order).rowwise().reverse();
    CHECK_THROWS_AS(Chunked<double>(late, 64), std::domain_error);
    for (const Index block : {16, 64, 256}) {
      CHECK_THROWS_AS(Chunked<double>(system, block), std::domain_error);
      CHECK_THROWS_AS(Chunked<float>(system, block), std::domain_error);
    }
    if (takes<Recurrence<float>>(system, 1)) {
      CHECK(plan<float>(system, {.length = 4096}).best().path == Path::recurrent);
    } else {
      CHECK_THROWS_WITH_AS(plan<float>(system, {.length = 4096}), doctest::Contains("float"), std::domain_error);
    }
    CHECK_THROWS_WITH_AS(Recurrence<float>(DiscreteSystem(system)), doctest::Contains("float"), std::domain_error);
  }
}

TEST_CASE(
    "A8: float is refused where sums of B, C or a row of A cancel to less than its rounding, and not where an output "
    "is yet to come") {
  const auto system = [](const Matrix<double>& A, const Vector<double>& B, const Vector<double>& C) {
    return DiscreteStateSpace{A, B, C.transpose(), Matrix<double>::Zero(1, 1), 1, Convention::sequence};
  };
  const Matrix<double> fades = (Matrix<double>(3, 3) << 0.5, 1, -1, 0, 0.9, 0, 0, 0, 0.9).finished();
  const Vector<double> large = (Vector<double>(3) << 0, 1e6, 1e6 + 1).finished();
  const Vector<double> first = Vector<double>::Unit(3, 0), difference = (Vector<double>(3) << 0, 1, -1).finished();
  for (const DiscreteStateSpace& s :
       {system(fades, large, first), system(fades, large, difference), system(fades, first + large, difference)}) {
    CHECK_THROWS_WITH_AS(Recurrence<float>{s}, doctest::Contains("in float, outputs would be off by"),
                         std::domain_error);
    CHECK_NOTHROW(Recurrence<double>{s});
  }
  CHECK_NOTHROW(Recurrence<float>(system(fades, Vector<double>::Ones(3), first)));

  // nothing of a window of 10,000 and of 10 million samples is out after a few thousand
  for (const double dt : {1e-4, 1e-7}) {
    CHECK_NOTHROW(Recurrence<float>(discretize(delay_system(LegT{}, 32, 0.9), dt, Discretization::zoh)));
    CHECK_NOTHROW(Recurrence<double>(discretize(delay_system(LegT{}, 32, 0.9), dt, Discretization::zoh)));
  }
}

TEST_CASE("A8: in float, a dense recurrence is judged by what it runs: A less the ones of its diagonal") {
  // butter(3, 0.005): the gain at rest comes out 3.5 % wrong; butter(3, 0.0046332372118151445): 0.4 %, A rounded whole 4 %
  const DiscreteStateSpace wrong = companion({2.9685843963718335, -2.9376603252786984, 0.9690721132925535},
                                             {2.8474418e-06, 3.0174e-08, 9.37757e-07}, 4.769e-07);
  CHECK_FALSE(takes<Recurrence<float>>(wrong, 1));
  for (const double cutoff : {0.0046332372118151445, 0.005, 0.003748188402223062, 0.01, 0.02}) {
    CAPTURE(cutoff);
    const DiscreteStateSpace s = butterworth(3, cutoff);
    if (!takes<Recurrence<float>>(s, 1)) continue;
    const Matrix<double> u = Matrix<double>::Ones(1, 6000);
    const Matrix<double> expected = support::direct_run(s, u, Matrix<double>::Zero(3, 1)).y;
    Matrix<float> y(1, 6000);
    State<float> x = State<float>::Zero(3, 1);
    Recurrence<float>(s).run(u.cast<float>(), y, x);
    CHECK((y.cast<double>() - expected).cwiseAbs().maxCoeff() <= 0.012 * expected.cwiseAbs().maxCoeff());
  }
  CHECK(takes<Recurrence<float>>(butterworth(3, 0.0046332372118151445), 1));
}

TEST_CASE(
    "A8: a transfer function in float keeps C in float: a high-pass that this would not leave at rest is refused") {
  // butter(6, 0.05, 'high'): a constant leaves 0.02 or more
  const DiscreteStateSpace filter = high_pass(butterworth(6, 0.05));
  const TransferFunction high{-filter.A.row(0).transpose(), filter.C, filter.D, 1, Convention::control};
  CHECK_THROWS_WITH_AS(Recurrence<float>{high}, doctest::Contains("in float, outputs would be off by"),
                       std::domain_error);
  CHECK_NOTHROW(Recurrence<double>{high});
}

TEST_CASE("A8: units of the states beyond the range of float are refused by name") {
  const Matrix<double> none = Matrix<double>::Zero(1, 1);
  DiscreteStateSpace s{Matrix<double>(2, 2), Matrix<double>(2, 1), Matrix<double>(1, 2), none, 1, Convention::control};
  s.A << 0.5, 1e-40, 0, 0.5;
  s.B << 0, 1e20;
  s.C << 1e20, 0;
  CHECK_THROWS_WITH_AS(Recurrence<float>{s}, doctest::Contains("near the ends"), std::domain_error);
  CHECK_FALSE(takes<Chunked<float>>(s, 16));
  CHECK(takes<Chunked<double>>(s, 16));
  CHECK(takes<Recurrence<float>>(rescale_states(s, Vector<double>{{1e-10, 1e30}}), 1));
  s.A << 0.5, 1e39, 1e-40, 0.5;
  s.B << 0, 1e-20;
  s.C << 1e-19, 0;
  CHECK_THROWS_WITH_AS(Recurrence<float>{s}, doctest::Contains("A has numbers beyond the largest float"),
                       std::domain_error);
  // a coupling below the range that no output hears is nobody's loss
  s.A << 0.5, 1e-60, 0, 0.5;
  s.B << 1, 1;
  s.C << 1, 1;
  CHECK(takes<Recurrence<float>>(s, 1));
}

TEST_CASE("A8: a quiet output beside a loud one is judged by its own size; one that is nothing is not") {
  const DiscreteStateSpace quiet = butterworth(9, 0.003), loud = butterworth(2, 0.3);
  DiscreteStateSpace both = parallel(loud, quiet);
  both.C.setZero(2, 11);
  both.C.row(0).head(2) = 1e6 * loud.C;
  both.C.row(1).tail(9) = quiet.C;
  both.D.setZero(2, 1);
  CHECK_THROWS_WITH_AS(Recurrence<double>{both}, doctest::Contains("of the largest output 2"), std::domain_error);
  both.C.row(1).setZero();
  CHECK(takes<Recurrence<double>>(both, 1));
  both.C.row(1) << 1, 1, Matrix<double>::Zero(1, 9);
  both.C.row(0).setZero();
  CHECK(takes<Recurrence<double>>(both, 1));
}

TEST_CASE("A8: what is refused does not hang on the size of C") {
  DiscreteStateSpace filter = butterworth(9, 0.003);
  for (const double gain : {1e-30, 1.0, 1e200, 1e280}) {
    CAPTURE(gain);
    DiscreteStateSpace s = filter;
    s.C *= gain;
    CHECK_FALSE(takes<Recurrence<double>>(s, 1));
  }
}

#if LONGSTATE_WITH_FFTW
TEST_CASE("A8: a beam whose powers are large, not cancelling, runs by FFT") {
  constexpr Index nodes = 40;
  Matrix<double> D = 2 * Matrix<double>::Identity(nodes, nodes);
  D.diagonal(1).setConstant(-1);
  D.diagonal(-1).setConstant(-1);
  StateSpace beam{Matrix<double>::Zero(2 * nodes, 2 * nodes), Matrix<double>::Zero(2 * nodes, 1),
                  Matrix<double>::Zero(1, 2 * nodes), Matrix<double>::Zero(1, 1)};
  beam.A.topRightCorner(nodes, nodes).setIdentity();
  beam.A.bottomLeftCorner(nodes, nodes) = -D * D;
  beam.A.bottomRightCorner(nodes, nodes) = -0.02 * D;
  beam.B(nodes + 10) = 1;
  beam.C(20) = 1;
  const DiscreteStateSpace s = discretize(beam, 0.125, Discretization::zoh);
  for (const Index block : {256, 1000}) CHECK(takes<Convolution<double>>(s, block));
}
#endif

TEST_CASE("A8: a plan of what no path takes says why") {
  const DiscreteStateSpace filter = butterworth(9, 0.003);
  for (const Planning planning : {Planning::estimate, Planning::measure})
    CHECK_THROWS_WITH_AS(plan<double>(filter, {}, planning), doctest::Contains("Recurrence: in double"),
                         std::domain_error);
}

TEST_CASE(
    "A8: plans lose no more than the recurrence: filters of audio behind gravity, as filters and as transfer "
    "functions") {
  // butter(4, f): low-pass and high-pass, of 9.81 and a little noise; chunks of the high-pass at 20 Hz left 0.03 where the recurrence left 7e-5
  const double rate = 48000;
  for (const double edge : support::values<double>({20, 50, 80, 300, 1000}, {20, 80})) {
    for (const bool high : {false, true}) {
      CAPTURE(edge);
      CAPTURE(high);
      DiscreteStateSpace s = butterworth(4, 2 * edge / rate);
      if (high) s = high_pass(s);
      const TransferFunction h{-s.A.row(0).transpose(), s.C, s.D, 1, Convention::control};
      const Index samples = 8000;
      const Matrix<double> u = 0.1 * random_matrix(1, samples, 3) + Matrix<double>::Constant(1, samples, 9.81);
      const Matrix<double> exact = support::direct_run(s, u, Matrix<double>::Zero(4, 1)).y;
      const auto error = [&](auto path) {
        Matrix<double> y(1, samples);
        State<double> x = path.zero_state();
        path.run(u, y, x);
        return (y - exact).rightCols(2000).cwiseAbs().maxCoeff();
      };
      const double steps = error(Recurrence<double>(s)), of_transfer = error(Recurrence<double>(h));
      CHECK(error(Planned<double>(s, plan<double>(s))) <= 20 * steps + 1e-11);
      CHECK(error(Planned<double>(h, plan<double>(h))) <= 20 * of_transfer + 1e-11);
    }
  }
}

TEST_CASE("A8: steps of blocks that grow, or leave the filter, long after any trial are refused") {
  // butter(2, [1e-4, 2e-4], 'bandstop'): chunks of 32 held 1e10 after 400,000 samples
  const TransferFunction stop{
      Vector<double>{{-0x1.fff16dba78a95p+1, 0x1.7fea26a999d5ap+2, -0x1.ffd45176cd1bbp+1, 0x1.ffc5c778487cfp-1}},
      Matrix<double>{{-0x1.d1c439f818p-12, 0x1.5d4c8be45ap-10, -0x1.5d45edd02b8p-10, 0x1.d1a9c1a75e8p-12}},
      Matrix<double>::Constant(1, 1, 0x1.ffe2e2e83d926p-1), 1, Convention::control};
  for (const Index block : {16, 32, 256}) CHECK_THROWS_AS(Chunked<double>(stop, block), std::domain_error);
  CHECK(plan<double>(stop).best().path == Path::recurrent);
  CHECK(plan<double>(butterworth(4, 6e-5)).best().path == Path::recurrent);
  CHECK(plan<double>(butterworth(3, 1e-5)).best().path == Path::recurrent);
}

TEST_CASE("A8: a filter is tried as long as it remembers") {
  // butter(5, 2e-4): 1.1 of the output after some 10,000 samples; butter(2, 1e-4) in float: 0.5 of a constant
  CHECK_FALSE(takes<Recurrence<double>>(butterworth(5, 2e-4), 1));
  CHECK_FALSE(takes<Recurrence<float>>(butterworth(2, 1e-4), 1));
  CHECK(takes<Recurrence<double>>(butterworth(3, 2e-4), 1));
}

TEST_CASE("A8: an input whose filter loses all is seen behind a louder one") {
  DiscreteStateSpace loud = butterworth(2, 0.3), lost = butterworth(8, 0.006);
  loud.C *= 1e4;
  DiscreteStateSpace s = parallel(loud, lost);
  s.B.setZero(10, 2);
  s.B.col(0).head(2) = loud.B;
  s.B.col(1).tail(8) = lost.B;
  s.D.setZero(1, 2);
  CHECK_FALSE(takes<Recurrence<double>>(lost, 1));
  CHECK_FALSE(takes<Recurrence<double>>(s, 1));
}

TEST_CASE("A8: chunks of a delay start from zeros, and a zero output is one") {
  TransferFunction fir{Vector<double>::Zero(51), Matrix<double>::Zero(1, 51), Matrix<double>::Zero(1, 1), 1,
                       Convention::control};
  fir.C(0, 49) = 1;
  CHECK_NOTHROW(Chunked<double>(fir, 64));
  CHECK_NOTHROW(Chunked<float>(fir, 64));
}

TEST_CASE("A8: a plan asks every system of a layer, not the first alone") {
  const double pole = 0.9997;
  const TransferFunction four{Vector<double>{{-4 * pole, 6 * pole * pole, -4 * std::pow(pole, 3), std::pow(pole, 4)}},
                              Matrix<double>::Constant(1, 4, 1e-12), Matrix<double>::Zero(1, 1)};
  const DiscreteDiagonal two{Vector<std::complex<double>>{{-0.1, -0.2}}, Matrix<std::complex<double>>::Ones(2, 1),
                             Matrix<std::complex<double>>::Ones(1, 2), Matrix<double>::Zero(1, 1)};
  for (const std::vector<DiscreteSystem>& layer :
       {std::vector<DiscreteSystem>{two, four}, std::vector<DiscreteSystem>{four, two}}) {
    for (const Planning planning : {Planning::estimate, Planning::measure})
      CHECK_NOTHROW(Planned<double>(layer, plan<double>(layer, {}, planning)));
  }
}

TEST_CASE("A8: an output that is zero for one signal is judged by what it is for others") {
  // the difference of two equal filters: of a constant at both inputs nothing is left but rounding
  const DiscreteStateSpace filter = butterworth(2, 0.02);
  DiscreteStateSpace both = parallel(filter, filter);
  both.B.setZero(4, 2);
  both.B.col(0).head(2) = filter.B;
  both.B.col(1).tail(2) = filter.B;
  both.C.rightCols(2) *= -1;
  both.D.setZero(1, 2);
  CHECK(takes<Recurrence<double>>(both, 1));
  CHECK(takes<Recurrence<float>>(both, 1));
  CHECK(has_kernel(both));
}
