// Trials of paths of blocks.

#include "../detail/denormals.hpp"
#include "growth.hpp"
#include "judgement.hpp"
#include "trial.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace longstate::detail {
namespace {

/// ||a||_1 ||1/a||_1, by which coefficients determine outputs of so many samples (docs/accuracy.md).
double condition(const TransferFunction& s, Index samples) {
  Vector<long double> inverse = Vector<long double>::Zero(samples);
  const Vector<long double> a = s.a.cast<long double>();
  for (Index k = 0; k < samples; ++k) {
    const Index known = std::min(k, a.size());
    inverse(k) = (k == 0 ? 1 : 0) - a.head(known).dot(inverse.segment(k - known, known).reverse());
  }
  return (1 + s.a.lpNorm<1>()) * static_cast<double>(inverse.lpNorm<1>());
}

/// What is promised of |C| |x|; to a transfer function, times its condition.
template <class T>
double allowed_error(const DiscreteSystem& system, Index samples) {
  constexpr double most = 1e-3;
  const double promise = promised_error<T>(order(system));
  const auto* s = std::get_if<TransferFunction>(&system);
  if (s == nullptr) return promise;
  const double wide = promise * condition(*s, samples);
  return wide > promise ? std::min(wide, most) : promise;  // NaN: of what grows
}

/// Whether outputs of a block, or of the next, may be small differences of large numbers: |C A^k| |x| beyond |C| |x|, with x the state at
/// the start of the block, or what |A^block| carries of it to the next. Growth looks the same.
bool may_cancel(const BlockForm& form, const DiscreteStateSpace& s) {
  constexpr double much = 8;
  const Matrix<double> at_once = s.C.cwiseAbs(), responses = form.responses.cwiseAbs();
  const Matrix<double> step = form.step.cast<double>().cwiseAbs();
  for (Index column = 0; column < form.reach.cols(); column += std::max<Index>(form.block / 4, 1)) {
    const Vector<double> x = form.reach.col(column).cwiseAbs(), carried = step * x;
    const double most = much * (at_once * x).maxCoeff();
    const auto beyond = [&](const Matrix<double>& rows, const Vector<double>& state) {
      return !((rows * state).maxCoeff() <= most);  // NaN, too
    };
    if (beyond(responses, x) || beyond(at_once, carried) || beyond(responses, carried)) return true;
  }
  return false;
}

/// Of a signal, so that a system of one input costs a million products, and all that a state holds has come out.
Index blocks_to_try(const DiscreteStateSpace& s, Index block) {
  constexpr Index enough = 1'000'000;
  const Index affordable = enough / (work_of_step(s) * (s.inputs() + 1) * block);
  return std::max(std::min<Index>(affordable, 64), memory(s) / block + 2);
}

/// A^block in long double, by squaring.
Long long_power(const Matrix<double>& A, Index block) {
  Long result = Long::Identity(A.rows(), A.cols()), square = A.cast<long double>();
  for (Index rest = block; rest > 0; rest /= 2) {
    if (rest % 2 == 1) result = (square * result).eval();
    if (rest > 1) square = (square * square).eval();
  }
  return result;
}

/// What an impulse leaves after 1, 2, 4, … blocks by the step as it is rounded, beside long double: where poles lie together, what rounding
/// takes from the entries of A^block may be more than all outputs, or make them grow, long after any signal that is run here.
template <class T>
void check_carry(std::string_view where, const DiscreteSystem& system, const Powers& powers, const BlockForm& form) {
  constexpr bool is_float = std::is_same_v<T, float>;
  constexpr Index most_states = 64, places = 32;
  constexpr long double contracts = 0.5L, beyond = 1e300L;
  const Index N = powers.given.order();
  if (N > most_states) return;
  const auto some = [](Index n) { return Eigen::seq(0, n - 1, std::max<Index>(n / places, 1)); };
  const Long O = form.responses(some(form.responses.rows()), Eigen::all).template cast<long double>(),
             R = form.reach(Eigen::all, some(form.reach.cols())).template cast<long double>(), O_abs = O.cwiseAbs();
  Long exact = long_power(powers.given.A, form.block), rounded = form.step, own = exact;
  if (is_float && std::holds_alternative<DiscreteStateSpace>(system))
    own = long_power(in_float(powers.given).A, form.block);
  const auto largest = [&](const Long& power) { return Long(O * Long(power * R)).cwiseAbs().maxCoeff(); };
  long double scale = (powers.given.C.cwiseAbs() * form.reach.cwiseAbs()).maxCoeff(), error = 0;
  const double promised = allowed_error<T>(system, form.block * blocks_to_try(powers.balanced.system, form.block));
  for (int doubling = 0; doubling <= (is_float ? 12 : 40); ++doubling) {
    // in double, what rounds a power where nothing fades adds up (docs/accuracy.md)
    const long double samples = std::ldexp(static_cast<long double>(form.block), doubling);
    const long double allowed = promised + (is_float ? 0 : 4 * 2.2e-16L * samples);
    scale = std::max(scale, Long(O_abs * Long(exact * R).cwiseAbs()).maxCoeff());
    error = std::max(error, largest(rounded - exact) - 4 * largest(own - exact));
    if (!(error <= allowed * scale)) {
      std::ostringstream text;
      text << "longstate::" << where << ": rounded to " << precision<T>() << ", the step of a block of " << form.block
           << " would be wrong by " << static_cast<double>(error / scale)
           << " of the largest |C| |x|; take the recurrence, " << (is_float ? "double, " : "") << "or "
           << other_coordinates;
      throw std::domain_error(text.str());
    }
    if (exact.norm() < contracts && rounded.norm() < contracts) return;
    for (Long* power : {&exact, &rounded, &own}) *power = (*power * *power).eval();
    if (!(exact.norm() < beyond && own.norm() < beyond)) return;  // grows
  }
}

enum class Hold { whole, parts };

/// What a path of blocks is held against.
struct Limits {
  double allowed;     // of |C| |x|
  bool to_end;        // of |C| |x| to the end of the block, and
  long double least;  // at least the largest value of the kernel: what an FFT rounds relative to
};

template <class T>
[[noreturn]] void refuse_blocks(std::string_view where, Index block, Doubt doubt, long double error,
                                std::string_view of) {
  std::ostringstream text;
  text << "longstate::" << where << ": blocks of " << block << " " << off_by(error, of)
       << because<T>(doubt, "the recurrence, or ");
  throw std::domain_error(text.str());
}

/// Runs a signal by whole blocks, or by blocks and parts of them in turn. What is seen of the recurrence in T, and the largest errors of the
/// path.
template <class T, class Coefficient>
std::pair<Seen, Vector<long double>> run_blocks(std::string_view where, const Powers& powers, Doubt doubt, Index block,
                                                const RunBlocks<T>& run, const Excitation& signal, const Limits& limits,
                                                Hold hold) {
  constexpr long double most_own = 1e-3L;
  Beside<T, Coefficient> beside(powers.given, powers.balanced.d, signal);
  Vector<T> x = beside.start();
  Vector<long double> error = Vector<long double>::Zero(powers.given.outputs());
  Matrix<T> y;
  Index part = 1, L = block;  // parts of 1, 3, 7, … take every power that there is
  for (Index start = 0; start + L <= signal.u.cols() && !beside.beyond(); start += L) {
    y.resize(powers.given.outputs(), L);
    run(signal.u.middleCols(start, L).template cast<T>(), y, x);
    for (Index k = 0; k < L && !beside.beyond(); ++k) {
      beside.step(signal.u.col(start + k));
      if (!beside.beyond()) beside.see(y.col(k), error);
      if (limits.to_end && k + 1 < L && !beside.beyond()) continue;
      const Seen& own = beside.seen();
      const long double S = std::max(own.sums.maxCoeff(), limits.least),
                        allowed = limits.allowed * S + 4 * std::min(own.error.maxCoeff(), most_own * S);
      for (Index i = 0; i < error.size(); ++i) {
        if (!(error(i) <= allowed)) refuse_blocks<T>(where, block, doubt, error(i) / S, "|C| |x|");  // NaN, too
      }
    }
    if (hold == Hold::whole) continue;
    L = part < block ? part : block;
    part = part < block ? 2 * part + 1 : 1;
  }
  return {beside.seen(), error};
}

/// Whether T holds the state that a signal starts from.
template <class T>
bool in_range(const Powers& powers, const Excitation& signal) {
  return powers.balanced.d.cwiseProduct(signal.x0).template cast<T>().allFinite();
}

template <class T, class Coefficient>
void try_all(std::string_view where, const DiscreteSystem& system, const Powers& powers, Doubt doubt,
             const BlockForm& form, const RunBlocks<T>& run) {
  const DiscreteStateSpace& s = powers.balanced.system;
  const Index samples = form.block * blocks_to_try(s, form.block);
  const Limits limits{allowed_error<T>(system, samples), form.rounds_by_the_largest,
                      form.rounds_by_the_largest ? form.kernel.cwiseAbs().maxCoeff() : 0};
  Judge judge(powers);
  const auto try_one = [&](const Excitation& signal, Hold hold) {
    auto [seen, error] = run_blocks<T, Coefficient>(where, powers, doubt, form.block, run, signal, limits, hold);
    seen.error = error;
    return seen;
  };
  const auto try_of_use = [&](const Excitation& signal, Hold hold) {
    const Seen seen = try_one(signal, hold);
    if (const auto i = judge.useless_output(seen))
      refuse_blocks<T>(where, form.block, doubt, seen.error(*i) / seen.output(*i), of_output(*i, seen.error.size()));
  };
  Budget budget;
  for (const Hold hold : {Hold::whole, Hold::parts}) {
    if (hold == Hold::parts && !form.parts) continue;
    for (Index which = 0; which < telling_signals(s) && budget.spend(s, samples); ++which)
      try_of_use(telling_signal(s, which, samples), hold);
  }
  for (Index which = 0; which < 3 * s.inputs() && budget.spend(s, samples); ++which)
    try_of_use(impulse(s, which, form.block, samples), Hold::whole);
  // Of these the output may be nothing at all: relative to |C| |x| alone. What grows does not stay there.
  if (log_radius(s.A) > 0) return;
  for (const double sign : {1.0, -1.0}) {
    if (!budget.spend(s, samples)) return;
    const auto signal = steady_signal(s, sign, samples);
    if (signal && in_range<T>(powers, *signal)) try_one(*signal, Hold::whole);
  }
}

template <class T, class Coefficient>
bool as_good(const Powers& powers, Index block, const RunBlocks<T>& run) {
  constexpr long double times = 10;
  const DiscreteStateSpace& s = powers.balanced.system;
  const Index samples = block * blocks_to_try(s, block);
  const Limits none{std::numeric_limits<double>::max(), true, std::numeric_limits<double>::max()};
  const auto promised = static_cast<long double>(promised_error<T>(s.order()));
  const auto keeps_up = [&](const Excitation& signal) {
    const auto [own, error] =
        run_blocks<T, Coefficient>("plan", powers, Doubt::powers, block, run, signal, none, Hold::whole);
    return (error.array() <= times * own.error.array() + promised * own.output.array()).all();
  };
  Budget budget;
  for (Index which = 0; which < telling_signals(s) && budget.spend(s, samples); ++which) {
    if (!keeps_up(telling_signal(s, which, samples))) return false;
  }
  if (log_radius(s.A) > 0) return true;
  const auto steady = steady_signal(s, 1, samples);
  return !steady || !in_range<T>(powers, *steady) || keeps_up(*steady);
}

}  // namespace

