// Trials of paths of blocks.

#include "../detail/product.hpp"
#include "../structure/growth.hpp"
#include "judgement.hpp"
#include "trial.hpp"

#include <longstate/no_denormals.hpp>

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

/// About the sum of ||A^k|| over k < n, by powers of two.
double summed_norms(const Matrix<double>& A, Index n) {
  Matrix<double> power = A;
  double sum = 1, before = power.norm();
  for (Index k = 1; k < n; k *= 2) {
    power = product(power, power);
    const double after = power.norm();
    sum += static_cast<double>(std::min(k, n - k)) * std::max(before, after);
    before = after;
  }
  return sum;
}

/// What roundings that have not faded add to that (docs/accuracy.md): in double the same at every block, one way; in float as a random walk, or,
/// where a signal holds still and nothing fades, one way, too.
template <class T>
double with_unfaded(double allowed, const DiscreteStateSpace& s, Index samples, bool held) {
  constexpr double most = 1e-2;  // as a useless output
  const double slowest = time_constant(s), n = std::min(static_cast<double>(samples), slowest);
  if (std::is_same_v<T, double>) return allowed + 4 * std::numeric_limits<double>::epsilon() * n;
  if (held && std::isinf(slowest)) return std::max(allowed, std::min(1.2e-7 * summed_norms(s.A, samples), most));
  return std::max(allowed, 2.4e-7 * std::sqrt(n));
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

/// States that signals start from, in the units given.
Long start_states(const Powers& powers) {
  Long all(powers.given.order(), 0);
  for (const FromState which : from_states) {
    const auto signal = signal_from_state(powers.balanced.system, which, 1);
    if (!signal) continue;
    all.conservativeResize(Eigen::NoChange, all.cols() + 1);
    all.rightCols(1) = powers.balanced.d.cwiseProduct(signal->x0).cast<long double>();
  }
  return all;
}

/// What an impulse, or a start state, leaves after 1, 2, 4, … blocks by the step as it is rounded, beside long double: where poles lie
/// together, what rounding takes from the entries of A^block may be more than all outputs, or make them grow, long after any signal that is
/// run here.
template <class T>
void check_carry(std::string_view where, const DiscreteSystem& system, const Powers& powers, const BlockForm& form) {
  constexpr bool is_float = std::is_same_v<T, float>;
  constexpr Index most_states = 64, places = 32;
  constexpr long double contracts = 0.5L, beyond = 1e300L;
  const Index N = powers.given.order();
  if (N > most_states) return;
  const auto some = [](Index n) { return Eigen::seq(0, n - 1, std::max<Index>(n / places, 1)); };
  const Long O = form.responses(some(form.responses.rows()), Eigen::all).template cast<long double>(),
             O_abs = O.cwiseAbs();
  const Long impulses = form.reach(Eigen::all, some(form.reach.cols())).template cast<long double>(),
             states = start_states(powers);
  Long R(N, impulses.cols() + states.cols());
  R << impulses, states;
  Long exact = long_power(powers.given.A, form.block), rounded = form.step, own = exact;
  if (is_float && std::holds_alternative<DiscreteStateSpace>(system))
    own = long_power(in_float(powers.given).A, form.block);
  const auto largest = [&](const Long& M) -> Vector<long double> { return M.cwiseAbs().colwise().maxCoeff(); };
  const auto outputs = [&](const Long& power) { return largest(O * Long(power * R)); };
  Vector<long double> scale = largest(powers.given.C.cast<long double>().cwiseAbs() * R.cwiseAbs()),
                      error = Vector<long double>::Zero(R.cols());
  const double promised = allowed_error<T>(system, form.block * blocks_to_try(powers.balanced.system, form.block));
  for (int doubling = 0; doubling <= (is_float ? 12 : 40); ++doubling) {
    // in double, what rounds a power where nothing fades adds up (docs/accuracy.md)
    const long double samples = std::ldexp(static_cast<long double>(form.block), doubling);
    const long double allowed = promised + (is_float ? 0 : 4 * 2.2e-16L * samples);
    scale = scale.cwiseMax(largest(O_abs * Long(exact * R).cwiseAbs()));
    scale.head(impulses.cols()).setConstant(scale.head(impulses.cols()).maxCoeff());  // one filter: one scale
    error = error.cwiseMax(outputs(rounded - exact) - 4 * outputs(own - exact));
    Index worst = 0;
    (error - allowed * scale).maxCoeff<Eigen::PropagateNaN>(&worst);
    if (!(error(worst) <= allowed * scale(worst))) {
      std::ostringstream text;
      text << "longstate::" << where << ": rounded to " << precision<T>() << ", the step of a block of " << form.block
           << " would be wrong by " << static_cast<double>(error(worst) / scale(worst))
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

/// Until one is not good, or the budget is spent. What grows does not stay where a signal has been for ever.
template <class T, class Good>
bool for_each_from_state(const Powers& powers, Index samples, Budget& budget, const Good& good) {
  const DiscreteStateSpace& s = powers.balanced.system;
  const bool grows = log_radius(s.A) > 0;
  for (const FromState which : from_states) {
    if (grows && (which == FromState::constant || which == FromState::tone)) continue;
    if (!budget.spend(s, samples)) break;
    const auto signal = signal_from_state(s, which, samples);
    if (signal && in_range<T>(powers, *signal) && !good(which, *signal)) return false;
  }
  return true;
}

template <class T, class Coefficient>
void try_all(std::string_view where, const DiscreteSystem& system, const Powers& powers, Doubt doubt,
             const BlockForm& form, const RunBlocks<T>& run) {
  const DiscreteStateSpace& s = powers.balanced.system;
  const Index samples = form.block * blocks_to_try(s, form.block);
  const auto limits = [&](bool held) -> Limits {
    return {with_unfaded<T>(allowed_error<T>(system, samples), s, samples, held), form.rounds_by_the_largest,
            form.rounds_by_the_largest ? form.kernel.cwiseAbs().maxCoeff() : 0};
  };
  const Limits of_any = limits(false), of_held = limits(true);
  Judge judge(powers);
  const auto try_one = [&](const Excitation& signal, Hold hold, const Limits& most) {
    auto [seen, error] = run_blocks<T, Coefficient>(where, powers, doubt, form.block, run, signal, most, hold);
    seen.error = error;
    return seen;
  };
  const auto try_of_use = [&](const Excitation& signal, Hold hold) {
    const Seen seen = try_one(signal, hold, of_any);
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
  // Of these the output may be nothing at all: relative to |C| |x| alone.
  for_each_from_state<T>(powers, samples, budget, [&](FromState, const Excitation& signal) {
    try_one(signal, Hold::whole, of_held);
    return true;
  });
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
  return for_each_from_state<T>(powers, samples, budget, [&](FromState which, const Excitation& signal) {
    return which == FromState::tone || keeps_up(signal);  // of a tone that is there for ever the output may be nothing
  });
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
bool as_good_as_steps(const DiscreteSystem& system, Index block, const RunBlocks<T>& run) {
  const std::optional<Powers> powers = powers_of_block("plan", system, block);
  if (!powers || doubt<T>(*powers) == Doubt::none) return true;
  const NoDenormals guard;
  if (std::holds_alternative<TransferFunction>(system)) return as_good<T, double>(*powers, block, run);
  return as_good<T, T>(*powers, block, run);
}

template bool as_good_as_steps<float>(const DiscreteSystem&, Index, const RunBlocks<float>&);
template bool as_good_as_steps<double>(const DiscreteSystem&, Index, const RunBlocks<double>&);
template void try_blocks<float>(std::string_view, const DiscreteSystem&, const Powers&, const BlockForm&,
                                const RunBlocks<float>&);
template void try_blocks<double>(std::string_view, const DiscreteSystem&, const Powers&, const BlockForm&,
                                 const RunBlocks<double>&);

}  // namespace longstate::detail
