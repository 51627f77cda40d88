#include "gramian.hpp"

#include "../detail/balance.hpp"
#include "../detail/decompositions.hpp"
#include "../detail/epsilon.hpp"
#include "../detail/near_identity.hpp"
#include "schur_states.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace longstate::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Vector<double> row_sizes(const Matrix<double>& M) { return M.cwiseAbs().rowwise().maxCoeff(); }

/// Z' with Z' Z'^T = Z Z^T and no more columns than rows.
Matrix<double> compressed(const Matrix<double>& Z) {
  if (Z.cols() <= Z.rows()) return Z;
  const Vector<double> units = row_sizes(Z).unaryExpr(&unit_of);
  return units.asDiagonal() * triangle_of((units.cwiseInverse().asDiagonal() * Z).transpose()).transpose();
}

Matrix<double> beside(const Matrix<double>& left, const Matrix<double>& right) {
  Matrix<double> both(left.rows(), left.cols() + right.cols());
  both << left, right;
  return both;
}

[[noreturn]] void fail_unstable() {
  throw std::domain_error(
      "longstate::Gramian: the system has none, since it is not stable: an eigenvalue of A lies beyond the boundary of "
      "stability, or on it to "
      "rounding");
}

/// The sum over all powers, from that over those before `power`.
GramianFactor summed(Matrix<double> Z, NearIdentity power) {
  constexpr int most_squarings = 54;  // 40 time constants of 4e14 samples: longer ones are rounding next to 1
  Vector<double> terms = row_sizes(Z);
  for (int k = 0; k < most_squarings; ++k) {
    const Matrix<double> more = power.times(Z);
    if (!more.allFinite()) break;
    const Vector<double> sizes = row_sizes(Z);
    terms = terms.cwiseMax(power.sizes_times(power.sizes_times(sizes)));
    if ((row_sizes(more).array() <= eps / 16 * sizes.array()).all()) {
      double loss = (sizes.array() > 0).select(terms.array() / sizes.array(), 0).maxCoeff();
      if (!std::isfinite(loss)) loss = infinity;
      return {compressed(Z), loss};
    }
    Z = compressed(beside(Z, more));
    power.square();
  }
  return {{}, infinity};
}

/// A_d - I = 2 R A = 2 (c R - I) of the Cayley transform, R = (cI - A)^-1: each entry from the form in which nothing cancels.
Matrix<double> cayley_increment(const Matrix<double>& A, double c, const Matrix<double>& R) {
  Matrix<double> half = c * R;
  for (Index i = 0; i < A.rows(); ++i) half(i, i) = half(i, i) < 0.5 ? half(i, i) - 1 : R.row(i) * A.col(i);
  return 2 * half;
}

/// Of states that are d times those of the factor.
GramianFactor scaled(const GramianFactor& factor, double unit, const Vector<double>& d) {
  if (factor.loss == infinity) return factor;
  return {unit * (d.asDiagonal() * factor.Z), factor.loss};
}

struct Pair {
  GramianFactor controllability, observability;

  template <class System>
  Pair(const System& s, Factors factors)
      : controllability(gramian_factor(s)),
        observability(factors == Factors::both ? gramian_factor(dual(s)) : GramianFactor{{}, 0}) {}
  double loss() const { return std::max(controllability.loss, observability.loss); }
};

}  // namespace

GramianFactor gramian_factor(const DiscreteStateSpace& system) {
  const Balanced balanced(system);
  const double unit = unit_of(balanced.system.B.cwiseAbs().maxCoeff());
  const GramianFactor factor = summed(balanced.system.B / unit, NearIdentity::of(balanced.system.A));
  return scaled(factor, unit, balanced.d);
}

GramianFactor gramian_factor(const StateSpace& system) {
  const Balanced balanced(system);
  const Matrix<double>& A = balanced.system.A;
  const double unit = unit_of(balanced.system.B.cwiseAbs().maxCoeff());
  const double unit_of_rate = unit_of(A.cwiseAbs().maxCoeff());
  const Matrix<double> rate = A / unit_of_rate;
  const double c =
      rate.norm() / std::sqrt(static_cast<double>(A.rows()));  // slower, and the signs of A_d's entries would mix
  if (!(c > 0)) return {{}, infinity};
  const Matrix<double> I = Matrix<double>::Identity(A.rows(), A.cols());
  const Matrix<double> resolvent = Lu<double>(c * I - rate).inverse();
  const Matrix<double> B = std::sqrt(2 * c) * (resolvent * (balanced.system.B / unit));
  const GramianFactor factor = summed(B, NearIdentity(cayley_increment(rate, c, resolvent)));
  return scaled(factor, unit / std::sqrt(unit_of_rate), balanced.d);
}

template <class System>
Gramians<System>::Gramians(const System& s, Factors factors)
    : system(s), T(Matrix<double>::Identity(s.order(), s.order())) {
  constexpr double much = 1e4;
  Pair given(system, factors);
  if (!(given.loss() <= much)) {
    SchurStates<System> schur(system);
    Pair others(schur.system, factors);
    if (others.loss() < given.loss()) {
      std::swap(given, others);
      system = std::move(schur.system);
      T = std::move(schur.T);
    }
  }
  if (given.loss() == infinity) fail_unstable();
  controllability = std::move(given.controllability.Z);
  observability = std::move(given.observability.Z);
}

template struct Gramians<StateSpace>;
template struct Gramians<DiscreteStateSpace>;

}  // namespace longstate::detail
