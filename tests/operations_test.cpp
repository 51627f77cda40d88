#include "support/oracle.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

using namespace longstate;
using support::random_matrix;

namespace {

template <class Path>
double flops_a_sample(Path path, Index samples) {
  const Matrix<double> u = random_matrix(path.inputs(), samples, 1);
  Matrix<double> y(path.outputs(), samples);
  auto x = path.zero_state();
  const OperationCount count;
  path.run(u, y, x);
  return double(count.so_far().flops) / double(samples);
}

}  // namespace

TEST_CASE("operations are counted where they are made") {
  constexpr Index N = 64, n = 1024;
  const DiscreteStateSpace dense_model{
      random_matrix(N, N, 1) / 20, random_matrix(N, 2, 2), random_matrix(3, N, 3), random_matrix(3, 2, 4), 1,
      Convention::sequence};
  CHECK(flops_a_sample(Recurrence<double>(dense_model), n) == 2 * (N * N + 2 * N + 3 * N + 6));

  const DiscreteSystem diagonal = discretize(initialize_diagonal("s4d-lin", N), 1e-3, Discretization::zoh);
  const double look_ahead = flops_a_sample(Recurrence<double>(diagonal, 16), n) / 16;
  // 4.5 a pair, the kernel's first four values, and 16 a pair for the state once
  CHECK(look_ahead == doctest::Approx(2 * (2.25 * N + 2.5 + 8.0 * N / n)));
  const Index T = 32;
  CHECK(flops_a_sample(Chunked<double>(diagonal, T), n) == 2 * ((T + 16) / 2 + 2 * N + 2 * N / T));

  const HippoSystem legt{LegT{}, random_matrix(1, N, 5), random_matrix(1, 1, 6)};
  const DiscreteSystem bilinear = discretize(legt, 1e-3, Discretization::bilinear);
  const double swept = flops_a_sample(Recurrence<double>(bilinear, 16), n) / 16;
  CHECK(swept == 2 * (13 * N + 1));
  const HippoSystem legs{LegSExp{}, random_matrix(1, N, 5), random_matrix(1, 1, 6)};
  const double triangular =
      flops_a_sample(Recurrence<double>(discretize(legs, 1e-3, Discretization::backward_euler), 16), n) / 16;
  CHECK(triangular == 2 * (9 * N + 1));
  // a step of diagonal systems: lambda x, B u and the read-out of each number, no vector filled up
  for (const Index order : {64, 6}) {
    const DiscreteSystem one = discretize(initialize_diagonal("s4d-lin", order), 1e-3, Discretization::zoh);
    Recurrence<double> path(one, 3);
    State<double> x = path.zero_state();
    const Vector<double> in = Vector<double>::Ones(3);
    Vector<double> out(3);
    const OperationCount count;
    path.step(in, out, x);
    CHECK(count.so_far().flops == 3 * 2 * (4 * order + 1));
  }
  // of a layer of any systems, whichever comes first
  const std::vector<DiscreteSystem> mixed{diagonal, diagonal.dense()}, turned{diagonal.dense(), diagonal};
  const double both = 2 * (N * N + 2 * N + 2 * N + 2 * (2 * N + 1));
  const auto run_both = [&](const std::vector<DiscreteSystem>& layer) {
    return flops_a_sample(Recurrence<double>(layer), n);
  };
  CHECK(run_both(mixed) == doctest::Approx(both).epsilon(0.1));
  CHECK(run_both(mixed) == run_both(turned));
  const OperationCount nothing;
  CHECK(nothing.so_far().flops == 0);
}

#if LONGSTATE_WITH_FFTW
TEST_CASE("an FFT's operations are those of its plan") {
  constexpr Index N = 8, L = 256;
  const DiscreteSystem diagonal = discretize(initialize_diagonal("s4d-lin", N), 1e-3, Discretization::zoh);
  const double flops = flops_a_sample(Convolution<double>(diagonal, L), 4 * L);
  const double transforms = 2 * 2.5 * 512 * 9 / L;  // two real ones of 512: about 5/2 n log2 n each
  CHECK(flops > 0.6 * transforms);
  CHECK(flops < 1.2 * transforms + 2 * (2 * N + 4 * 257.0 / L + N * N));
}
#endif
