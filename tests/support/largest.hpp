#pragma once

// How large an error is, where NaN must not be lost: Eigen's maxCoeff() and std::max() leave it out.

#include <Eigen/Core>

#include <cmath>

namespace support {

/// The largest size of an entry, NaN where one is.
template <class Derived>
typename Derived::RealScalar largest(const Eigen::MatrixBase<Derived>& M) {
  return M.cwiseAbs().template maxCoeff<Eigen::PropagateNaN>();
}

/// The larger of the two, NaN where one is.
template <class Real>
Real larger(Real a, Real b) {
  return std::isnan(a) || a >= b ? a : b;
}

}  // namespace support
