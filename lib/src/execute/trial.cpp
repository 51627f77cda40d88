#include "trial.hpp"

#include "../detail/decompositions.hpp"
#include "../detail/denormals.hpp"
#include "../detail/product.hpp"
#include "growth.hpp"
#include "long_powers.hpp"

#include <longstate/execute/transition.hpp>

#include <Eigen/SparseCore>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace longstate::detail {
namespace {

template <class T>
using Sparse = Eigen::SparseMatrix<T, Eigen::RowMajor>;  // of a delay or a companion form most entries are zeros

/// The recurrence in long double, in the units given.
class Exact {
 public:
  Exact(const DiscreteStateSpace& s, Vector<long double> start)
      : x(std::move(start)),
        y(s.outputs()),
        sums(s.outputs()),
        A(s.A.cast<long double>().sparseView()),
        B(s.B.cast<long double>()),
        C(s.C.cast<long double>()),
        D(s.D.cast<long double>()),
        next(s.order()),
        after(s.convention == Convention::sequence) {}

  void step(const Vector<long double>& u) {
    if (!after) see(u);
    next.noalias() = A * x;
    next += B.lazyProduct(u);
    x.swap(next);
    if (after) see(u);
  }

  Vector<long double> x, y;
  Vector<long double> sums;  ///< |C| |x| + |D| |u| of each output

 private:
  void see(const Vector<long double>& u) {
    y = C.lazyProduct(x) + D.lazyProduct(u);
    sums = C.cwiseAbs().lazyProduct(x.cwiseAbs()) + D.cwiseAbs().lazyProduct(u.cwiseAbs());
  }

  Sparse<long double> A;
  Long B, C, D;
  Vector<long double> next;
  bool after;
};

/// The recurrence in T as it is run, but for the order of sums: A less the ones of its diagonal (DenseTransition); of a transfer function
/// A and its sums in double (CompanionTransition).
template <class T, class Coefficient>
class Textbook {
 public:
  Textbook(const DiscreteStateSpace& s, Vector<T> start)
      : x(std::move(start)),
        y(s.outputs()),
        kept((s.A.diagonal().array() > 0.5).template cast<Coefficient>()),
        rest((s.A - Matrix<double>(kept.template cast<double>().asDiagonal()))
                 .template cast<Coefficient>()
                 .sparseView()),
        B(s.B.cast<T>()),
        C(s.C.cast<T>()),
        D(s.D.cast<T>()),
        next(s.order()),
        after(s.convention == Convention::sequence) {}

  void step(const Vector<T>& u) {
    if (!after) y = C.lazyProduct(x) + D.lazyProduct(u);
    now = x.template cast<Coefficient>();
    next.noalias() = rest * now;
    next += kept.cwiseProduct(now);
    x = next.template cast<T>() + B.lazyProduct(u);
    if (after) y = C.lazyProduct(x) + D.lazyProduct(u);
  }

  Vector<T> x, y;

 private:
  Vector<Coefficient> kept;
  Sparse<Coefficient> rest;
  Matrix<T> B, C, D;
  Vector<Coefficient> now, next;
  bool after;
};

/// A signal of -1, 0 and 1, and the state that it starts from, in balanced units. (Signal is the view that a path runs.)
struct Excitation {
  Matrix<double> u;
  Vector<double> x0;
};

/// What has been seen of each output: the largest error, |y|, and |C| |x| + |D| |u|.
struct Seen {
  Vector<long double> error, output, sums;
  explicit Seen(Index outputs) : error(Vector<long double>::Zero(outputs)), output(error), sums(error) {}
};

/// A signal through the recurrence in long double and in T.
template <class T, class Coefficient>
class Beside {
 public:
  Beside(const Powers& powers, const Excitation& signal)
      : d_(powers.balanced.d.cast<long double>()),
        start_(d_.cwiseProduct(signal.x0.cast<long double>()).template cast<T>()),
        exact_(powers.given, start_.template cast<long double>()),
        own_(powers.given, start_),
        seen_(powers.given.outputs()) {}

