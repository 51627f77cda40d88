#pragma once

// Powers of a matrix near the identity.

#include <longstate/types.hpp>

#include <utility>

namespace longstate::detail {

/// A matrix as diag(ones) + rest, ones of zeros and ones, so that its powers keep the digits of what sets slow states apart from the
/// identity: 1 - 1e-12, squared forty times as a number, would have none left.
class NearIdentity {
 public:
  /// I + rest
  explicit NearIdentity(Matrix<double> rest) : ones_(Vector<double>::Ones(rest.rows())), rest_(std::move(rest)) {
    settle();
  }
  static NearIdentity of(const Matrix<double>& A) {
    return NearIdentity(A - Matrix<double>::Identity(A.rows(), A.cols()));
  }

  void square();
  Matrix<double> times(const Matrix<double>& Z) const;            ///< A Z
  Matrix<double> times_from_left(const Matrix<double>& C) const;  ///< C A
  Vector<double> sizes_times(const Vector<double>& x) const;      ///< |A| x

 private:
  void settle();  ///< an entry that is nearer to 0 than to 1 gives up its one

  Vector<double> ones_;
  Matrix<double> rest_;
};

}  // namespace longstate::detail
