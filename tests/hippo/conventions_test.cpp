#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/hippo/conventions.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

using namespace longstate;
using support::relative_error;

// The peers' matrices as their own sources build them, written out anew from those.
namespace {

constexpr Index small_order = 8;

Matrix<double> entries(auto&& f) {
  return Matrix<double>::NullaryExpr(small_order, small_order,
                                     [&](Index i, Index j) { return f(double(i), double(j)); });
}
Vector<double> values(auto&& f) {
  return Vector<double>::NullaryExpr(small_order, [&](Index i) { return f(double(i)); });
}
double sign(double n) { return std::fmod(std::abs(n), 2) == 0 ? 1 : -1; }

/// state-spaces/s4 hippo.py "fourier": pairs cos, sin from frequency 0, whose sine is dead.
Hippo s4_fourier(double frequency, double drop) {
  Matrix<double> A = Matrix<double>::Zero(small_order, small_order);
  for (Index m = 0; m < small_order / 2; ++m) {
    A(2 * m, 2 * m + 1) = -frequency * double(m);
    A(2 * m + 1, 2 * m) = frequency * double(m);
  }
  const Vector<double> p = values([](double n) {
    return n == 0 ? 1.0 : std::fmod(n, 2) == 0 ? std::numbers::sqrt2 : 0.0;
  });
  return {A - drop * p * p.transpose(), drop * p};
}

Hippo peer_matrices(std::string_view name, const ScalingOptions& o) {
  const auto root = [](double n) { return std::sqrt(2 * n + 1); };
  const Hippo legs{entries([&](double n, double k) { return n > k    ? -root(n) * root(k)
                                                            : n == k ? -(n + 1)
                                                                     : 0; }),
                   values(root)};
  const Hippo legt{entries([&](double n, double k) { return -root(n) * root(k) * (n < k ? sign(n - k) : 1); }),
                   values(root)};
  const Hippo lmu{entries([](double i, double j) { return (2 * i + 1) * (i < j ? -1 : sign(i - j + 1)); }),
                  values([](double i) { return (2 * i + 1) * sign(i); })};
  const Hippo lagt{entries([](double n, double k) { return n > k    ? -1.0
                                                           : n == k ? -0.5
                                                                    : 0.0; }),
                   Vector<double>::Ones(small_order)};
  const auto scaled = [](const Hippo& h, double rate) { return Hippo{h.A * rate, h.B * rate}; };

  if (name == "s4-legs") return legs;
  if (name == "s4-legt") return scaled(legt, 0.5);
  if (name == "s4-lmu" || name == "hippo-code-lmu" || name == "lmu-from-legt") return lmu;
  if (name == "s4-lagt" || name == "hippo-code-lagt") return lagt;
  if (name == "s4-fourier") return s4_fourier(std::numbers::pi, 1);
  if (name == "s4-fourier2") return s4_fourier(2 * std::numbers::pi, 2);
  if (name == "hippo-code-legt") return legt;
  if (name == "keras-lmu") return scaled(lmu, 1 / o.window);
  if (name == "hippo-jl-legs") return scaled(legs, 1 / o.window);
  if (name == "hippo-jl-legt") return scaled(legt, 1 / o.window);
  if (name == "hippo-jl-lagt") return {lagt.A, o.beta * lagt.B};
  if (name == "hippo-jl-fout") return scaled(s4_fourier(2 * std::numbers::pi, 2), 1 / o.window);
  if (name == "hippo-code-glagt") {
    const auto binomial = [](double a, double n) {
      return std::exp(std::lgamma(a + 1) - std::lgamma(n + 1) - std::lgamma(a - n + 1));
    };
    const Vector<double> L =
        values([&](double n) { return std::exp(0.5 * (std::lgamma(n + o.alpha + 1) - std::lgamma(n + 1))); });
    const Matrix<double> A = entries([&](double n, double k) {
      return n > k ? -1.0 : n == k ? -(1 + o.beta) / 2 : 0.0;
    });
    const Vector<double> B = values([&](double n) { return binomial(o.alpha + n, n); });
    const double scale = std::exp(-0.5 * std::lgamma(1 - o.alpha)) * std::pow(o.beta, (1 - o.alpha) / 2);
    return {L.cwiseInverse().asDiagonal() * A * L.asDiagonal(), scale * L.cwiseInverse().cwiseProduct(B)};
  }
  throw std::logic_error("no such peer");
}

}  // namespace

TEST_CASE("every peer's matrices come from ours, and ours from theirs") {
  const ScalingOptions options{.window = 2.5, .alpha = 0.5, .beta = 0.75};
  for (const std::string_view name : scaling_names()) {
    CAPTURE(name);
    const Scaling s = scaling(name, small_order, options);
    CHECK((s.T_inverse * s.T - Matrix<double>::Identity(s.order, s.order)).norm() < 1e-14);

    const Hippo theirs = peer_matrices(name, options);
    const Hippo converted = to_peer(s);
    CHECK(relative_error(converted.A, theirs.A) < 1e-13);
    CHECK(relative_error(converted.B, theirs.B) < 1e-13);

    const Hippo ours = hippo(s.measure, s.order);
    const Hippo back = from_peer(s, theirs);
    CHECK(relative_error(back.A, ours.A) < 1e-13);
    CHECK(relative_error(back.B, ours.B) < 1e-13);
  }
}

TEST_CASE("conversions refuse what they do not know") {
  CHECK_THROWS_AS(scaling("s5", small_order), std::invalid_argument);
  CHECK_THROWS_AS(scaling("s4-fourier", 7), std::invalid_argument);
  CHECK_THROWS_AS(scaling("keras-lmu", small_order, {.window = 0}), std::invalid_argument);
  CHECK_THROWS_AS(scaling("hippo-code-glagt", small_order, {.alpha = 1}), std::invalid_argument);
  CHECK_THROWS_AS(from_peer(scaling("s4-legt", small_order), hippo(LegT{}, small_order + 1)), std::invalid_argument);
}
