#pragma once

// Dense products in the widest instructions of the machine: Eigen's own are those of the baseline.

#include "../simd/product.hpp"
#include "aligned.hpp"

namespace longstate::detail {

/// A B
template <class T>
Matrix<T> product(const Matrix<T>& A, const Matrix<T>& B) {
  constexpr auto vectors = static_cast<Index>(simd::product_rows);
  const auto size = [](Index n) { return static_cast<std::size_t>(n); };
  const Index rows = (A.rows() + vectors - 1) / vectors * vectors;
  Aligned<T> left = Aligned<T>::Zero(rows, A.cols());
  left.topRows(A.rows()) = A;
  Matrix<T> result(rows, B.cols());
  simd::product_loops<T>().set(left.data(), size(rows), size(left.cols()), B.data(), size(B.rows()), size(B.cols()),
                               result.data(), size(rows));
  if (rows == A.rows()) return result;
  return result.topRows(A.rows());
}

}  // namespace longstate::detail
