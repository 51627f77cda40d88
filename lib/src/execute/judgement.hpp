#pragma once

// What a trial looks at, and what it says.

#include "beside.hpp"
#include "trial.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace longstate::detail {

/// Why rounding to T may show in outputs.
enum class Doubt { none, powers, sums, range };

/// Powers of A that are not tame; the units given, where they leave the range of T; B, C or a row of A that may add up large numbers that
/// cancel: what a step adds up, and C or the next step makes of it, in parts of the largest of each output of noise.
template <class T>
Doubt doubt(const Powers& powers);

/// An output whose error, seen over a signal, is not small beside the largest of it: of the signal, or, where it is still to come, of others.
/// (|C| |x|, of which paths promise their errors, may be 10^15 times that.)
std::optional<Index> useless_output(const Seen& seen, const std::function<Vector<long double>()>& to_come);

/// What outputs still to come may reach, where they are worth the cost of seeing.
std::function<Vector<long double>()> outputs_to_come(const Powers& powers);

/// The cause, and what helps.
template <class T>
std::string because(Doubt doubt, std::string_view instead);

/// "would be off by 0.02 of the largest output"
std::string off_by(long double share, std::string_view of);

/// "output", of several "output 2"
std::string of_output(Index i, Index outputs);

template <class T>
std::string_view precision() {
  return std::is_same_v<T, float> ? "float" : "double";
}

}  // namespace longstate::detail
