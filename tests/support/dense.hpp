#pragma once

// Dense decompositions as the tests take them: those that the library has compiled.

#include <longstate/types.hpp>

#include <complex>

namespace support {

struct Svd {
  longstate::Matrix<double> U;
  longstate::Vector<double> sigma;
  longstate::Matrix<double> V;
};
Svd svd(const longstate::Matrix<double>& A);
longstate::Vector<std::complex<double>> eigenvalues(const longstate::Matrix<double>& A);
longstate::Matrix<double> least_norm_solution(const longstate::Matrix<double>& A, const longstate::Matrix<double>& b);

/// M^-1 b; T: double or complex<double>.
template <class T>
longstate::Matrix<T> solve(const longstate::Matrix<T>& M, const longstate::Matrix<T>& b);

double spectral_radius(const longstate::Matrix<double>& A);

}  // namespace support
