#include "block_check.hpp"

#include "../detail/balance.hpp"
#include "../detail/decompositions.hpp"
#include "../detail/product.hpp"
#include "block_form.hpp"
#include "growth.hpp"
#include "long_powers.hpp"

#include <longstate/execute/transition.hpp>

#include <Eigen/SparseCore>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace longstate::detail {
namespace {

/// A system as long double has it, the textbook recurrence with states in T beside it, and what has been seen of both.
template <class T, class Coefficient = T>
class Beside {
 public:
  Beside(const DiscreteStateSpace& s, const Vector<double>& x0)
      : A(s.A.cast<long double>().sparseView()),
        B(s.B.cast<long double>()),
        C(s.C.cast<long double>()),
        D(s.D.cast<long double>()),
        A_own(s.A.cast<Coefficient>()),
        B_own(s.B.cast<Coefficient>()),
        C_own(s.C.cast<Coefficient>()),
        after(s.convention == Convention::sequence),
        x(x0.cast<long double>()),
        rounded(x0.cast<T>()) {}

  void step(const Eigen::Ref<const Vector<double>>& u) {
    if (!after) see(u);
    x = (A * x + B.lazyProduct(u.cast<long double>())).eval();
    rounded = (A_own * rounded.template cast<Coefficient>() + B_own * u.cast<Coefficient>()).template cast<T>().eval();
    if (after) see(u);
  }

  /// C A^k x (sequence: C A^(k+1) x): what the state adds to outputs of the next `length` samples. q x length
  Long responses(Index length) const {
    Long y(C.rows(), length);
    Vector<long double> state = x;
    for (Index k = 0; k < length; ++k) {
      if (after) state = (A * state).eval();
      y.col(k) = C.lazyProduct(state);
      if (!after) state = (A * state).eval();
    }
    return y;
  }

  long double scale() const { return scale_; }         ///< the largest |C| |x| + |D| |u| so far
  long double output() const { return output_; }       ///< the largest |y| so far
  const Vector<long double>& y() const { return y_; }  ///< the last
  long double own_error() const { return error_; }     ///< the largest of the recurrence in T so far
  long double first_states() const { return first_; }  ///< the sum of |x_0|; of a companion form's impulse ||1/a||_1

  /// Whether numbers have grown so far, by 10^30 or near the largest of T, that what came before has told. What is then seen does not count.
  bool beyond() const { return beyond_; }

 private:
  void see(const Eigen::Ref<const Vector<double>>& u) {
    constexpr long double growth = 1e30L, largest = std::numeric_limits<T>::max() * 0x1p-20L;
    const Vector<long double> passed = D.cwiseAbs().lazyProduct(u.cast<long double>().cwiseAbs());
    const long double size = x.cwiseAbs().maxCoeff(),
                      scale = (C.cwiseAbs().lazyProduct(x.cwiseAbs()) + passed).maxCoeff();
    if (unit_ == 0) unit_ = size;
    beyond_ = beyond_ || size > growth * unit_ || std::max(size, scale) > largest;
    if (beyond_) return;
    scale_ = std::max(scale_, scale);
    y_ = C.lazyProduct(x) + D.lazyProduct(u.cast<long double>());
    output_ = std::max(output_, y_.cwiseAbs().maxCoeff());
    const Vector<Coefficient> seen = C_own * rounded.template cast<Coefficient>();
    const long double error = (seen.template cast<long double>() - C.lazyProduct(x)).cwiseAbs().maxCoeff();
    if (!(error <= error_)) error_ = error;  // NaN, too
    first_ += std::abs(x(0));
  }

