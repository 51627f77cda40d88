#pragma once

// Powers of a dense A whose large numbers cancel, or which grows: sample by sample in long double, since what each rounds is amplified by all
// that follow.

#include "growth.hpp"

#include <longstate/types.hpp>

namespace longstate::detail {

using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr Index most_in_long = 128;  ///< states: of more, long double would take long

/// Whether A^k V, k < length, of so many columns V take long double. What grows: a mode that the signal hardly drives is all rounding in
/// the end, and that of a table comes again at every block; to 3e8 products, half a second.
inline bool powers_take_long(const Matrix<double>& A, Index columns, Index length) {
  constexpr double soon = 3e8;
  if (A.rows() > most_in_long) return false;
  if (!powers_are_tame(A, length)) return true;
  return static_cast<double>(A.size()) * static_cast<double>(columns * length) <= soon && log_radius(A) > 0;
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