  void step(const Eigen::Ref<const Vector<double>>& u) {
    constexpr long double growth = 1e30L, most = std::numeric_limits<T>::max() / 4;
    exact_.step(u.cast<long double>());
    const long double size = exact_.x.cwiseQuotient(d_).cwiseAbs().maxCoeff();
    if (unit_ == 0) unit_ = size;
    beyond_ =
        beyond_ || size > growth * unit_ || exact_.x.cwiseAbs().maxCoeff() > most || exact_.sums.maxCoeff() > most;
    if (beyond_) return;
    own_.step(u.template cast<T>());
    see(own_.y, seen_.error);
    seen_.output = seen_.output.cwiseMax(exact_.y.cwiseAbs());
    seen_.sums = seen_.sums.cwiseMax(exact_.sums);
  }

  /// The largest error of each output, y being what a path gives for this sample.
  void see(const Vector<T>& y, Vector<long double>& error) const {
    for (Index i = 0; i < y.size(); ++i) {
      const long double e = std::abs(static_cast<long double>(y(i)) - exact_.y(i));
      if (!(e <= error(i))) error(i) = e;  // NaN, too
    }
  }

  const Vector<T>& start() const { return start_; }  ///< in the units given
  const Seen& seen() const { return seen_; }         ///< of the recurrence in T

  /// Whether numbers have grown so far, by 10^30 or to the largest of T, that what came before has told. What is then seen does not count.
  bool beyond() const { return beyond_; }

