#pragma once

// Powers of a dense A whose large numbers cancel: sample by sample in long double, since what each rounds is amplified by all that follow.

#include "growth.hpp"

#include <longstate/types.hpp>

namespace longstate::detail {

using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr Index most_in_long = 128;  ///< states: of more, long double would take long

inline bool powers_take_long(const Matrix<double>& A, Index length) {
  return A.rows() <= most_in_long && !powers_are_tame(A, length);
}

/// use(k, A^k V) for k < length.   Cost O(N^2) a column of V and k
template <class Use>
void for_each_power(const Matrix<double>& A, const Matrix<double>& V, Index length, Use use) {
  const Long step = A.cast<long double>();
  Long state = V.cast<long double>();
  for (Index k = 0; k < length; ++k) {
    use(k, state);
    state = (step * state).eval();
  }
}

}  // namespace longstate::detail
