#pragma once

// What a trial looks at, and what it says.

#include "beside.hpp"
#include "trial.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace longstate::detail {

/// Why rounding to T may show in outputs.
enum class Doubt { none, powers, sums, range };

/// powers: those of A are not tame. range: numbers, in the units given, are near the ends of T. sums: |C| (|A| |x| + |B| |u|), or the same a
/// step later, times eps of T is above 1e-4 of an output's largest under noise.
template <class T>
Doubt doubt(const Powers& powers);

/// Finds outputs whose error, seen over a signal, is above a hundredth of the largest of it: over all signals so far, or, where it is still to
/// come, of noise held for long. (|C| |x|, of which paths promise their errors, may be 10^15 times that.)
class Judge {
 public:
  explicit Judge(const Powers& powers) : powers_(powers), known_(Vector<long double>::Zero(powers.given.outputs())) {}

  std::optional<Index> useless_output(const Seen& seen);

 private:
  const Powers& powers_;
  Vector<long double> known_;  // the largest of each output so far
};

/// Signals are tried in turn until 6 10^7 products are spent; one always is.
class Budget {
 public:
  bool spend(const DiscreteStateSpace& s, Index samples) {
    if (left_ <= 0) return false;
    left_ -= static_cast<double>(work_of_step(s)) * static_cast<double>(samples);
    return true;
  }

 private:
  double left_ = 6e7;
};

/// The cause, and what helps.
template <class T>
std::string because(Doubt doubt, std::string_view instead);

/// Whether T holds the state that a signal starts from.
template <class T>
bool in_range(const Powers& powers, const Excitation& signal) {
  return powers.balanced.d.cwiseProduct(signal.x0).template cast<T>().allFinite();
}

/// "would be off by 0.02 of the largest output"
std::string off_by(long double share, std::string_view of);

/// "output", of several "output 2"
std::string of_output(Index i, Index outputs);

template <class T>
std::string_view precision() {
  return std::is_same_v<T, float> ? "float" : "double";
}

}  // namespace longstate::detail
