// Plans of systems whose powers are large: what blocks lose beside the recurrence.

#include "support/filters.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <stdexcept>
#include <vector>

using namespace longstate;
using support::butterworth;
using support::high_pass;
using support::random_matrix;
using support::takes;

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
        return support::largest((y - exact).rightCols(2000));
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
  if (!support::sanitized) CHECK(plan<double>(butterworth(3, 1e-5)).best().path == Path::recurrent);
}

TEST_CASE("A8: a plan asks every system of a layer, not the first alone") {
  const double pole = 0.9997;
  const TransferFunction four{Vector<double>{{-4 * pole, 6 * pole * pole, -4 * std::pow(pole, 3), std::pow(pole, 4)}},
                              Matrix<double>::Constant(1, 4, 1e-12), Matrix<double>::Zero(1, 1)};
  const DiscreteDiagonal two{Vector<std::complex<double>>{{-0.1, -0.2}}, Matrix<std::complex<double>>::Ones(2, 1),
                             Matrix<std::complex<double>>::Ones(1, 2), Matrix<double>::Zero(1, 1)};
  for (const std::vector<DiscreteSystem>& layer :
       {std::vector<DiscreteSystem>{two, four}, std::vector<DiscreteSystem>{four, two}}) {
    for (const Planning planning : support::values({Planning::estimate, Planning::measure}, {Planning::estimate}))
      CHECK_NOTHROW(Planned<double>(layer, plan<double>(layer, {}, planning)));
  }
}
