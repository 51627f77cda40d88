#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/sizes.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

struct Case {
  std::string name;
  DiscreteSystem system;
};

/// One of each structure, and of each loop that a structure has.
std::vector<Case> cases(Index order, double turn, Convention convention) {
  const auto random = [&](Index rows, Index cols, unsigned seed) { return random_matrix(rows, cols, seed); };
  const DiscretizeOptions options{.convention = convention};
  DiagonalSystem diagonal = initialize_diagonal("s4d-lin", 2 * order);
  diagonal.lambda *= turn;
  diagonal.B = random(order, 1, 1).cast<std::complex<double>>() * std::complex<double>(1, 0.5);
  diagonal.C = random(1, order, 2).cast<std::complex<double>>() * std::complex<double>(0.3, 1);
  diagonal.D(0, 0) = 0.25;
  DiagonalSystem silent = diagonal;
  silent.B(0, 0) = 0;  // not in the lanes
  const HippoSystem legt{LegT{}, random(1, order, 3), random(1, 1, 4)},
      fourier{Fourier{}, random(1, order, 5), random(1, 1, 6)}, legs{LegSExp{}, random(1, order, 7), random(1, 1, 8)};
  const NplrSystem s4 = normal_plus_low_rank(LegSExp{}, order + order % 2, random(1, order + order % 2, 9));
  std::vector<Case> all{{"diagonal", discretize(diagonal, 1e-3, Discretization::zoh, options)},
                        {"diagonal, an entry without input", discretize(silent, 1e-3, Discretization::zoh, options)},
                        {"legt, bilinear", discretize(legt, 1e-3, Discretization::bilinear, options)},
                        {"legs-exp, zoh", discretize(legs, 1e-3, Discretization::zoh, options)},
                        {"fourier, bilinear", discretize(fourier, 1e-3, Discretization::bilinear, options)},
                        {"nplr", discretize(s4, 1e-3, Discretization::bilinear, options)}};
  all.push_back({"dense", all[2].system.dense()});
  return all;
}

/// step() from each sample to the next, beside the recurrence in long double; u, y and x are parts of larger matrices.
template <class T>
void check_steps(const std::vector<DiscreteSystem>& layer, Index copies, double bound) {
  constexpr Index length = 40;
  const Matrix<T> u = random_matrix(copies, length, 7).cast<T>();
  const Index order = layer.front().order();
  Matrix<T> around = Matrix<T>::Constant(order + 3, copies + 2, T(7));
  around.block(1, 1, order, copies) = random_matrix(order, copies, 8).template cast<T>();
  const Matrix<T> x0 = around.block(1, 1, order, copies);
  const support::Run expected = support::direct_run(layer, u.template cast<double>(), x0.template cast<double>());
  Recurrence<T> path(layer, copies);
  Matrix<T> y(copies, length), frame = Matrix<T>::Constant(copies + 2, 2, T(5));
  for (Index k = 0; k < length; ++k) {
    frame.col(0).segment(1, copies) = u.col(k);
    path.step(frame.col(0).segment(1, copies), frame.col(1).segment(1, copies), around.block(1, 1, order, copies));
    y.col(k) = frame.col(1).segment(1, copies);
  }
  CHECK(relative_error(y.template cast<double>(), expected.y) < bound);
  CHECK(relative_error(around.block(1, 1, order, copies).template cast<double>(), expected.x) < bound);
  around.block(1, 1, order, copies).setConstant(T(7));
  CHECK((around.array() == T(7)).all());  // nothing beside it was written
  CHECK(frame(0, 1) == T(5));
  CHECK(frame(copies + 1, 1) == T(5));
}

}  // namespace

TEST_CASE_TEMPLATE("step is the recurrence: every structure and instruction set, from any state", T, float, double) {
  for (const Convention convention : {Convention::sequence, Convention::control}) {
    for (const Index order : support::values<Index>({1, 2, 5, 16, 37}, {5, 17})) {
      const std::vector<Case> alone = cases(order, 1, convention), others = cases(order, 1.1, convention);
      for (std::size_t i = 0; i < alone.size(); ++i) {
        CAPTURE(alone[i].name);
        CAPTURE(order);
        const double N = std::max<double>(double(alone[i].system.order()), 16);
        const double bound = std::is_same_v<T, float> ? 2 * N * 1.2e-7 : 1e-13;
        support::EachTarget()([&] {
          for (const Index copies : support::values<Index>({1, 2, 9, 33}, {1, 9})) {
            CAPTURE(copies);
            check_steps<T>({alone[i].system}, copies, bound);
            if (copies > 1) check_steps<T>({alone[i].system, others[i].system}, copies, bound);
          }
        });
      }
    }
  }
}

TEST_CASE_TEMPLATE("step does the same to the bit wherever the state lies", T, float, double) {
  constexpr Index copies = 3, stride = 96, numbers = 74;
  DiagonalSystem system = initialize_diagonal("s4d-lin", numbers);
  const Matrix<T> u = random_matrix(copies, 1, 1).cast<T>(), x0 = random_matrix(numbers, copies, 2).cast<T>();
  support::EachTarget()([&] {
    Recurrence<T> own(discretize(system, 1e-3, Discretization::zoh), copies);
    alignas(64) std::array<T, (copies + 1) * stride> memory;
    State<T> first_x;
    Vector<T> first_y;
    for (Index offset = 0; offset < 16; ++offset) {
      CAPTURE(offset);
      memory.fill(T(7));
      using Part = Eigen::Map<Eigen::Matrix<T, -1, -1>, 0, Eigen::OuterStride<>>;
      Part x(memory.data() + offset, numbers, copies, Eigen::OuterStride<>(stride));
      x = x0;
      Vector<T> y(copies);
      own.step(u.col(0), y, x);
      if (offset == 0) first_x = x, first_y = y;
      CHECK(State<T>(x) == first_x);
      CHECK(y == first_y);
      x.setConstant(T(7));
      CHECK(std::all_of(memory.begin(), memory.end(), [](T value) { return value == T(7); }));
    }
  });
}

TEST_CASE("step leaves the floating-point mode to its caller, by NoDenormals") {
  DiagonalSystem fading = initialize_diagonal("s4d-lin", 32);
  fading.lambda.setConstant(-50.0);
  Recurrence<float> path(discretize(fading, 1e-3, Discretization::zoh));
  const auto denormal_seen = [&] {
    State<float> x = State<float>::Ones(path.order(), 1);
    Vector<float> u = Vector<float>::Zero(1), y(1);
    bool seen = false;
    for (int k = 0; k < 3000; ++k) {
      path.step(u, y, x);
      for (const float& value : x.reshaped()) {
        std::uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        seen = seen || ((bits & 0x7f800000U) == 0 && (bits & 0x007fffffU) != 0);
      }
    }
    return seen;
  };
  CHECK(denormal_seen());
  {
    const NoDenormals guard;
    CHECK_FALSE(denormal_seen());
  }
  CHECK(denormal_seen());  // as it was
}
