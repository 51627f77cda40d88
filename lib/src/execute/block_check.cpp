#include "block_check.hpp"

#include "../detail/balance.hpp"
#include "../detail/product.hpp"
#include "block_form.hpp"
#include "growth.hpp"

#include <longstate/execute/transition.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace longstate::detail {
namespace {

/// A system as long double has it, the textbook recurrence with states in T beside it, and what has been seen of both.
template <class T, class Coefficient = T>
class Beside {
 public:
  explicit Beside(const DiscreteStateSpace& s)
      : A(s.A.cast<long double>()),
        B(s.B.cast<long double>()),
        C(s.C.cast<long double>()),
        D(s.D.cast<long double>()),
        A_own(s.A.cast<Coefficient>()),
        B_own(s.B.cast<Coefficient>()),
        C_own(s.C.cast<Coefficient>()),
        after(s.convention == Convention::sequence),
        x(Vector<long double>::Zero(s.order())),
        rounded(Vector<T>::Zero(s.order())) {}

  void step(const Eigen::Ref<const Vector<double>>& u) {
    if (!after) see(u);
    x = (A.lazyProduct(x) + B.lazyProduct(u.cast<long double>())).eval();
    rounded = (A_own * rounded.template cast<Coefficient>() + B_own * u.cast<Coefficient>()).template cast<T>().eval();
    if (after) see(u);
  }

  /// C A^k x (sequence: C A^(k+1) x): what the state adds to outputs of the next `length` samples. q x length
  Long responses(Index length) const {
    Long y(C.rows(), length);
    Vector<long double> state = x;
    for (Index k = 0; k < length; ++k) {
      if (after) state = A.lazyProduct(state).eval();
      y.col(k) = C.lazyProduct(state);
      if (!after) state = A.lazyProduct(state).eval();
    }
    return y;
  }

  long double scale() const { return scale_; }         ///< the largest |C| |x| so far
  long double output() const { return output_; }       ///< the largest |y| so far
  long double own_error() const { return error_; }     ///< the largest of the recurrence in T so far
  long double first_states() const { return first_; }  ///< the sum of |x_0|; of a companion form's impulse ||1/a||_1

  /// Whether numbers have grown so far, by 10^30 or near the largest of T, that what came before has told. What is then seen does not count.
  bool beyond() const { return beyond_; }

 private:
  void see(const Eigen::Ref<const Vector<double>>& u) {
    constexpr long double growth = 1e30L, largest = std::numeric_limits<T>::max() * 0x1p-20L;
    const long double size = x.cwiseAbs().maxCoeff(), scale = C.cwiseAbs().lazyProduct(x.cwiseAbs()).maxCoeff();
    if (unit_ == 0) unit_ = size;
    beyond_ = beyond_ || size > growth * unit_ || std::max(size, scale) > largest;
    if (beyond_) return;
    scale_ = std::max(scale_, scale);
    output_ = std::max(output_, (C.lazyProduct(x) + D.lazyProduct(u.cast<long double>())).cwiseAbs().maxCoeff());
    const Vector<Coefficient> seen = C_own * rounded.template cast<Coefficient>();
    const long double error = (seen.template cast<long double>() - C.lazyProduct(x)).cwiseAbs().maxCoeff();
    if (!(error <= error_)) error_ = error;  // NaN, too
    first_ += std::abs(x(0));
  }

