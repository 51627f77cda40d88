// Models that grow, on every path: right, or refused by name.

#include "support/dense.hpp"
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

namespace {

/// x <- factor x + u, y = x
DiscreteStateSpace growing(double factor) {
  const Matrix<double> one = Matrix<double>::Ones(1, 1);
  return {factor * one, one, one, 0 * one};
}

/// The largest error, each of the largest output up to the end of its block, which is at least `least`.
template <class T>
double running_error(const Matrix<T>& y, const Matrix<double>& expected, Index block = 1, double least = 0) {
  double largest = least, worst = 0;
  for (Index k = 0; k < y.cols(); ++k) {
    const Index end = std::min(y.cols(), (k / block + 1) * block);
    largest = std::max(largest, expected.leftCols(end).cwiseAbs().maxCoeff());
    const double error = (y.col(k).template cast<double>() - expected.col(k)).cwiseAbs().maxCoeff() / largest;
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

template <class T>
constexpr double tolerance = std::is_same_v<T, float> ? 2 * 16 * 1.2e-7 : 1e-12;

template <class T, class Path>
Matrix<T> outputs_of(Path path, const Matrix<double>& u) {
  Matrix<T> y(path.outputs(), u.cols());
  State<T> x = path.zero_state();
  path.run(u.cast<T>(), y, x);
  return y;
}

std::string refusal(const auto& make) {
  try {
    make();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE_TEMPLATE("A10: x <- g x + u is right from its first output on, or refused with the block it takes", T, float,
                   double) {
  for (const double factor : {1.001, 1.05, 2.0, 1e3}) {
    CAPTURE(factor);
    const DiscreteStateSpace system = growing(factor);
    const Index n = std::min<Index>(500, static_cast<Index>(std::log(1e30) / std::log(factor)));
    const Matrix<double> u = random_matrix(1, n, 5);
    const Matrix<double> expected =
        support::direct_run(system, u.cast<T>().template cast<double>(), Matrix<double>::Zero(1, 1)).y;
    CHECK(running_error<T>(outputs_of<T>(Recurrence<T>(system), u), expected) < tolerance<T>);
    for (const Index block : {16, 64, 512}) {
      CAPTURE(block);
      const double most = std::is_same_v<T, float> ? 3.4e38 : 1.7e308;
      if (static_cast<double>(block) * std::log(factor) < std::log(most)) {
        CHECK(running_error<T>(outputs_of<T>(Chunked<T>(system, block), u), expected) < tolerance<T>);
      } else {
        CHECK_THROWS_AS(Chunked<T>(system, block), std::domain_error);
      }
    }
#if LONGSTATE_WITH_FFTW
    for (const Index block : {1, 3, 12, 64, 512, 4096}) {
      CAPTURE(block);
      const std::string why = refusal([&] { Convolution<T>(system, block); });
      const double growth = static_cast<double>(block) * std::log(factor);
      CHECK(why.empty() == (block == 1 || growth <= std::log(std::is_same_v<T, float> ? 0x1p5 : 0x1p12)));
      if (why.empty()) {
        const Matrix<T> y = outputs_of<T>(Convolution<T>(system, block), u);
        CHECK(running_error<T>(y, expected, block, std::exp(growth)) < tolerance<T>);
        if (std::is_same_v<T, double>) CHECK(running_error<T>(y, expected) < tolerance<T>);
      } else {
        CHECK(why.find("at most") != std::string::npos);
      }
    }
    CHECK_NOTHROW(Convolution<T>(system, default_block(system)));
#endif
    const Plan all = plan<T>(system);
    for (const Candidate& candidate : all.candidates) {
      CAPTURE(name(candidate.path));
      CAPTURE(candidate.block);
      Plan one = all;
      one.candidates = {candidate};
      const bool fft = candidate.path != Path::recurrent && candidate.path != Path::chunked;
      const double least = fft ? std::pow(factor, static_cast<double>(candidate.block)) : 0;
      CHECK(running_error<T>(outputs_of<T>(Planned<T>(system, one), u), expected, fft ? candidate.block : 1, least) <
            tolerance<T>);
    }
  }
}

TEST_CASE("A10: kernels of growing systems, and where they pass the largest double") {
  const Vector<double> a = Vector<double>::Constant(1, -2);
  const Matrix<double> one = Matrix<double>::Ones(1, 1);
  const DiscreteDiagonal diagonal{Vector<std::complex<double>>::Constant(1, std::log(2.0)),
                                  Matrix<std::complex<double>>::Ones(1, 1),
                                  Matrix<std::complex<double>>::Constant(1, 1, 0.5), 0 * one};
  for (const DiscreteSystem& system :
       {DiscreteSystem(growing(2)), DiscreteSystem(TransferFunction{a, one, 0 * one}), DiscreteSystem(diagonal)}) {
    CAPTURE(name(structure(system)));
    const Matrix<double> K = kernel(system, 1000);
    for (Index j = 0; j < 1000; ++j) {
      CHECK(K(0, j) == doctest::Approx(std::ldexp(1.0, static_cast<int>(j))).epsilon(1e-12));
    }
    CHECK_THROWS_AS(kernel(system, 2048), std::domain_error);
    CHECK(refusal([&] { kernel(system, 2048); }).find("value 102") != std::string::npos);
  }
  CHECK_NOTHROW(DiagonalKernels<float>({diagonal}));
  DiscreteDiagonal faster = diagonal;
  faster.mu(0) = 2;
  CHECK_NOTHROW(DiagonalKernels<double>({faster}));
  CHECK_THROWS_AS(DiagonalKernels<float>({faster}), std::domain_error);
}

TEST_CASE("A10: kernels of dense systems that grow lose nothing on the way, and the longest chunks with them") {
  constexpr Index order = 18, length = 512;
  Matrix<double> A = support::random_matrix(order, order, 1);
  A *= 1.05 / support::spectral_radius(A);
  const DiscreteStateSpace s{A, support::random_matrix(order, 1, 2), support::random_matrix(1, order, 3),
                             Matrix<double>::Zero(1, 1), 1.0};
  const Matrix<double> K = kernel(s, length);
  Matrix<double> impulse = Matrix<double>::Zero(1, length), y(1, length);
  impulse(0, 0) = 1;
  Chunked<double> chunks(s, length);
  State<double> state = chunks.zero_state();
  chunks.run(impulse, y, state);
  Vector<long double> x = s.B.col(0).cast<long double>();
  for (Index k = 0; k < length; ++k) {
    const long double exact = s.C.row(0).cast<long double>().dot(x);
    const long double scale = s.C.row(0).cwiseAbs().cast<long double>().dot(x.cwiseAbs());
    CHECK(std::abs(static_cast<long double>(K(0, k)) - exact) <= 1e-15L * scale);
    CHECK(std::abs(static_cast<long double>(y(0, k)) - exact) <= 1e-15L * scale);
    if (k + 1 < length) x = (A.cast<long double>() * x).eval();
  }
  CHECK((state.col(0).cast<long double>() - x).cwiseAbs().maxCoeff() <= 1e-15L * x.cwiseAbs().maxCoeff());
}

TEST_CASE("A10: a transfer function that grows slowly, and a normal plus low rank system that does") {
  for (const double radius : {0.99, 1.0, 1.01, 1.3}) {
    CAPTURE(radius);
    TransferFunction ring{Vector<double>::Zero(8), random_matrix(1, 8, 1), Matrix<double>::Zero(1, 1)};
    ring.a(7) = -std::pow(radius, 8);  // poles on a circle
    const Matrix<double> K = kernel(ring, 2000);
    double largest = 0;
    for (Index j = 0; j < 2000; ++j) {
      const double exact =
          ring.C(0, j % 8) * static_cast<double>(std::pow(std::pow(static_cast<long double>(radius), 8.0L),
                                                          static_cast<long double>(j / 8)));
      largest = std::max(largest, std::abs(exact));
      CHECK(std::abs(K(0, j) - exact) <= 1e-11 * largest);
    }
  }
  NplrSystem s = normal_plus_low_rank(LegT{}, 8, random_matrix(1, 8, 2));
  s.lambda.array() += 40;  // of -P P* not enough is left to hold it
  const DiscreteNplr d = discretize(s, 0.01, Discretization::bilinear);
  const DiscreteStateSpace same = dense(d);
  Matrix<double> impulse = Matrix<double>::Zero(1, 600);
  impulse(0, 0) = 1;
  const Matrix<double> expected = support::direct_run(same, impulse, Matrix<double>::Zero(8, 1)).y;
  CHECK(expected.cwiseAbs().maxCoeff() > 1e10 * std::abs(expected(0, 0)));
  CHECK(running_error<double>(kernel(d, 600), expected) < 1e-11);
}

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
    CHECK_THROWS_WITH_AS(Chunked<double>(s, block), doctest::Contains("powers of A"), std::domain_error);
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

TEST_CASE("A10: numbers beyond float are an error, not infinity") {
  const auto one = [](double a, double b, double c) {
    return DiscreteStateSpace{Matrix<double>::Constant(1, 1, a), Matrix<double>::Constant(1, 1, b),
                              Matrix<double>::Constant(1, 1, c), Matrix<double>::Zero(1, 1)};
  };
  CHECK_THROWS_WITH_AS(Recurrence<float>{one(0.5, 1e39, 1e-39)},
                       "longstate::Recurrence: B has numbers beyond the largest float; take double, or other units",
                       std::domain_error);
  CHECK_THROWS_WITH_AS(Recurrence<float>{one(0.5, 1e-39, 1e39)}, doctest::Contains("C has numbers beyond"),
                       std::domain_error);
  CHECK_NOTHROW(Recurrence<float>{one(0.5, 1e20, 1e20)});
  CHECK_NOTHROW(Recurrence<double>{one(0.5, 1e39, 1e-39)});
#if LONGSTATE_WITH_FFTW
  CHECK_THROWS_AS((Convolution<float>{one(0.5, 1e21, 1e21), 64}), std::domain_error);  // its kernel
  // a plan goes on to what can be built
  const DiscreteStateSpace growing = one(1.01, 1, 1);
  const Plan both{{}, Planning::estimate, {{Path::fft, 4096, 0}, {Path::recurrent, 0, 0}}};
  CHECK_NOTHROW(Planned<double>(growing, both));
#endif
}

TEST_CASE("A8: a recurrence whose rounding is of no use is refused by name, and the kernel by it") {
  const DiscreteStateSpace filter = butterworth(9, 0.003);
  CHECK_THROWS_WITH_AS(Recurrence<double>{filter}, doctest::Contains("Recurrence: in double, outputs would be off by"),
                       std::domain_error);
  CHECK_THROWS_WITH_AS(kernel(filter, 1000), doctest::Contains("kernel: in double, outputs would be off by"),
                       std::domain_error);
  CHECK_NOTHROW(Recurrence<double>{butterworth(4, 0.003)});

  // high-passes, whose outputs are small beside |C| |x|: what is promised of that may be all of them
  const auto high_pass = [](int order, double cutoff) {
    DiscreteStateSpace s = butterworth(order, cutoff);
    double binomial = 1;
    for (int i = 1; i <= order; ++i) {
      binomial *= -static_cast<double>(order - i + 1) / i;
      s.C(0, i - 1) = binomial + s.A(0, i - 1);
    }
    s.D(0, 0) = 1;
    return s;
  };
  CHECK_THROWS_AS(Recurrence<double>{high_pass(10, 0.01)}, std::domain_error);
  CHECK_THROWS_AS(Recurrence<float>{high_pass(10, 0.1)}, std::domain_error);
  CHECK_NOTHROW(Recurrence<double>{high_pass(4, 0.01)});

  // what grows is followed as far as double reaches, and is not taken for what cancels
  const DiscreteStateSpace grows{Matrix<double>::Constant(1, 1, 1e217), Matrix<double>::Constant(1, 1, 1e215),
                                 Matrix<double>::Ones(1, 1), Matrix<double>::Zero(1, 1)};
  CHECK(kernel(grows, 1)(0, 0) == 1e215);
  CHECK_NOTHROW(Recurrence<double>{grows});
  CHECK_THROWS_WITH_AS(Recurrence<float>{grows}, doctest::Contains("A has numbers beyond the largest float"), std::domain_error);

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
        CHECK(std::string(refused.what()).find("powers of A") != std::string::npos);
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
    DiscreteStateSpace high = system;
    double binomial = 1;
    for (int i = 1; i <= filter.order; ++i) {
      binomial *= -static_cast<double>(filter.order - i + 1) / i;
      high.C(0, i - 1) = binomial + system.A(0, i - 1);
    }
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
        const bool named = why.find("large numbers that cancel") != why.npos || why.find("would grow") != why.npos;
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
