#include "excitation.hpp"

#include "../detail/decompositions.hpp"
#include "../detail/product.hpp"
#include "../structure/growth.hpp"
#include "beside.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace longstate::detail {
namespace {

/// Of either sign so that the largest state comes as far as it can in so many samples: by the signs of what each input adds to it, the last
/// first. Slow modes and resonances, which noise hardly moves, are driven as by a constant or a sine of their own.
Matrix<double> driving(const DiscreteStateSpace& s, Index samples) {
  const Sparse<double> A = s.A.sparseView();
  const auto for_responses = [&](auto use) {  // A^k B, while they are finite
    Matrix<double> X = s.B;
    for (Index k = 0; k < samples && X.allFinite(); ++k) {
      use(k, X);
      X = (A * X).eval();
    }
  };
  Vector<double> reach = Vector<double>::Zero(s.order());
  for_responses([&](Index, const Matrix<double>& X) { reach += X.cwiseAbs().rowwise().sum(); });
  Index largest = 0;
  reach.cwiseProduct(s.C.cwiseAbs().colwise().maxCoeff().transpose()).maxCoeff(&largest);
  Matrix<double> u = Matrix<double>::Ones(s.inputs(), samples);
  for_responses([&](Index k, const Matrix<double>& X) {
    u.col(samples - 1 - k) = X.row(largest).transpose().unaryExpr([](double g) { return g < 0 ? -1.0 : 1.0; });
  });
  return u;
}

/// (z I - A)^-1 b
Vector<double> resolvent(const DiscreteStateSpace& s, double z, const Vector<double>& b) {
  return Lu<double>(z * Matrix<double>::Identity(s.order(), s.order()) - s.A).solve(b);
}

}  // namespace

Matrix<double> noise(Index rows, Index cols) {
  std::uint32_t bits = 1;
  return Matrix<double>::NullaryExpr(rows, cols, [&] {
    bits = (bits >> 1) ^ ((bits & 1) != 0 ? 0xB4BCD35CU : 0U);
    return (bits & 1) != 0 ? 1.0 : -1.0;
  });
}

Excitation from_rest(Matrix<double> u, Index order) { return {std::move(u), Vector<double>::Zero(order)}; }

Index telling_signals(const DiscreteStateSpace& s) { return s.inputs() > 1 ? 3 + s.inputs() : 3; }

Excitation telling_signal(const DiscreteStateSpace& s, Index which, Index samples) {
  const Index p = s.inputs(), N = s.order();
  if (which == 0) return from_rest(noise(p, samples), N);
  if (which == 1) return from_rest(driving(s, samples), N);
  if (which == 2) return from_rest(Matrix<double>::Ones(p, samples), N);
  Matrix<double> u = Matrix<double>::Zero(p, samples);
  u.row(which - 3) = noise(1, samples);
  return from_rest(std::move(u), N);
}

std::optional<Excitation> signal_from_state(const DiscreteStateSpace& s, FromState which, Index samples) {
  const Matrix<double> silence = Matrix<double>::Zero(s.inputs(), samples);
  const auto steady = [&](double sign) -> Excitation {
    Matrix<double> u = silence;
    for (Index k = 0; k < samples; ++k) u.col(k).setConstant(k % 2 == 0 ? 1 : sign);
    return {std::move(u), resolvent(s, sign, s.B.rowwise().sum()), sign < 0};
  };
  const auto let_go = [&](double z) -> Excitation {
    const Vector<double> x0 = resolvent(s, z, noise(s.order(), 1));
    return {silence, x0 / x0.cwiseAbs().maxCoeff()};
  };
  const Excitation signal = which == FromState::constant           ? steady(1)
                            : which == FromState::constant_let_go  ? let_go(1 + 0x1p-20)
                            : which == FromState::slow_rise_let_go ? let_go(1 + 0x1p-8)
                            : which == FromState::tone_let_go      ? let_go(-1 - 0x1p-8)
                                                                   : steady(-1);
  if (!signal.x0.allFinite()) return std::nullopt;
  return signal;
}

Excitation impulse(const DiscreteStateSpace& s, Index which, Index block, Index samples) {
  const Index places[] = {0, block / 2, block - 1};
  Matrix<double> u = Matrix<double>::Zero(s.inputs(), samples);
  u(which / 3, places[which % 3]) = 1;
  return from_rest(std::move(u), s.order());
}

Vector<long double> largest_outputs(const DiscreteStateSpace& s) {
  constexpr Index samples = 64, levels = 4, squarings = 5;
  const Matrix<double> u = noise(s.inputs(), samples);
  Matrix<double> A = s.A, B = s.B;  // of a step of 32^level samples
  Vector<double> largest = Vector<double>::Zero(s.outputs());
  for (Index level = 0; level < levels && powers_are_tame(A, samples); ++level) {
    Vector<double> x = Vector<double>::Zero(s.order());
    for (Index k = 0; k < samples; ++k) {
      x = (A * x + B * u.col(k)).eval();
      largest = largest.cwiseMax((s.C * x + s.D * u.col(k)).cwiseAbs());
    }
    if (level + 1 == levels) break;
    for (Index k = 0; k < squarings; ++k) {
      B += product(A, B);
      A = product(A, A);
    }
  }
  return largest.cast<long double>();
}

Index work_of_step(const DiscreteStateSpace& s) {
  constexpr Index others = 32;
  return (s.A.array() != 0).count() + s.order() * (1 + s.inputs() + 2 * s.outputs()) + 8 * s.inputs() + others;
}

double time_constant(const DiscreteStateSpace& s) {
  constexpr Index most_by_modes = 64;
  if (s.order() == 0 || s.order() > most_by_modes) return 0;
  const double fading = -std::log(eigenvalues(s.A).cwiseAbs().maxCoeff());  // of poles that lie together: near enough
  return fading > 0x1p-20 ? 1 / fading : std::numeric_limits<double>::infinity();
}

Index memory(const DiscreteStateSpace& s) {
  constexpr Index products = 20'000'000, longest = Index{1} << 17, of_lasting = Index{1} << 13;
  const Index N = s.order(), affordable = std::max<Index>(std::min(products / work_of_step(s), longest), 1);
  const auto samples = [&](double wanted) {
    return static_cast<Index>(std::min(wanted, static_cast<double>(affordable)));
  };
  const Index delays = samples(4 * static_cast<double>(N));
  constexpr double times = 8;
  const double slowest = time_constant(s);
  return std::max(delays, std::isfinite(slowest) ? samples(times * slowest) : std::min(affordable, of_lasting));
}

}  // namespace longstate::detail
