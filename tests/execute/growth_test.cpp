// Models that grow, on every path: right, or refused by name.

#include "support/dense.hpp"
#include "support/largest.hpp"
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
    const double error = support::largest(y.col(k).template cast<double>() - expected.col(k)) / largest;
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
  CHECK(support::largest(state.col(0).cast<long double>() - x) <= 1e-15L * x.cwiseAbs().maxCoeff());
}

TEST_CASE("A10: chunks of a mode that grows and that a ramp hardly drives are off by roundings, not by their tables") {
  constexpr Index length = 3200;  // the mode's 1.003 becomes 14,000, still less than the ramp
  const DiscreteStateSpace s{
      Matrix<double>{{0.91089987523930394, 0.12560546997421151}, {1.1048857253478299, -0.93048853135132825}},
      Matrix<double>{{-0.81883007356807402}, {-0.36658328068400359}}, Matrix<double>{{1, 1}},
      Matrix<double>::Zero(1, 1), 1.0};
  const Matrix<double> u = Vector<double>::LinSpaced(length, 0, 1).transpose();
  const Matrix<double> expected = support::direct_run(s, u, Matrix<double>::Zero(2, 1)).y;
  for (const Index block : {16, 80, 320}) {
    CAPTURE(block);
    CHECK(running_error<double>(outputs_of<double>(Chunked<double>(s, block), u), expected) < 1e-12);
  }
}

TEST_CASE("A10: a state that grows is rounded once a sample, or a block, also where a signal holds still") {
  // A x and then + B u, each rounded at the size of the state, left 1e-5
  const Matrix<double> none = Matrix<double>::Zero(1, 1), one = Matrix<double>::Ones(1, 1);
  const DiscreteStateSpace s{1.003 * one, -0.0600064 * one, one, none, 1};
  for (const float level : {0.37F, 0.5213F, 0.624F}) {
    CAPTURE(level);
    const Matrix<double> u = Matrix<float>::Constant(1, 2400, level).cast<double>();
    const Matrix<double> expected = support::direct_run(s, u, none).y;
    CHECK(running_error<float>(outputs_of<float>(Recurrence<float>(s), u), expected) < 4e-6);
#if LONGSTATE_WITH_FFTW
    CHECK(running_error<float>(outputs_of<float>(Convolution<float>(s, 117), u), expected, 117) < 4e-6);
#endif
  }
}

TEST_CASE("A10: what a diagonal mode that grows slowly loses to rounding is given back before it shows") {
  // lambda^4 just above 1, where float's steps double; given back every 512 samples, up to 7e-6 was missing
  for (const double angle : {0.02, 0.1095, 0.9, 2.7}) {
    for (const double rate : {0.002, 0.01, 0.02, 0.033}) {
      CAPTURE(angle);
      CAPTURE(rate);
      const DiscreteDiagonal s{Vector<std::complex<double>>{{{rate, angle}}}, Matrix<std::complex<double>>::Ones(1, 1),
                               Matrix<std::complex<double>>::Ones(1, 1), Matrix<double>::Zero(1, 1)};
      Matrix<double> impulse = Matrix<double>::Zero(1, 512);
      impulse(0, 0) = 1;
      const Matrix<double> expected = kernel(s, 512);
      CHECK(running_error<float>(outputs_of<float>(Recurrence<float>(s), impulse), expected) < tolerance<float>);
    }
  }
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
