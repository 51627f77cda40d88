// Digital filters as scipy makes them, in companion form: right on every path that takes them, or refused by name.

#include "support/filters.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

using namespace longstate;
using support::butterworth;
using support::companion;
using support::delayed;
using support::high_pass;
using support::random_matrix;
using support::takes;

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
      error = support::larger(error, std::abs(own.sum() - exact(k)) / largest);
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
      error = support::larger(error, std::abs(static_cast<double>(y(0, k) - exact.sum())));
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
      return support::largest(out.template cast<double>() - y) / y.cwiseAbs().maxCoeff();
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
        CHECK(support::largest(out - direct) < 1e-4 * direct.cwiseAbs().maxCoeff());
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
    CHECK(support::largest(y.cast<double>() - expected) <= 0.012 * expected.cwiseAbs().maxCoeff());
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

TEST_CASE("A8: a filter is tried as long as it remembers") {
  // butter(5, 2e-4): 1.1 of the output after some 10,000 samples; butter(2, 1e-4) in float: 0.5 of a constant
  CHECK_FALSE(takes<Recurrence<double>>(butterworth(5, 2e-4), 1));
  CHECK_FALSE(takes<Recurrence<float>>(butterworth(2, 1e-4), 1));
  CHECK(takes<Recurrence<double>>(butterworth(3, 2e-4), 1));
}

TEST_CASE_TEMPLATE("A8: states that no input drives are tried, too: a filter let go from a constant", T, float,
                   double) {
  // chunks of 512 in double were off by 0.1, plans in float by 49
  constexpr bool is_float = std::is_same_v<T, float>;
  constexpr Index samples = 5000;
  DiscreteStateSpace s = is_float ? butterworth(3, 0.003) : butterworth(4, 0.003);
  const double gain = 1 / (1 - s.A.row(0).sum());
  s.C /= static_cast<double>(s.order()) * gain;
  s.B.setZero();
  const Matrix<double> u = Matrix<double>::Zero(1, samples), x0 = Matrix<double>::Constant(s.order(), 1, gain);
  const Matrix<double> exact = support::direct_run(s, u, x0.cast<T>().template cast<double>()).y;
  const auto error = [&](auto path) {
    Matrix<T> y(1, samples);
    State<T> x = x0.cast<T>();
    path.run(u.cast<T>(), y, x);
    return support::largest(y.template cast<double>() - exact);
  };
  const double bound = is_float ? 2e-3 : 1e-8;
  for (const Index block : {16, 64, 512}) {
    CAPTURE(block);
    if (takes<Chunked<T>>(s, block)) CHECK(error(Chunked<T>(s, block)) < bound);
#if LONGSTATE_WITH_FFTW
    if (takes<Convolution<T>>(s, 2 * block)) CHECK(error(Convolution<T>(s, 2 * block)) < bound);
#endif
  }
  CHECK_FALSE(takes<Chunked<T>>(s, 512));
  CHECK(takes<Recurrence<T>>(s, 1) == !is_float);
#if LONGSTATE_WITH_FFTW
  CHECK(error(Planned<T>(s, plan<T>(s))) < bound);
#endif
}

TEST_CASE("A8: a filter that no input drives is tried beside a mode that one does") {
  // its poles, rounded, seem to grow, and it is off by 0.04 once it is let go
  const DiscreteStateSpace filter = butterworth(7, 0.003);
  DiscreteStateSpace s{
      Matrix<double>::Zero(8, 8), Vector<double>::Unit(8, 7), Matrix<double>::Ones(1, 8), Matrix<double>::Zero(1, 1), 1,
      Convention::control};
  s.A.topLeftCorner(7, 7) = filter.A;
  s.A(7, 7) = 0.5;
  CHECK_FALSE(takes<Recurrence<double>>(s, 1));
  CHECK_FALSE(takes<Chunked<double>>(s, 64));
}
