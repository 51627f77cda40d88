#pragma once

// The one form of the library's complaints: "longstate::where: what must be …, got …".

#include <longstate/types.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace longstate::detail {

template <class Got>
[[noreturn]] void fail(std::string_view where, std::string_view rule, const Got& got) {
  std::ostringstream text;
  text << "longstate::" << where << ": " << rule << ", got " << got;
  throw std::invalid_argument(text.str());
}

/// 'text', without operator+, for which g++ 12 warns of an overlap that is not there (GCC bug 105651).
inline std::string quoted(std::string_view text) { return std::string("'").append(text).append("'"); }

/// For a name that is none of the known ones.
template <class Names>
[[noreturn]] void fail_unknown(std::string_view where, std::string_view what, const Names& known,
                               std::string_view got) {
  std::string rule(what);
  rule.append(" must be one of");
  for (const std::string_view name : known) rule.append(" ").append(name);
  fail(where, rule, quoted(got));
}

inline void check_positive(std::string_view where, std::string_view parameter, double value) {
  if (!(std::isfinite(value) && value > 0)) {
    fail(where, std::string(parameter) + " must be positive and finite", value);
  }
}

inline void check_above(std::string_view where, std::string_view parameter, double bound, double value) {
  if (std::isfinite(value) && value > bound) return;
  std::ostringstream rule;
  rule << parameter << " must be above " << bound;
  fail(where, rule.str(), value);
}

inline void check_order(std::string_view where, Index order) {
  if (order < 1 || order > max_order) {
    fail(where, "order must be from 1 to " + std::to_string(max_order), order);
  }
}

inline std::string shape(Index rows, Index cols) {
  return std::to_string(rows).append(" x ").append(std::to_string(cols));
}

inline void check_shape(std::string_view where, std::string_view parameter, Index rows, Index cols, Index want_rows,
                        Index want_cols) {
  if (rows != want_rows || cols != want_cols) {
    fail(where, std::string(parameter) + " must be " + shape(want_rows, want_cols), shape(rows, cols));
  }
}

/// delta: channels x samples, each the length of a step in seconds. A pass without branches; allocates only to complain.
template <class M>
void check_steps(std::string_view where, const M& delta) {
  using T = typename M::Scalar;
  const auto is_step = [](T step) { return (step >= 0) & (step <= std::numeric_limits<T>::max()); };  // not NaN
  for (Index k = 0; k < delta.cols(); ++k) {
    const T* const steps = delta.data() + k * delta.outerStride();
    bool good = true;
    for (Index c = 0; c < delta.rows(); ++c) good &= is_step(steps[c]);
    if (good) continue;
    const T* const wrong = std::find_if_not(steps, steps + delta.rows(), is_step);
    fail(where, "delta of sample " + std::to_string(k) + " must be finite and not negative", *wrong);
  }
}

}  // namespace longstate::detail
