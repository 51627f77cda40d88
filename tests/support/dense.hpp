#pragma once

// Eigen's dense decompositions as the tests take them: those that are compiled already, once.

#include "../lib/src/detail/decompositions.hpp"

namespace support {

using longstate::detail::eigenvalues;
using longstate::detail::least_norm_solution;
using longstate::detail::svd;

/// M^-1 b
template <class T>
longstate::Matrix<T> solve(const longstate::Matrix<T>& M, const longstate::Matrix<T>& b) {
  return longstate::detail::Lu<T>(M).solve(b);
}

inline double spectral_radius(const longstate::Matrix<double>& A) { return eigenvalues(A).cwiseAbs().maxCoeff(); }

}  // namespace support
