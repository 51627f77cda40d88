#include "spectral_split.hpp"

#include "../detail/balance.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace longstate::detail {
namespace {

/// How fast each pole fades, of the fastest rate.
Vector<double> fading(const StateSpace& s) {
  return -s.A.eigenvalues().real() / std::max(s.A.stableNorm(), std::numeric_limits<double>::min());
}
Vector<double> fading(const DiscreteStateSpace& s) { return 1 - s.A.eigenvalues().cwiseAbs().array(); }

/// A matrix whose eigenvalues have a positive real part where the pole fades more slowly than `rate`.
Matrix<double> shifted(const StateSpace& s, double rate) {
  return s.A + rate * s.A.stableNorm() * Matrix<double>::Identity(s.order(), s.order());
}
Matrix<double> shifted(const DiscreteStateSpace& s, double rate) {
  const Matrix<double> radius = (1 - rate) * Matrix<double>::Identity(s.order(), s.order());
  return (s.A + radius).partialPivLu().solve(s.A - radius);
}

/// sign(M) by Newton's iteration, scaled by the determinant.
Matrix<double> sign(Matrix<double> M) {
  constexpr int most_steps = 100;
  for (int step = 0; step < most_steps; ++step) {
    const Eigen::PartialPivLU<Matrix<double>> lu(M);
    const double log_det = lu.matrixLU().diagonal().cwiseAbs().array().log().mean();
    const double scale = std::exp(-log_det);
    const Matrix<double> next = 0.5 * (scale * M + lu.inverse() / scale);
    const double change = (next - M).norm() / next.norm();
    if (!std::isfinite(change)) break;
    M = next;
    if (change < 1e-13 * static_cast<double>(M.rows())) return M;
  }
  throw std::domain_error("longstate::balanced_truncation: the poles that last do not come apart from those that fade");
}

/// An orthonormal basis of the range of a projector.
Matrix<double> range(const Matrix<double>& projector, Index rank) {
  const Eigen::ColPivHouseholderQR<Matrix<double>> qr(projector);
  return qr.householderQ() * Matrix<double>::Identity(projector.rows(), rank);
}

template <class System>
System part(const System& s, const Matrix<double>& T, const Matrix<double>& T_inverse) {
  System result = s;
  result.A = T_inverse * s.A * T;
  result.B = T_inverse * s.B;
  result.C = s.C * T;
  return result;
}

template <class System>
Split<System> split(const System& system) {
  const System s = Balanced(system).system;
  const Index N = s.order();
  Vector<double> rates = fading(s);
  std::sort(rates.begin(), rates.end());
  constexpr double none = 1e-10;  // a rigid-body mode may come out so
  constexpr double slow = 1e-7;
  const Index lasting = rates(0) > none ? 0 : (rates.array() < slow).count();

  const Matrix<double> I = Matrix<double>::Identity(N, N);
  Matrix<double> T = I, T_inverse = I;
  if (lasting > 0 && lasting < N) {
    const double between = std::sqrt(std::max(rates(lasting - 1), none) * rates(lasting));
    const Matrix<double> projector = 0.5 * (I + sign(shifted(s, between)));
    T << range(I - projector, N - lasting), range(projector, lasting);
    T_inverse = T.inverse();
  }
  Split<System> result{part<System>(s, T.leftCols(N - lasting), T_inverse.topRows(N - lasting)),
                       part<System>(s, T.rightCols(lasting), T_inverse.bottomRows(lasting))};
  result.lasting.D.setZero();
  return result;
}

}  // namespace

Split<StateSpace> spectral_split(const StateSpace& system) { return split(system); }
Split<DiscreteStateSpace> spectral_split(const DiscreteStateSpace& system) { return split(system); }

}  // namespace longstate::detail
