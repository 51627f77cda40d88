#include "trial.hpp"

#include "../structure/growth.hpp"
#include "../structure/table.hpp"
#include "judgement.hpp"

#include <longstate/execute/transition.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace longstate::detail {
namespace {

template <class T>
[[noreturn]] void refuse(std::string_view where, Doubt doubt, long double share, std::string_view of) {
  std::ostringstream text;
  text << "longstate::" << where << ": in " << precision<T>() << ", outputs " << off_by(share, of)
       << because<T>(doubt, std::is_same_v<T, float> ? "double, or " : "");
  throw std::domain_error(text.str());
}

/// soon: samples after which it is judged, too, before what grows has hidden all else.
template <class T, class Coefficient>
void try_signal(std::string_view where, const Powers& powers, Doubt doubt, Judge& judge, const Excitation& signal,
                Index soon) {
  Beside<T, Coefficient> beside(powers.given, powers.balanced.d, signal);
  const auto look = [&] {
    const Seen& seen = beside.seen();
    if (const auto i = judge.useless_output(seen))
      refuse<T>(where, doubt, seen.error(*i) / seen.output(*i), of_output(*i, seen.error.size()));
  };
  for (Index k = 0; k < signal.u.cols() && !beside.beyond(); ++k) {
    beside.step(signal.u.col(k));
    if (k + 1 == soon) look();
  }
  look();
}

/// Outputs may be nothing at all: each relative to its |C| |x|.
template <class T, class Coefficient>
void try_from_state(std::string_view where, const Powers& powers, Doubt doubt, const Excitation& signal) {
  constexpr long double of_use = 1e-2L;
  Beside<T, Coefficient> beside(powers.given, powers.balanced.d, signal);
  for (Index k = 0; k < signal.u.cols() && !beside.beyond(); ++k) beside.step(signal.u.col(k));
  const Seen& seen = beside.seen();
  for (Index i = 0; i < seen.error.size(); ++i) {
    if (!(seen.error(i) <= of_use * seen.sums(i)))  // NaN, too
      refuse<T>(where, doubt, seen.error(i) / seen.sums(i), "|C| |x| from a start state");
  }
}

template <class T, class Coefficient>
void try_all(std::string_view where, const Powers& powers, Doubt doubt, Index samples, Index soon) {
  const DiscreteStateSpace& s = powers.balanced.system;
  Judge judge(powers);
  Budget budget;
  for (Index which = 0; which < telling_signals(s) && budget.spend(s, samples); ++which)
    try_signal<T, Coefficient>(where, powers, doubt, judge, telling_signal(s, which, samples), soon);
  for (const FromState which : free_responses) {
    if (!budget.spend(s, samples)) return;
    const auto signal = signal_from_state(s, which, samples);
    if (signal && in_range<T>(powers, *signal)) try_from_state<T, Coefficient>(where, powers, doubt, *signal);
  }
}

constexpr Index most_tried = 512;  // states of which to see whether powers are large would take seconds

}  // namespace

bool made_of_powers(const DiscreteSystem& system) {
  return with_row(system, [](const auto& row, const auto&) { return row.made_of_powers; });
}

std::optional<Powers> powers_of_block(std::string_view where, const DiscreteSystem& system, Index block) {
  if (!made_of_powers(system)) return std::nullopt;
  DiscreteStateSpace given = dense(system);
  Balanced balanced(given);
  const Matrix<double>& A = balanced.system.A;
  const bool tame = powers_are_tame(A, block);
  constexpr double long_to_try = 3e8;  // products of long double
  const double two_blocks = 2 * static_cast<double>(block) * static_cast<double>(work_of_step(given));
  if (!tame && two_blocks > long_to_try && !powers_are_tame(A * std::exp(-log_radius(A)), block)) {
    std::ostringstream text;
    text
        << "longstate::" << where << ": powers of A up to that of a block of " << block
        << " hold large numbers that may cancel, and what that does to so many states would take long to see; take the "
           "recurrence, or "
        << other_coordinates;
    throw std::domain_error(text.str());
  }
  return Powers{std::move(given), std::move(balanced), tame};
}

template <class T>
void try_recurrence(std::string_view where, const DiscreteSystem& system) {
  if (!made_of_powers(system) || (std::is_same_v<T, double> && order(system) > most_tried)) return;
  DiscreteStateSpace given = dense(system);
  Balanced balanced(given);
  constexpr Index enough = 4'000'000, few = 16, many = 2048;
  const Index some = std::clamp<Index>(enough / work_of_step(given), few, many);
  const bool tame = given.order() <= most_tried && powers_are_tame(balanced.system.A, some);
  const Powers powers{std::move(given), std::move(balanced), tame};
  const Doubt why = doubt<T>(powers);
  if (why == Doubt::none) return;
  if (std::is_same_v<T, float> && !tame && order(system) <= most_tried) check_in_float(where, system);
  const NoDenormals guard;
  const Index samples = std::max(some, memory(powers.balanced.system));
  if (std::holds_alternative<TransferFunction>(system)) return try_all<T, double>(where, powers, why, samples, some);
  try_all<T, T>(where, powers, why, samples, some);
}

template void try_recurrence<float>(std::string_view, const DiscreteSystem&);
template void try_recurrence<double>(std::string_view, const DiscreteSystem&);

}  // namespace longstate::detail