template <class T>
void try_blocks(std::string_view where, const DiscreteSystem& system, const Powers& powers, const BlockForm& form,
                const RunBlocks<T>& run) {
  Doubt why = doubt<T>(powers);
  if (why == Doubt::none && may_cancel(form, powers.given)) why = Doubt::sums;
  if (why == Doubt::none) return;
  // Where two blocks would take seconds: of tame powers the recurrence's sums are those of blocks.
  constexpr double long_to_try = 1e9;  // products
  const double two_blocks = 2 * static_cast<double>(form.block) * static_cast<double>(work_of_step(powers.given));
  if (powers.tame && two_blocks > long_to_try) return try_recurrence<T>(where, system);
  check_carry<T>(where, system, powers, form);
  const NoDenormals guard;
  if (std::holds_alternative<TransferFunction>(system))
    return try_all<T, double>(where, system, powers, why, form, run);
  try_all<T, T>(where, system, powers, why, form, run);
}

template <class T>
bool as_good_as_steps(const DiscreteSystem& system, Index block, const std::function<RunBlocks<T>()>& make) {
  const std::optional<Powers> powers = powers_of_block("plan", system, block);
  if (!powers || doubt<T>(*powers) == Doubt::none) return true;
  const RunBlocks<T> run = make();
  const NoDenormals guard;
  if (std::holds_alternative<TransferFunction>(system)) return as_good<T, double>(*powers, block, run);
  return as_good<T, T>(*powers, block, run);
}

template bool as_good_as_steps<float>(const DiscreteSystem&, Index, const std::function<RunBlocks<float>()>&);
template bool as_good_as_steps<double>(const DiscreteSystem&, Index, const std::function<RunBlocks<double>()>&);
template void try_blocks<float>(std::string_view, const DiscreteSystem&, const Powers&, const BlockForm&,
                                const RunBlocks<float>&);
template void try_blocks<double>(std::string_view, const DiscreteSystem&, const Powers&, const BlockForm&,
                                 const RunBlocks<double>&);

}  // namespace longstate::detail
