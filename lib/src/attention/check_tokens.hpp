#pragma once

// Numbers of tokens that are not finite: found where they come in or arise, named by the token's place, and kept out of what
// later tokens read.

#include "../detail/check.hpp"

namespace longstate::detail {

/// The first column of M that holds a value which is not finite is named as `what` first + k.
template <class M>
void check_columns(std::string_view where, std::string_view what, const M& columns, Index first) {
  if (columns.allFinite()) return;
  for (Index k = 0; k < columns.cols(); ++k) {
    for (const auto value : columns.col(k)) {
      if (std::isfinite(value)) continue;
      fail(where, std::string(what).append(" ").append(std::to_string(first + k)).append(" must be finite"), value);
    }
  }
}

/// Columns as tokens leave them: |k|^power must be finite, power 2 or 4. With |q|^2 and |k|^2 no product of a query and a key
/// overflows, nor a part of it (Cauchy-Schwarz), so that scores need no check.
template <class M>
void check_powers(std::string_view where, std::string_view what, const M& columns, Index first, int power) {
  for (Index k = 0; k < columns.cols(); ++k) {
    const auto square = columns.col(k).squaredNorm();
    if (std::isfinite(power == 4 ? square * square : square)) continue;
    fail(where,
         std::string(what)
             .append(" of token ")
             .append(std::to_string(first + k))
             .append(" must be so short that its length to the power of ")
             .append(std::to_string(power))
             .append(" is finite"),
         std::sqrt(square));
  }
}

}  // namespace longstate::detail
