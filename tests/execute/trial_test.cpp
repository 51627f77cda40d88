// Dense systems whose sums cancel, or whose units leave the range of T: each output is judged by its own size, whatever the units.

#include "support/filters.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace longstate;
using support::butterworth;
using support::has_kernel;
using support::takes;

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

TEST_CASE("A8: a double integrator is taken in blocks: of the fastest tone its position is nothing") {
  for (const double h : {0.001, 0.002, 0.01, 0.07, 0.2}) {
    CAPTURE(h);
    const DiscreteStateSpace s{Matrix<double>{{1, h}, {0, 1}},
                               Matrix<double>{{h * h / 2}, {h}},
                               Matrix<double>{{1, 0}},
                               Matrix<double>::Zero(1, 1),
                               h,
                               Convention::control};
    for (const Index block : {16, 64}) CHECK(takes<Chunked<double>>(s, block));
    CHECK(takes<Chunked<float>>(s, 16));
  }
}
