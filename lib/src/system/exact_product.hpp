#pragma once

// Sums of matrix products to twice the digits of double, by products of double matrices.

#include <longstate/types.hpp>

namespace longstate::detail {

/// A sum of products of matrices, with errors of some 1e-30 of the sizes of their rows and columns, whatever cancels in it.
///
/// Each factor is cut into slices of so few bits that the products of the slices have no rounding (Ozaki, Ogita, Oishi & Rump 2012,
/// "Error-free transformations of matrix multiplication"); these are added as pairs of numbers.
///
/// Cost up to 16 ordinary products.
class ExactSum {
 public:
  ExactSum(Index rows, Index cols) : sum_(Matrix<double>::Zero(rows, cols)), rest_(sum_) {}

  void add_product(const Matrix<double>& L, const Matrix<double>& R);
  Matrix<double> rounded() const { return sum_ + rest_; }

 private:
  void add(const Matrix<double>& M);

  Matrix<double> sum_, rest_;
};

}  // namespace longstate::detail