 private:
  Vector<long double> d_;
  Vector<T> start_;
  Exact exact_;
  Textbook<T, Coefficient> own_;
  Seen seen_;
  long double unit_ = 0;
  bool beyond_ = false;
};

/// Of either sign, by a shift register: the same every time.
Matrix<double> noise(Index rows, Index cols) {
  std::uint32_t bits = 1;
  return Matrix<double>::NullaryExpr(rows, cols, [&] {
    bits = (bits >> 1) ^ ((bits & 1) != 0 ? 0xB4BCD35CU : 0U);
    return (bits & 1) != 0 ? 1.0 : -1.0;
  });
}

/// Of either sign so that the largest state comes as far as it can in so many samples: by the signs of what each input adds to it, the last
/// first. Slow modes and resonances, which noise hardly moves, are driven as by a constant or a sine of their own.
Matrix<double> driving(const DiscreteStateSpace& s, Index samples) {
  const Sparse<double> A = s.A.sparseView();
  const auto for_responses = [&](auto use) {  // A^k B, while they are finite
    Matrix<double> X = s.B;
    for (Index k = 0; k < samples && X.allFinite(); ++k) {
      use(k, X);
      X = (A * X).eval();
    }
  };
  Vector<double> reach = Vector<double>::Zero(s.order());
  for_responses([&](Index, const Matrix<double>& X) { reach += X.cwiseAbs().rowwise().sum(); });
  Index largest = 0;
  reach.cwiseProduct(s.C.cwiseAbs().colwise().maxCoeff().transpose()).maxCoeff(&largest);
  Matrix<double> u = Matrix<double>::Ones(s.inputs(), samples);
  for_responses([&](Index k, const Matrix<double>& X) {
    u.col(samples - 1 - k) = X.row(largest).transpose().unaryExpr([](double g) { return g < 0 ? -1.0 : 1.0; });
  });
  return u;
}

Excitation from_rest(Matrix<double> u, Index order) { return {std::move(u), Vector<double>::Zero(order)}; }

/// What shows rounding: noise, what drives the largest state, and a constant, which a high-pass is to forget; of several inputs, noise at each
/// alone, too: one may be quieter than another.
std::vector<Excitation> telling_signals(const DiscreteStateSpace& s, Index samples) {
  const Index p = s.inputs();
  std::vector<Excitation> signals{from_rest(noise(p, samples), s.order()), from_rest(driving(s, samples), s.order()),
                                  from_rest(Matrix<double>::Ones(p, samples), s.order())};
  for (Index input = 0; p > 1 && input < p; ++input) {
    Matrix<double> u = Matrix<double>::Zero(p, samples);
    u.row(input) = noise(1, samples);
    signals.push_back(from_rest(std::move(u), s.order()));
  }
  return signals;
}

/// A constant (sign 1) or the fastest tone (-1) that has been there for ever: a resonance elsewhere is at rest, and its kernel cancels.
std::optional<Excitation> steady_signal(const DiscreteStateSpace& s, double sign, Index samples) {
  const Matrix<double> I = Matrix<double>::Identity(s.order(), s.order());
  const Vector<double> x0 = Lu<double>(sign * I - s.A).solve(s.B.rowwise().sum());
  if (!x0.allFinite()) return std::nullopt;
  Matrix<double> u = Matrix<double>::Ones(s.inputs(), samples);
  if (sign < 0) {
    for (Index k = 1; k < samples; k += 2) u.col(k) *= -1;
  }
  return Excitation{std::move(u), x0};
}

std::vector<Excitation> impulses(const DiscreteStateSpace& s, Index block, Index samples) {
  std::vector<Excitation> all;
  for (Index input = 0; input < s.inputs(); ++input) {
    for (const Index at : {Index{0}, block / 2, block - 1}) {
      Matrix<double> u = Matrix<double>::Zero(s.inputs(), samples);
      u(input, at) = 1;
      all.push_back(from_rest(std::move(u), s.order()));
    }
  }
  return all;
}

/// The largest of each output of noise, also of noise held for 32, 1024 and 32,768 samples, so that what a delay holds back counts, too. Powers
/// of A that are not tame end it: what grows would outgrow any error.
Vector<long double> largest_outputs(const DiscreteStateSpace& s) {
  constexpr Index samples = 64, levels = 4, squarings = 5;
  const Matrix<double> u = noise(s.inputs(), samples);
  Matrix<double> A = s.A, B = s.B;  // of a step of 32^level samples
  Vector<double> largest = Vector<double>::Zero(s.outputs());
  for (Index level = 0; level < levels && powers_are_tame(A, samples); ++level) {
    Vector<double> x = Vector<double>::Zero(s.order());
    for (Index k = 0; k < samples; ++k) {
      x = (A * x + B * u.col(k)).eval();
      largest = largest.cwiseMax((s.C * x + s.D * u.col(k)).cwiseAbs());
    }
    if (level + 1 == levels) break;
    for (Index k = 0; k < squarings; ++k) {
      B += product(A, B);
      A = product(A, A);
    }
  }
  return largest.cast<long double>();
}

/// What a step of a trial costs: products with what is not zero, and what goes with them.
Index work_of_step(const DiscreteStateSpace& s) {
  constexpr Index others = 32;
  return (s.A.array() != 0).count() + s.order() * (1 + s.inputs() + 2 * s.outputs()) + others;
}

/// Samples until all that a state holds has come out: past delays, and until the slowest mode has faded, as far as can be waited for.
Index memory(const DiscreteStateSpace& s) {
  constexpr Index products = 20'000'000, longest = Index{1} << 17, most_by_modes = 64;
  const Index N = s.order(), affordable = std::max<Index>(std::min(products / work_of_step(s), longest), 1);
  const auto samples = [&](double wanted) {
    return static_cast<Index>(std::min(wanted, static_cast<double>(affordable)));
  };
  const Index delays = samples(4 * static_cast<double>(N));
  if (N == 0 || N > most_by_modes) return delays;
  constexpr double times = 8;
  const double fading = -std::log(eigenvalues(s.A).cwiseAbs().maxCoeff());  // of poles that lie together: near enough
  return std::max(delays, fading > 0 ? samples(times / fading) : affordable);
}

/// Outputs that are nothing but rounding beside the sums that they are made of, where others are something, or are zero, are not judged by
/// their own size.
template <class V>
Eigen::Array<bool, Eigen::Dynamic, 1> is_nothing(const V& output, const V& sums) {
  constexpr double little = 4e-15;
  Eigen::Array<bool, Eigen::Dynamic, 1> nothing = output.array() <= little * sums.array();
  if (nothing.all()) nothing = output.array() == 0;
  return nothing;
}

/// Why rounding to T may show in outputs.
enum class Doubt { none, powers, sums, range };

/// Powers of A that are not tame; the units given, where they leave the range of T; B, C or a row of A that may add up large numbers that
/// cancel: what a step adds up, and C or the next step makes of it, in parts of the largest of each output of noise.
template <class T>
Doubt doubt(const Powers& powers) {
  if (!powers.tame) return Doubt::powers;
  constexpr double little = 1e-4, rounding = std::numeric_limits<T>::epsilon();
  constexpr double least = std::numeric_limits<T>::min() * 0x1p30, most = std::numeric_limits<T>::max() * 0x1p-30;
  const DiscreteStateSpace& s = powers.balanced.system;
  const Index samples = std::clamp<Index>(500'000 / work_of_step(s), 64, 1024);
  const Matrix<double> u = noise(s.inputs(), samples);
  const Sparse<double> A = s.A.sparseView(), A_abs = A.cwiseAbs();
  const Matrix<double> B_abs = s.B.cwiseAbs(), C_abs = s.C.cwiseAbs();
  Vector<double> x = Vector<double>::Zero(s.order()), reach = x;
  Vector<double> sums = Vector<double>::Zero(s.outputs()), output = sums;
  for (Index k = 0; k < samples; ++k) {
    const Vector<double> sizes = A_abs * x.cwiseAbs() + B_abs * u.col(k).cwiseAbs();
    sums = sums.cwiseMax(C_abs * sizes).cwiseMax(C_abs * (A_abs * sizes));
    x = (A * x + s.B * u.col(k)).eval();
    reach = reach.cwiseMax(x.cwiseAbs());
    output = output.cwiseMax((s.C * x + s.D * u.col(k)).cwiseAbs());
  }
  const auto leaves = [least, most](const auto& values) {
    return ((values.array() > 0 && values.array() < least) || values.array() > most).any();
  };
  const DiscreteStateSpace& given = powers.given;
  if (leaves(powers.balanced.d.cwiseProduct(reach)) || leaves(given.A.cwiseAbs()) || leaves(given.B.cwiseAbs()) ||
      leaves(given.C.cwiseAbs()))
    return Doubt::range;
  const bool cancel = (!is_nothing(output, sums) && rounding * sums.array() > little * output.array()).any();
  return cancel ? Doubt::sums : Doubt::none;
}

/// The cause, and what helps.
template <class T>
std::string because(Doubt doubt, std::string_view instead) {
  std::string text(", since ");
  if (doubt == Doubt::range) {
    text.append("its numbers come near the ends of those of its precision; take ");
    return text.append(std::is_same_v<T, float> ? "double, or " : "")
        .append("other units of the states (rescale_states)");
  }
  text.append(doubt == Doubt::powers ? "powers of A" : "sums of B, C or A");
  return text.append(" hold large numbers that cancel; take ").append(instead).append(other_coordinates);
}

/// An output whose error, seen over a signal, is not small beside the largest of it: of the signal, or, where it is still to come, of others.
/// (|C| |x|, of which paths promise their errors, may be 10^15 times that.)
std::optional<Index> useless_output(const Seen& seen, const std::function<Vector<long double>()>& to_come) {
  constexpr long double of_use = 1e-2L;
  const auto first_beside = [&](const Vector<long double>& output) -> std::optional<Index> {
    const auto nothing = is_nothing(output, seen.sums);
    for (Index i = 0; i < output.size(); ++i) {
      const bool useless = !nothing(i) && !(seen.error(i) <= of_use * output(i));
      if (useless || std::isnan(seen.error(i))) return i;
    }
    return std::nullopt;
  };
  if (!first_beside(seen.output)) return std::nullopt;
  return first_beside(seen.output.cwiseMax(to_come()));
}

/// What outputs still to come may reach, where they are worth the cost of seeing.
std::function<Vector<long double>()> outputs_to_come(const Powers& powers) {
  return [&powers]() -> Vector<long double> {
    if (powers.tame) return largest_outputs(powers.balanced.system);
    return Vector<long double>::Zero(powers.given.outputs());
  };
}

/// "would be off by 0.02 of the largest output"
std::string off_by(long double share, std::string_view of) {
  std::ostringstream text;
  if (std::isfinite(share)) {
    text << "would be off by " << static_cast<double>(share) << " of the largest " << of;
  } else {
    text << "would be rounding alone, beside the largest " << of;
  }
  return text.str();
}

std::string of_output(Index i, Index outputs) { return outputs == 1 ? "output" : "output " + std::to_string(i + 1); }

template <class T>
std::string_view precision() {
  return std::is_same_v<T, float> ? "float" : "double";
}

/// soon: samples after which it is judged, too, before what grows has hidden all else.
template <class T, class Coefficient>
void try_signal(std::string_view where, const Powers& powers, Doubt doubt, const Excitation& signal, Index soon) {
  Beside<T, Coefficient> beside(powers, signal);
  const auto judge = [&] {
    const Seen& seen = beside.seen();
    const std::optional<Index> worst = useless_output(seen, outputs_to_come(powers));
    if (!worst) return;
    const Index i = *worst;
    std::ostringstream text;
    text << "longstate::" << where << ": in " << precision<T>() << ", outputs "
         << off_by(seen.error(i) / seen.output(i), of_output(i, seen.error.size()))
         << because<T>(doubt, std::is_same_v<T, float> ? "double, or " : "");
    throw std::domain_error(text.str());
  };
  for (Index k = 0; k < signal.u.cols() && !beside.beyond(); ++k) {
    beside.step(signal.u.col(k));
    if (k + 1 == soon) judge();
  }
  judge();
}

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
  return s ? std::clamp(promise * condition(*s, samples), promise, most) : promise;  // NaN: promise
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
  if (is_float) own = long_power(in_float(powers.given).A, form.block);
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
  Beside<T, Coefficient> beside(powers, signal);
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

/// In turn, until all products are spent.
struct Budget {
  double left;
  bool spend(double products) {
    if (left <= 0) return false;
    left -= products;
    return true;
  }
};

template <class T, class Coefficient>
void try_all(std::string_view where, const DiscreteSystem& system, const Powers& powers, Doubt doubt,
             const BlockForm& form, const RunBlocks<T>& run) {
  const DiscreteStateSpace& s = powers.balanced.system;
  const Index p = s.inputs(), N = s.order(), samples = form.block * blocks_to_try(s, form.block);
  const Limits limits{allowed_error<T>(system, samples), form.rounds_by_the_largest,
                      form.rounds_by_the_largest ? form.kernel.cwiseAbs().maxCoeff() : 0};
  const double once = static_cast<double>(work_of_step(s)) * static_cast<double>(samples);
  Budget budget{6e7};
  const auto try_one = [&](const Excitation& signal, Hold hold) {
    auto [seen, error] = run_blocks<T, Coefficient>(where, powers, doubt, form.block, run, signal, limits, hold);
    seen.error = error;
    return seen;
  };
  const auto try_of_use = [&](const Excitation& signal, Hold hold) {
    const Seen seen = try_one(signal, hold);
    if (const auto i = useless_output(seen, outputs_to_come(powers)))
      refuse_blocks<T>(where, form.block, doubt, seen.error(*i) / seen.output(*i), of_output(*i, seen.error.size()));
  };
  if (once > budget.left) return try_of_use(from_rest(noise(p, samples), N), Hold::whole);
  const std::vector<Excitation> telling = telling_signals(s, samples);
  for (const Hold hold : {Hold::whole, Hold::parts}) {
    if (hold == Hold::parts && !form.parts) continue;
    for (const Excitation& signal : telling) {
      if (budget.spend(once)) try_of_use(signal, hold);
    }
  }
  for (const Excitation& impulse : impulses(s, form.block, samples)) {
    if (budget.spend(once)) try_of_use(impulse, Hold::whole);
  }
  // Of these the output may be nothing at all: relative to |C| |x| alone. What grows does not stay there.
  if (log_radius(s.A) > 0) return;
  for (const double sign : {1.0, -1.0}) {
    if (!budget.spend(once)) return;
    const auto signal = steady_signal(s, sign, samples);
    if (signal && in_range<T>(powers, *signal)) try_one(*signal, Hold::whole);
  }
}

template <class T, class Coefficient>
bool as_good(const Powers& powers, Index block, const RunBlocks<T>& run) {
  constexpr long double times = 10;
  const DiscreteStateSpace& s = powers.balanced.system;
  const Index samples = block * blocks_to_try(s, block);
  std::vector<Excitation> signals = telling_signals(s, samples);
  if (log_radius(s.A) <= 0) {
    const auto steady = steady_signal(s, 1, samples);
    if (steady && in_range<T>(powers, *steady)) signals.push_back(*steady);
  }
  const Limits none{std::numeric_limits<double>::infinity(), true, 0};
  const auto promised = static_cast<long double>(promised_error<T>(s.order()));
  return std::ranges::all_of(signals, [&](const Excitation& signal) {
    const auto [own, error] =
        run_blocks<T, Coefficient>("plan", powers, Doubt::powers, block, run, signal, none, Hold::whole);
    return (error.array() <= times * own.error.array() + promised * own.output.array()).all();
  });
}

constexpr Index large = 512;  // states of which to see whether powers are large would take seconds

}  // namespace

bool made_of_powers(const DiscreteSystem& system) {
  return std::holds_alternative<DiscreteStateSpace>(system) || std::holds_alternative<TransferFunction>(system);
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
void try_blocks(std::string_view where, const DiscreteSystem& system, const Powers& powers, const BlockForm& form,
                const RunBlocks<T>& run) {
  Doubt why = doubt<T>(powers);
  if (why == Doubt::none && may_cancel(form, powers.given)) why = Doubt::sums;
  if (why == Doubt::none) return;
  check_carry<T>(where, system, powers, form);
  const NoDenormals guard;
  if (std::holds_alternative<TransferFunction>(system))
    return try_all<T, double>(where, system, powers, why, form, run);
  try_all<T, T>(where, system, powers, why, form, run);
}

template <class T>
void try_recurrence(std::string_view where, const DiscreteSystem& system) {
  if (!made_of_powers(system)) return;
  DiscreteStateSpace given = dense(system);
  Balanced balanced(given);
  constexpr Index enough = 4'000'000, few = 16, many = 2048;
  const Index some = std::clamp<Index>(enough / work_of_step(given), few, many);
  const bool tame = given.order() <= large && powers_are_tame(balanced.system.A, some);
  const Powers powers{std::move(given), std::move(balanced), tame};
  const Doubt why = doubt<T>(powers);
  if (why == Doubt::none) return;
  if (std::is_same_v<T, float> && !tame && order(system) <= large) check_in_float(where, system);
  const NoDenormals guard;
  const Index samples = std::max(some, memory(powers.balanced.system));
  for (const Excitation& signal : telling_signals(powers.balanced.system, samples)) {
    if (std::holds_alternative<TransferFunction>(
            system)) {  // NOLINT(bugprone-branch-clone): alike only where T is double
      try_signal<T, double>(where, powers, why, signal, some);
    } else {
      try_signal<T, T>(where, powers, why, signal, some);
    }
  }
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
template void try_recurrence<float>(std::string_view, const DiscreteSystem&);
template void try_recurrence<double>(std::string_view, const DiscreteSystem&);
template void try_blocks<float>(std::string_view, const DiscreteSystem&, const Powers&, const BlockForm&,
                                const RunBlocks<float>&);
template void try_blocks<double>(std::string_view, const DiscreteSystem&, const Powers&, const BlockForm&,
                                 const RunBlocks<double>&);

}  // namespace longstate::detail