  Long A, B, C, D;
  Matrix<Coefficient> A_own, B_own, C_own;
  bool after;
  Vector<long double> x;
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
  Beside<T> impulse(companion);
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
  const auto for_responses = [&](auto use) {  // A^k B, while they are finite
    Matrix<double> X = s.B;
    for (Index k = 0; k < samples && X.allFinite(); ++k) {
      use(k, X);
      X = (s.A * X).eval();
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

/// What shows rounding: noise, what drives the largest state, and a constant, which a high-pass is to forget.
std::vector<Matrix<double>> telling_signals(const DiscreteStateSpace& s, Index samples) {
  return {noise(s.inputs(), samples), driving(s, samples), Matrix<double>::Ones(s.inputs(), samples)};
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

Index blocks_to_follow(Index order, Index inputs, Index block) {
  constexpr Index products = 3'000'000;
  return std::clamp<Index>(products / (order * order * inputs * block), 2, 64);
}

/// What is followed, in units in which growth shows: rounding does not see powers of two.
DiscreteStateSpace balanced(const DiscreteSystem& system) { return Balanced(dense(system)).system; }

std::string_view what_cancels(bool tame) { return tame ? "sums of B, C or A" : "powers of A"; }

/// What a path of blocks is held against.
struct Limits {
  double allowed;       // of |C| |x|
  bool tame;            // powers of A
  long double to_come;  // the largest output of a tame system
};

[[noreturn]] void refuse(std::string_view where, Index block, bool tame, double error) {
  std::ostringstream text;
  text << "longstate::" << where << ": blocks of " << block << " would be off by " << error
       << " of the largest output, since " << what_cancels(tame)
       << " hold large numbers that cancel; take the recurrence, or " << other_coordinates;
  throw std::domain_error(text.str());
}

/// Runs u by whole blocks, or by blocks and parts of them in turn: what the state carried from block to block adds to outputs beside what it
/// should, in parts of the largest |C| |x|, less four times what the recurrence is off by. Refuses what is above the limits, and what leaves
/// outputs of no use.
template <class T>
void follow(std::string_view where, const DiscreteStateSpace& s, const BlockForm& form, const Matrix<double>& u,
            const Limits& limits, bool parts) {
  constexpr long double most_own = 1e-3L;
  const Index block = form.block, p = s.inputs(), q = s.outputs();
  const Matrix<T> responses = form.responses.template cast<T>(), reach = form.reach.template cast<T>();
  Beside<T> exact(s);
  Vector<T> x = Vector<T>::Zero(s.order());
  long double worst = 0;
  Index part = 1, L = block;  // parts of 1, 3, 7, … take every power that there is
  for (Index start = 0; start + L <= u.cols() && !exact.beyond(); start += L) {
    const Long wanted = exact.responses(L);
    const Vector<T> got = responses * x;  // its sums, too, are of large numbers
    for (Index k = 0; k < L; ++k) {
      exact.step(u.col(start + k));
      if (exact.beyond()) break;
      const long double S = exact.scale(), own = std::min(exact.own_error(), most_own * S);
      for (Index i = 0; i < q; ++i) {
        const long double error = std::abs(static_cast<long double>(got(i * block + k)) - wanted(i, k));
        if (!(error <= limits.allowed * S + 4 * own))
          refuse(where, block, limits.tame, static_cast<double>(error / S));  // NaN, too
        worst = std::max(worst, error);
      }
    }
    Vector<double> carried = x.template cast<double>();
    form.advance(carried, L);
    x = carried.template cast<T>();
    for (Index j = 0; j < p; ++j)
      x += reach.middleCols((j + 1) * block - L, L) * u.row(j).segment(start, L).transpose().template cast<T>();
    if (!parts) continue;
    L = part < block ? part : block;
    part = part < block ? 2 * part + 1 : 1;
  }
  const long double largest = std::max(exact.output(), limits.to_come);
  if (!of_use(worst, largest)) refuse(where, block, limits.tame, static_cast<double>(worst / largest));
}

}  // namespace

template <class T>
void check_blocks(std::string_view where, const DiscreteSystem& system, const BlockForm& form) {
  if (!std::holds_alternative<DiscreteStateSpace>(system) && !std::holds_alternative<TransferFunction>(system)) return;
  const DiscreteStateSpace given = dense(system), s = balanced(system);
  const bool tame = powers_are_tame(s.A, form.block);
  if (tame && !may_cancel(form, given) && !sums_may_cancel<T>(s)) return;
  const Index p = s.inputs(), length = form.block, samples = length * blocks_to_follow(s.order(), p + 1, length);
  const Limits limits{allowed_error<T>(system, given, samples), tame, tame ? largest_output(s) : 0};
  for (Index input = 0; input < p; ++input) {
    for (const Index at : {Index{0}, length / 2, length - 1}) {
      Matrix<double> impulse = Matrix<double>::Zero(p, samples);
      impulse(input, at) = 1;
      follow<T>(where, s, form, impulse, limits, false);
    }
  }
  for (const Matrix<double>& u : telling_signals(s, samples)) {
    follow<T>(where, s, form, u, limits, false);
    if (form.parts) follow<T>(where, s, form, u, limits, true);
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
  const Index samples = std::clamp<Index>(products / (s.order() * s.order()), 16, 2048);
  const bool tame = powers_are_tame(s.A, samples);
  if (tame && !sums_may_cancel<T>(s)) return;
  if constexpr (std::is_same_v<T, float>) {
    if (!tame) check_in_float(where, system);
  }
  const long double to_come = tame ? largest_output(s) : 0;
  const auto check = [&](auto exact, const Matrix<double>& u) {
    for (Index k = 0; k < samples && !exact.beyond(); ++k) exact.step(u.col(k));
    const long double largest = std::max(exact.output(), to_come);
    if (of_use(exact.own_error(), largest)) return;
    std::ostringstream text;
    text << "longstate::" << where << ": in " << (std::is_same_v<T, float> ? "float" : "double")
         << ", outputs would be off by " << static_cast<double>(exact.own_error() / largest)
         << " of the largest, since " << what_cancels(tame) << " hold large numbers that cancel; take "
         << (std::is_same_v<T, float> ? "double, or " : "") << other_coordinates;
    throw std::domain_error(text.str());
  };
  for (const Matrix<double>& u : telling_signals(s, samples)) {
    if (transfer) {
      check(Beside<T, double>(s), u);  // its coefficients stay in double
    } else {
      check(Beside<T>(s), u);
    }
  }
}

template void check_recurrence<float>(std::string_view, const DiscreteSystem&);
template void check_recurrence<double>(std::string_view, const DiscreteSystem&);
template void check_blocks<float>(std::string_view, const DiscreteSystem&, const BlockForm&);
template void check_blocks<double>(std::string_view, const DiscreteSystem&, const BlockForm&);

}  // namespace longstate::detail
