#include "exact_product.hpp"

#include "../detail/balance.hpp"

#include <cmath>
#include <utility>
#include <vector>

namespace longstate::detail {
namespace {

constexpr int digits = 53;

/// M as a sum of matrices with at most `bits` bits in common in each row, the highest first; what is below four of them is left out.
std::vector<Matrix<double>> slices(Matrix<double> M, int bits) {
  constexpr std::size_t most = 4;
  std::vector<Matrix<double>> result;
  while (result.size() < most && (M.array() != 0).any()) {
    Matrix<double> slice(M.rows(), M.cols());
    for (Index i = 0; i < M.rows(); ++i) {
      // beside a number of this size, a sum keeps so many bits of the row's largest, and rounds off the rest
      const double large = 3 * std::ldexp(unit_of(M.row(i).cwiseAbs().maxCoeff()), digits - bits);
      const Vector<double> sum = M.row(i).array() + large;
      slice.row(i) = sum.array() - large;
    }
    M -= slice;
    result.push_back(std::move(slice));
  }
  return result;
}

/// The slices of M^T, transposed back: bits in common in each column.
std::vector<Matrix<double>> slices_of_columns(const Matrix<double>& M, int bits) {
  std::vector<Matrix<double>> result = slices(M.transpose(), bits);
  for (Matrix<double>& slice : result) slice = slice.transpose().eval();
  return result;
}

}  // namespace

void ExactSum::add_product(const Matrix<double>& L, const Matrix<double>& R) {
  const int bits = (digits - 2 - std::ilogb(static_cast<double>(L.cols()))) / 2;
  const std::vector<Matrix<double>> left = slices(L, bits), right = slices_of_columns(R, bits);
  for (const Matrix<double>& l : left) {
    for (const Matrix<double>& r : right) add(l * r);
  }
}

/// By Knuth's sum of two numbers: sum and rounding error.
void ExactSum::add(const Matrix<double>& M) {
  const Matrix<double> sum = sum_ + M;
  const Matrix<double> part = sum - sum_;
  rest_ += (sum_ - (sum - part)) + (M - part);
  sum_ = sum;
}

}  // namespace longstate::detail