  Eigen::SparseMatrix<long double, Eigen::RowMajor> A;  // of a delay or a companion form most entries are zeros
  Long B, C, D;
  Matrix<Coefficient> A_own, B_own, C_own;
  bool after;
  Vector<long double> x, y_;
  Vector<T> rounded;
  long double scale_ = 0, output_ = 0, unit_ = 0, error_ = 0, first_ = 0;
  bool beyond_ = false;
};

/// Whether an error leaves outputs of use: it is at most a hundredth of the largest. (|C| |x|, of which paths promise their errors, may be
/// 10^15 times that.)
bool of_use(long double error, long double output) { return error <= 1e-2L * output; }

/// What is promised; to a transfer function, times the condition ||a||_1 ||1/a||_1 by which its coefficients determine its outputs
/// (docs/accuracy.md).
template <class T>
double allowed_error(const DiscreteSystem& any, const DiscreteStateSpace& companion, Index samples) {
  const double promise = promised_error<T>(companion.order());
  const auto* s = std::get_if<TransferFunction>(&any);
  if (!s) return promise;
  Beside<T> impulse(companion, Vector<double>::Zero(companion.order()));
  for (Index k = 0; k < samples; ++k) impulse.step(Vector<double>::Constant(1, k == 0 ? 1 : 0));
  constexpr double most = 1e-3;
  const double condition = (1 + s->a.lpNorm<1>()) * static_cast<double>(impulse.first_states());
  return std::clamp(promise * condition, promise, most);
}

/// Whether outputs of a block, or of the next, may be small differences of large numbers: |C A^k| |x| beyond |C| |x|, with x the state at
/// the start of the block, or what |A^block| carries of it to the next. Growth looks the same.
bool may_cancel(const BlockForm& form, const DiscreteStateSpace& s) {
  constexpr double much = 8;
  const Index N = s.order();
  const Matrix<double> at_once = s.C.cwiseAbs(), responses = form.responses.cwiseAbs();
  Matrix<double> step = Matrix<double>::Identity(N, N);
  for (Index n = 0; n < N; ++n) {
    Vector<double> column = step.col(n);
    form.advance(column, form.block);
    step.col(n) = column.cwiseAbs();
  }
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
  const Eigen::SparseMatrix<double, Eigen::RowMajor> A = s.A.sparseView();
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

/// A signal, and the state that it starts from. (Signal is the view that a path runs.)
struct Excitation {
  Matrix<double> u;
  Vector<double> x0;
};

Excitation from_rest(Matrix<double> u, Index order) { return {std::move(u), Vector<double>::Zero(order)}; }

/// What shows rounding: noise, what drives the largest state, and a constant, which a high-pass is to forget.
std::vector<Excitation> telling_signals(const DiscreteStateSpace& s, Index samples) {
  return {from_rest(noise(s.inputs(), samples), s.order()), from_rest(driving(s, samples), s.order()),
          from_rest(Matrix<double>::Ones(s.inputs(), samples), s.order())};
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

/// The largest output of noise, also of noise held for 32, 1024 and 32,768 samples, so that what a delay holds back counts, too. Powers of A
/// that are not tame end it: what grows would outgrow any error.
double largest_output(const DiscreteStateSpace& s) {
  constexpr Index samples = 64, levels = 4, squarings = 5;
  const Matrix<double> u = noise(s.inputs(), samples);
  Matrix<double> A = s.A, B = s.B;  // of a step of 32^level samples
  double largest = 0;
  for (Index level = 0; level < levels && powers_are_tame(A, samples); ++level) {
    Vector<double> x = Vector<double>::Zero(s.order());
    for (Index k = 0; k < samples; ++k) {
      x = (A * x + B * u.col(k)).eval();
      largest = std::max(largest, (s.C * x + s.D * u.col(k)).cwiseAbs().maxCoeff());
    }
    if (level + 1 == levels) break;
    for (Index k = 0; k < squarings; ++k) {
      B += product(A, B);
      A = product(A, A);
    }
  }
  return largest;
}

/// Whether rounding to T may show in outputs where powers of A are tame: B, C or a row of A may add up large numbers that cancel. What a step
/// adds up, and C or the next step makes of it, in parts of the largest output of noise.
template <class T>
bool sums_may_cancel(const DiscreteStateSpace& s) {
  constexpr Index samples = 64;
  constexpr double little = 1e-4, rounding = std::numeric_limits<T>::epsilon();
  const Matrix<double> u = noise(s.inputs(), samples);
  const Matrix<double> A = s.A.cwiseAbs(), B = s.B.cwiseAbs(), C = s.C.cwiseAbs();
  Vector<double> x = Vector<double>::Zero(s.order());
  double sums = 0, output = 0;
  for (Index k = 0; k < samples; ++k) {
    const Vector<double> sizes = A * x.cwiseAbs() + B * u.col(k).cwiseAbs();
    sums = std::max({sums, (C * sizes).maxCoeff(), (C * (A * sizes)).maxCoeff()});
    x = (s.A * x + s.B * u.col(k)).eval();
    output = std::max(output, (s.C * x + s.D * u.col(k)).cwiseAbs().maxCoeff());
  }
  return !(rounding * sums <= little * output);
}

/// What a step costs: products with what is not zero.
Index work_of_step(const DiscreteStateSpace& s) { return (s.A.array() != 0).count() + s.order(); }

Index blocks_to_follow(const DiscreteStateSpace& s, Index block) {
  constexpr Index products = 3'000'000;
  return std::clamp<Index>(products / (work_of_step(s) * (s.inputs() + 1) * block), 2, 64);
}

/// What is followed, in units in which growth shows: rounding does not see powers of two.
DiscreteStateSpace balanced(const DiscreteSystem& system) { return Balanced(dense(system)).system; }

std::string_view what_cancels(bool tame) { return tame ? "sums of B, C or A" : "powers of A"; }

/// What a path of blocks is held against.
struct Limits {
  double allowed;       // of |C| |x|
  bool tame;            // powers of A
  long double to_come;  // the largest output of a tame system
  long double least;    // of |C| |x|: an FFT rounds relative to the largest value of the kernel
};

[[noreturn]] void refuse(std::string_view where, Index block, bool tame, double error, std::string_view of) {
  std::ostringstream text;
  text << "longstate::" << where << ": blocks of " << block << " would be off by " << error << " of the largest " << of
       << ", since " << what_cancels(tame) << " hold large numbers that cancel; take the recurrence, or "
       << other_coordinates;
  throw std::domain_error(text.str());
}

/// Output i of a block, k samples into it, of the block's inputs alone, as it is summed in T.
template <class T>
T direct_output(const Matrix<T>& kernel, const Matrix<T>& u, Index outputs, Index i, Index start, Index k) {
  T sum = 0;
  for (Index input = 0; input < u.rows(); ++input) {
    for (Index lag = 0; lag <= k; ++lag) sum += kernel(i + outputs * input, lag) * u(input, start + k - lag);
  }
  return sum;
}

enum class Hold { whole, parts };

/// Runs a signal by whole blocks, or by blocks and parts of them in turn: what the state carried from block to block, and at some samples the
/// inputs of the block, add to outputs beside what they should, in parts of the largest |C| |x|, less four times what the recurrence is off
/// by. The largest error. Refuses what is above the limits.
template <class T>
long double follow(std::string_view where, const Balanced<DiscreteStateSpace>& balanced, const BlockForm& form,
                   const Excitation& signal, const Limits& limits, Hold hold, Beside<T>& exact) {
  constexpr long double most_own = 1e-3L;
  constexpr Index places = 32;   // of a block, at which its own inputs are summed
  constexpr double summed = 10;  // the sums here are plainer than the paths'
  const DiscreteStateSpace& s = balanced.system;
  const Index block = form.block, p = s.inputs(), q = s.outputs(), every = std::max<Index>(block / places, 1);
  const Matrix<T> responses = form.responses.template cast<T>(), reach = form.reach.template cast<T>(),
                  kernel = form.kernel.template cast<T>(), u = signal.u.template cast<T>();
  Vector<T> x = balanced.d.cwiseProduct(signal.x0).template cast<T>();
  long double worst = 0;
  Index part = 1, L = block;  // parts of 1, 3, 7, … take every power that there is
  for (Index start = 0; start + L <= u.cols() && !exact.beyond(); start += L) {
    const Long wanted = exact.responses(L);
    const Vector<T> got = responses * x;  // its sums, too, are of large numbers
    for (Index k = 0; k < L; ++k) {
      exact.step(signal.u.col(start + k));
      if (exact.beyond()) break;
      const long double S = std::max(exact.scale(), limits.least), own = std::min(exact.own_error(), most_own * S);
      for (Index i = 0; i < q; ++i) {
        const auto see = [&](long double error, double times) {
          if (!(error <= times * limits.allowed * S + 4 * own))
            refuse(where, block, limits.tame, static_cast<double>(error / S), "|C| |x|");  // NaN, too
          worst = std::max(worst, error);
        };
        see(std::abs(static_cast<long double>(got(i * block + k)) - wanted(i, k)), 1);
        if (k % every != 0 && k + 1 != L) continue;
        const auto direct = static_cast<long double>(direct_output(kernel, u, q, i, start, k));
        see(std::abs(direct - (exact.y()(i) - wanted(i, k))), summed);
      }
    }
    Vector<double> carried = x.template cast<double>();
    form.advance(carried, L);
    x = carried.template cast<T>();
    for (Index j = 0; j < p; ++j)
      x += reach.middleCols((j + 1) * block - L, L) * u.row(j).segment(start, L).transpose();
    if (hold == Hold::whole) continue;
    L = part < block ? part : block;
    part = part < block ? 2 * part + 1 : 1;
  }
  return worst;
}

/// A form's ways, from whole blocks to parts of them.
std::vector<Hold> ways(const BlockForm& form) {
  return form.parts ? std::vector{Hold::whole, Hold::parts} : std::vector{Hold::whole};
}

}  // namespace

void check_size(std::string_view where, const DiscreteSystem& system, Index block) {
  constexpr Index large = 64;
  if (order(system) <= large) return;
  if (!std::holds_alternative<DiscreteStateSpace>(system) && !std::holds_alternative<TransferFunction>(system)) return;
  const Matrix<double> A = balanced(system).A;
  if (powers_are_tame(A, block) || powers_are_tame(A * std::exp(-log_radius(A)), block)) return;
  std::ostringstream text;
  text << "longstate::" << where << ": powers of A up to that of a block of " << block
       << " hold large numbers that may cancel, and what that does to so many states would take long to see; take the "
          "recurrence, or "
       << other_coordinates;
  throw std::domain_error(text.str());
}

template <class T>
void check_blocks(std::string_view where, const DiscreteSystem& system, const BlockForm& form) {
  if (!std::holds_alternative<DiscreteStateSpace>(system) && !std::holds_alternative<TransferFunction>(system)) return;
  const DiscreteStateSpace given = dense(system);
  const Balanced balanced(given);
  const DiscreteStateSpace& s = balanced.system;
  const bool tame = powers_are_tame(s.A, form.block);
  if (tame && !may_cancel(form, given)) return check_recurrence<T>(where, system);  // its sums are those of blocks
  const Index p = s.inputs(), N = s.order(), length = form.block, samples = length * blocks_to_follow(s, length);
  const Limits limits{allowed_error<T>(system, given, samples), tame, tame ? largest_output(s) : 0,
                      form.rounds_by_the_largest ? form.kernel.cwiseAbs().maxCoeff() : 0};
  const auto check = [&](const Excitation& signal, Hold hold) {
    Beside<T> exact(s, signal.x0);
    const long double error = follow<T>(where, balanced, form, signal, limits, hold, exact);
    return std::pair(error, std::max(exact.output(), limits.to_come));
  };
  const auto check_of_use = [&](const Excitation& signal, Hold hold) {
    const auto [error, largest] = check(signal, hold);
    if (!of_use(error, largest)) refuse(where, length, tame, static_cast<double>(error / largest), "output");
  };
  constexpr Index costly = 100'000'000;  // products with A: of tame powers noise will do
  if (tame && samples * work_of_step(s) > costly) return check_of_use(from_rest(noise(p, samples), N), Hold::whole);
  for (Index input = 0; input < p; ++input) {
    for (const Index at : {Index{0}, length / 2, length - 1}) {
      Matrix<double> impulse = Matrix<double>::Zero(p, samples);
      impulse(input, at) = 1;
      check_of_use(from_rest(std::move(impulse), N), Hold::whole);
    }
  }
  for (const Hold hold : ways(form)) {
    for (const Excitation& signal : telling_signals(s, samples)) check_of_use(signal, hold);
  }
  // Of these the output may be nothing at all: relative to |C| |x| alone. What grows does not stay there.
  if (log_radius(s.A) > 0) return;
  for (const double sign : {1.0, -1.0}) {
    if (const auto signal = steady_signal(s, sign, samples)) check(*signal, Hold::whole);
  }
}

template <class T>
void check_recurrence(std::string_view where, const DiscreteSystem& system) {
  const bool transfer = std::holds_alternative<TransferFunction>(system);
  if (!transfer && !std::holds_alternative<DiscreteStateSpace>(system)) return;
  // A companion form of so many poles has lost them in its coefficients; powers of others would cost seconds.
  constexpr Index large = 512;
  if (std::is_same_v<T, double> && order(system) > large) return;
  const DiscreteStateSpace s = balanced(system);
  constexpr Index products = 20'000'000;
  const Index samples = std::clamp<Index>(products / work_of_step(s), 16, 2048);
  const bool tame = powers_are_tame(s.A, samples);
  if (tame && !sums_may_cancel<T>(s)) return;
  if constexpr (std::is_same_v<T, float>) {
    if (!tame) check_in_float(where, system);
  }
  const long double to_come = tame ? largest_output(s) : 0;
  const auto check = [&](auto exact, const Matrix<double>& u) {
    for (Index k = 0; k < u.cols() && !exact.beyond(); ++k) exact.step(u.col(k));
    const long double largest = std::max(exact.output(), to_come);
    if (of_use(exact.own_error(), largest)) return;
    std::ostringstream text;
    text << "longstate::" << where << ": in " << (std::is_same_v<T, float> ? "float" : "double")
         << ", outputs would be off by " << static_cast<double>(exact.own_error() / largest)
         << " of the largest, since " << what_cancels(tame) << " hold large numbers that cancel; take "
         << (std::is_same_v<T, float> ? "double, or " : "") << other_coordinates;
    throw std::domain_error(text.str());
  };
  for (const Excitation& signal : telling_signals(s, samples)) {
    if (transfer) {                                      // NOLINT(bugprone-branch-clone): alike only where T is double
      check(Beside<T, double>(s, signal.x0), signal.u);  // its coefficients stay in double
    } else {
      check(Beside<T>(s, signal.x0), signal.u);
    }
  }
}

template void check_recurrence<float>(std::string_view, const DiscreteSystem&);
template void check_recurrence<double>(std::string_view, const DiscreteSystem&);
template void check_blocks<float>(std::string_view, const DiscreteSystem&, const BlockForm&);
template void check_blocks<double>(std::string_view, const DiscreteSystem&, const BlockForm&);

}  // namespace longstate::detail
