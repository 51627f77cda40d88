#pragma once

// Powers of a dense A whose large numbers cancel, or which grows: sample by sample in long double, since what each rounds is amplified by all
// that follow.

#include "growth.hpp"

#include <longstate/types.hpp>

namespace longstate::detail {

using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr Index most_in_long = 128;  ///< states: of more, long double would take long

/// Whether A^k V, k < length, of so many columns V take half a second of long double at most.
inline bool soon_in_long(const Matrix<double>& A, Index columns, Index length) {
  constexpr double products = 3e8;
  return static_cast<double>(A.size()) * static_cast<double>(columns * length) <= products;
}

/// Whether they take long double. What grows, where that is soon done: a mode that the signal hardly drives is all rounding in the end, and
/// that of a table comes again at every block.
inline bool powers_take_long(const Matrix<double>& A, Index columns, Index length) {
  if (A.rows() > most_in_long) return false;
  return !powers_are_tame(A, length) || (soon_in_long(A, columns, length) && log_radius(A) > 0);
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
