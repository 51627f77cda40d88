#include "truth.hpp"

#include <Eigen/LU>

#include <cmath>
#include <numbers>

namespace support {
namespace {

using namespace longstate;
using LongVector = Vector<long double>;

Long lengthen(const Matrix<double>& M) { return M.cast<long double>(); }

/// Of complex entries each (re, im): x -> scale x, x -> 2 Re(c x).
void put_factor(Long& A, Index row, Index col, std::complex<long double> factor) {
  A.block<2, 2>(2 * row, 2 * col) << factor.real(), -factor.imag(), factor.imag(), factor.real();
}

Long rows_of(const Matrix<std::complex<double>>& B) {
  Long rows(2 * B.rows(), B.cols());
  for (Index n = 0; n < B.rows(); ++n) {
    rows.row(2 * n) = B.row(n).real().cast<long double>();
    rows.row(2 * n + 1) = B.row(n).imag().cast<long double>();
  }
  return rows;
}

Long columns_of(const Matrix<std::complex<double>>& C) {
  Long columns(C.rows(), 2 * C.cols());
  for (Index n = 0; n < C.cols(); ++n) {
    columns.col(2 * n) = 2 * C.col(n).real().cast<long double>();
    columns.col(2 * n + 1) = -2 * C.col(n).imag().cast<long double>();
  }
  return columns;
}

/// The equation of a measure: Gu et al. 2020 (HiPPO), theorems 1 and 2, app. D; Voelker et al. 2019 (LMU), eqs. 1 and 2.
struct Equation {
  Long A;
  LongVector B;
};

long double root(Index n) { return std::sqrt(static_cast<long double>(2 * n + 1)); }
long double sign(Index n) { return n % 2 == 0 ? 1 : -1; }

template <class Entry, class Input>
Equation equation(Index N, long double theta, const Entry& entry, const Input& input) {
  Equation e{Long(N, N), LongVector(N)};
  for (Index n = 0; n < N; ++n) {
    for (Index k = 0; k < N; ++k) e.A(n, k) = entry(n, k) / theta;
    e.B(n) = input(n) / theta;
  }
  return e;
}

Equation equation(const LegSExp& measure, Index N) {
  return equation(
      N, measure.timescale,
      [](Index n, Index k) -> long double {
        if (n == k) return -static_cast<long double>(n + 1);
        return n > k ? -root(n) * root(k) : 0;
      },
      root);
}

Equation equation(const LegT& measure, Index N) {
  return equation(
      N, measure.window, [](Index n, Index k) { return -root(n) * root(k) * (n >= k ? 1 : sign(n - k)); }, root);
}

Equation equation(const Lmu& measure, Index N) {
  return equation(
      N, measure.window, [](Index n, Index k) { return root(n) * root(n) * (n < k ? -1 : sign(n - k + 1)); },
      [](Index n) { return root(n) * root(n) * sign(n); });
}

Equation equation(const LagT& measure, Index N) {
  return equation(
      N, measure.timescale,
      [](Index n, Index k) -> long double {
        if (n == k) return -0.5L;
        return n > k ? -1 : 0;
      },
      [](Index) { return 1.0L; });
}

Equation equation(const Fourier& measure, Index N) {
  const auto now = [](Index n) -> long double {  // the basis at age 0: 1, then cosines and sines
    if (n == 0) return 1;
    return n % 2 == 1 ? std::numbers::sqrt2_v<long double> : 0;
  };
  return equation(
      N, measure.window,
      [&](Index n, Index k) {
        const long double turn =
            2 * std::numbers::pi_v<long double> * static_cast<long double>((std::max(n, k) + 1) / 2);
        const bool cosine = n % 2 == 1 && k == n + 1, sine = n % 2 == 0 && n > 0 && k == n - 1;
        return -2 * now(n) * now(k) + (sine ? turn : cosine ? -turn : 0);
      },
      [&](Index n) { return 2 * now(n); });
}

Equation equation(const Measure& measure, Index N) {
  if (const auto* m = std::get_if<LegSExp>(&measure)) return equation(*m, N);
  if (const auto* m = std::get_if<LegT>(&measure)) return equation(*m, N);
  if (const auto* m = std::get_if<Lmu>(&measure)) return equation(*m, N);
  if (const auto* m = std::get_if<LagT>(&measure)) return equation(*m, N);
  return equation(std::get<Fourier>(measure), N);
}

}  // namespace

Long exponential(Long X) {
  int squarings = 0;
  while (std::ldexp(static_cast<double>(X.cwiseAbs().colwise().sum().maxCoeff()), -squarings) > 0.5) ++squarings;
  X *= std::ldexp(1.0L, -squarings);
  const Long I = Long::Identity(X.rows(), X.cols());
  Long sum = I;
  for (int n = 30; n > 0; --n) sum = I + (X * sum).eval() / n;
  for (int i = 0; i < squarings; ++i) sum = (sum * sum).eval();
  return sum;
}

ContinuousTruth truth(const StateSpace& s) { return {lengthen(s.A), lengthen(s.B), lengthen(s.C), lengthen(s.D)}; }

ContinuousTruth truth(const HippoSystem& s) {
  const Equation e = equation(s.measure, s.C.cols());
  return {e.A, e.B, lengthen(s.C), lengthen(s.D)};
}

ContinuousTruth truth(const DiagonalSystem& s) {
  const Index entries = s.lambda.size();
  Long A = Long::Zero(2 * entries, 2 * entries);
  for (Index n = 0; n < entries; ++n) put_factor(A, n, n, std::complex<long double>(s.lambda(n)));
  return {A, rows_of(s.B), columns_of(s.C), lengthen(s.D)};
}

ContinuousTruth truth(const NplrSystem& s) {
  ContinuousTruth t = truth(DiagonalSystem{s.lambda, s.B, s.C, s.D});
  // P 2 Re(P* x): the columns of 2 Re(conj(p) x) are those of an output.
  t.A -= rows_of(s.P) * columns_of(s.P.adjoint());
  return t;
}

Truth truth(const TransferFunction& s) {
  const Index N = s.a.size();
  Long A = Long::Zero(N, N), B = Long::Zero(N, 1);
  A.row(0) = -s.a.transpose().cast<long double>();
  for (Index n = 1; n < N; ++n) A(n, n - 1) = 1;
  B(0, 0) = 1;
  return {A, B, lengthen(s.C), lengthen(s.D), s.convention == Convention::control};
}

Truth by_zoh(const ContinuousTruth& s, double dt, Convention convention) {
  const Index N = s.A.rows(), p = s.B.cols();
  Long X = Long::Zero(N + p, N + p);  // the input as states that hold still
  X.topLeftCorner(N, N) = s.A * static_cast<long double>(dt);
  X.topRightCorner(N, p) = s.B * static_cast<long double>(dt);
  const Long E = exponential(X);
  return {E.topLeftCorner(N, N), E.topRightCorner(N, p), s.C, s.D, convention == Convention::control};
}

Truth by_gbt(const ContinuousTruth& s, double dt, double alpha) {
  const Long I = Long::Identity(s.A.rows(), s.A.rows()), hA = s.A * static_cast<long double>(dt);
  const Long right = I + (1 - static_cast<long double>(alpha)) * hA, input = s.B * static_cast<long double>(dt);
  const Eigen::PartialPivLU<Eigen::Matrix<long double, -1, -1>> left(I - static_cast<long double>(alpha) * hA);
  return {left.solve(right), left.solve(input), s.C, s.D, false};
}

TrueRun run(const Truth& s, const Long& u, const Long& x0) {
  const Long C_sizes = s.C.cwiseAbs(), D_sizes = s.D.cwiseAbs();
  TrueRun r{Long(s.C.rows(), u.cols()), x0, 0, x0.cwiseAbs().maxCoeff()};
  for (Index k = 0; k < u.cols(); ++k) {
    const Long u_k = u.col(k), next = s.A * r.x + s.B * u_k;
    const Long& seen = s.control ? r.x : next;
    r.y.col(k) = s.C * seen + s.D * u_k;
    r.output_scale = std::max(r.output_scale, (C_sizes * seen.cwiseAbs() + D_sizes * u_k.cwiseAbs()).maxCoeff());
    r.state_scale = std::max(r.state_scale, next.cwiseAbs().maxCoeff());
    r.x = next;
  }
  return r;
}

}  // namespace support
