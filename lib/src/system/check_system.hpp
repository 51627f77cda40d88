#pragma once

// Checks that the forms of a system share.

#include "../detail/check.hpp"

namespace longstate::detail {

template <class M>
void check_finite(std::string_view where, std::string_view field, const M& values) {
  if (!values.allFinite()) fail(where, std::string(field) + " must be finite", "nan or infinity in it");
}

/// B, C, D of any scalar type around a state of `entries`.
template <class MatrixB, class MatrixC>
void check_ports(std::string_view where, Index entries, const MatrixB& B, const MatrixC& C, const Matrix<double>& D) {
  if (B.cols() < 1) fail(where, "B must have at least one column", shape(B.rows(), B.cols()));
  if (C.rows() < 1) fail(where, "C must have at least one row", shape(C.rows(), C.cols()));
  check_shape(where, "B", B.rows(), B.cols(), entries, B.cols());
  check_shape(where, "C", C.rows(), C.cols(), C.rows(), entries);
  check_shape(where, "D", D.rows(), D.cols(), C.rows(), B.cols());
  check_finite(where, "B", B);
  check_finite(where, "C", C);
  check_finite(where, "D", D);
}

}  // namespace longstate::detail
