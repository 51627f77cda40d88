#include "support/dense.hpp"
#include "../lib/src/detail/decompositions.hpp"

namespace support {

using longstate::Matrix;
using longstate::Vector;
namespace detail = longstate::detail;

Svd svd(const Matrix<double>& A) {
  detail::Svd found = detail::svd(A);
  return {std::move(found.U), std::move(found.sigma), std::move(found.V)};
}

Vector<std::complex<double>> eigenvalues(const Matrix<double>& A) { return detail::eigenvalues(A); }

Matrix<double> least_norm_solution(const Matrix<double>& A, const Matrix<double>& b) {
  return detail::least_norm_solution(A, b);
}

template <class T>
Matrix<T> solve(const Matrix<T>& M, const Matrix<T>& b) {
  return detail::Lu<T>(M).solve(b);
}
template Matrix<double> solve(const Matrix<double>&, const Matrix<double>&);
template Matrix<std::complex<double>> solve(const Matrix<std::complex<double>>&, const Matrix<std::complex<double>>&);

double spectral_radius(const Matrix<double>& A) { return eigenvalues(A).cwiseAbs().maxCoeff(); }

}  // namespace support
