#include "balance.hpp"

#include <algorithm>
#include <cmath>

namespace longstate::detail {
namespace {

/// Exponents within which d and its products with the numbers of a system stay.
constexpr int largest_exponent = 400;

/// The factor by which a column of norm c is to grow and a row of norm r to shrink, if it helps by 5 %; else 1.
double meeting_factor(double c, double r) {
  const double f = unit_between(r, c);
  return c * f + r / f < 0.95 * (c + r) ? f : 1.0;
}

}  // namespace

Vector<double> balancing(const Matrix<double>& A) {
  const Index N = A.rows();
  Vector<double> d = Vector<double>::Ones(N);
  const double largest = A.size() == 0 ? 0 : A.cwiseAbs().maxCoeff();
  if (!(largest > 0 && std::isfinite(largest))) return d;

  Matrix<double> rest = A.cwiseAbs() * std::exp2(-std::ilogb(largest));  // near 1: no sum of these overflows
  const double on_diagonal = rest.diagonal().maxCoeff();
  const double least = on_diagonal > 0 ? on_diagonal : 1.0;
  rest.diagonal().setZero();

  const double bound = std::exp2(largest_exponent);
  constexpr int most_sweeps = 100;
  bool changed = true;
  for (int sweep = 0; sweep < most_sweeps && changed; ++sweep) {
    changed = false;
    for (Index i = 0; i < N; ++i) {
      double c = rest.col(i).sum();
      double r = rest.row(i).sum();
      if (c == 0 && r == 0) continue;
      if (c == 0) c = std::min(least, r);
      if (r == 0) r = std::min(least, c);
      const double f = std::clamp(meeting_factor(c, r), 1 / bound / d(i), bound / d(i));
      if (f == 1) continue;
      rest.col(i) *= f;
      rest.row(i) /= f;
      d(i) *= f;
      changed = true;
    }
  }
  return d;
}

double unit_of(double size) { return size > 0 ? std::exp2(std::ilogb(size)) : 1.0; }

double unit_between(double b, double c) {
  return b > 0 && c > 0 ? std::exp2(std::round((std::log2(b) - std::log2(c)) / 2)) : 1.0;
}

Matrix<double> rescaled(const Matrix<double>& A, const Vector<double>& d) {
  return d.cwiseInverse().asDiagonal() * A * d.asDiagonal();
}

}  // namespace longstate::detail
