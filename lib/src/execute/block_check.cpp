#include "block_check.hpp"

#include "growth.hpp"

#include <longstate/execute/transition.hpp>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <stdexcept>

namespace longstate::detail {
namespace {

using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// After a signal has come in: what C A^k x is, in which units to judge it, and what the recurrence in T makes of it.
struct Response {
  Long y;                     // q x samples
  Vector<long double> scale;  // the largest |C| |x| so far
  long double unit = 0;       // the first of these that is not zero
  Vector<long double> error;  // the largest error of the recurrence so far, in parts of scale
  long double states = 0;     // the sum of |x_0|; of a companion form's impulse ||1/a||_1

  template <class T>
  Response(const DiscreteStateSpace& s, const Matrix<double>& u, Index samples, T)
      : y(s.outputs(), samples), scale(samples), error(samples) {
    const Matrix<T> A_T = s.A.cast<T>(), B_T = s.B.cast<T>(), C_T = s.C.cast<T>();
    const Long A = s.A.cast<long double>(), B = s.B.cast<long double>(), C = s.C.cast<long double>();
    Vector<long double> x = Vector<long double>::Zero(s.order());
    Vector<T> rounded = Vector<T>::Zero(s.order());
    long double largest = 0, worst = 0;
    const auto see = [&] {
      largest = std::max(largest, C.cwiseAbs().lazyProduct(x.cwiseAbs()).maxCoeff());
      if (unit == 0) unit = largest;
    };
    for (Index k = 0; k < u.cols(); ++k) {
      x = (A.lazyProduct(x) + B.lazyProduct(u.col(k).cast<long double>())).eval();
      rounded = (A_T * rounded + B_T * u.col(k).cast<T>()).eval();
      see();
    }
    for (Index k = 0; k < samples; ++k) {
      y.col(k) = C.lazyProduct(x);
      states += std::abs(x(0));
      see();
      const Vector<T> seen = C_T * rounded;
      if (largest > 0)
        worst = std::max(worst, (seen.template cast<long double>() - y.col(k)).cwiseAbs().maxCoeff() / largest);
      scale(k) = largest;
      error(k) = worst;
      x = A.lazyProduct(x).eval();
      rounded = (A_T * rounded).eval();
    }
  }
};

/// ||a||_1 ||1/a||_1, by which a transfer function's coefficients determine its outputs (docs/accuracy.md).
double condition(const TransferFunction& s, const Response& impulse) {
  return (1 + s.a.lpNorm<1>()) * static_cast<double>(impulse.states);
}

/// More than is promised, since a few signals are not all. A transfer function's promise has its condition in it.
double allowed_error(const DiscreteSystem& system, const Response& impulse, double promise) {
  constexpr double most = 1e-3;
  const auto* s = std::get_if<TransferFunction>(&system);
  return s ? std::clamp(promise * condition(*s, impulse), promise, most) : 10 * promise;
}

/// Whether outputs of a block, or of the next, may be small differences of large numbers: |C A^k| |x| beyond |C| |x|, with x the state at
/// the start of the block, or what |A^block| carries of it to the next. Growth looks the same.
bool may_cancel(const BlockForm& form, const DiscreteStateSpace& s) {
  constexpr double much = 64;
  const Index N = s.order();
  const Matrix<double> at_once = s.C.cwiseAbs(), responses = form.responses.cwiseAbs();
  Matrix<double> step = Matrix<double>::Identity(N, N);
  for (Index n = 0; n < N; ++n) {
    Vector<double> column = step.col(n);
    form.advance(column);
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

Index blocks_to_follow(Index order, Index inputs, Index block) {
  constexpr Index products = 10'000'000;
  return std::clamp<Index>(products / (order * order * inputs * block), 2, 64);
}

[[noreturn]] void refuse(std::string_view where, Index block, double error) {
  std::ostringstream text;
  text << "longstate::" << where << ": blocks of " << block << " would be off by " << error
       << " of the largest output, since powers of A hold large numbers that cancel; take the recurrence, or a system "
          "in other coordinates";
  throw std::domain_error(text.str());
}

/// The largest error of the outputs of a block that begins `start` samples after the signal, in parts of |C| |x|, less four times the
/// recurrence's. Growth that is there ends it: the first blocks have told.
double excess(const BlockForm& form, const Vector<double>& x, const Response& exact, Index start) {
  constexpr long double beyond = 1e30L, most_own = 1e-3L;
  const Vector<double> outputs = form.responses * x;
  double worst = 0;
  for (Index k = 0; k < form.block; ++k) {
    const long double scale = exact.scale(start + k);
    if (scale == 0) continue;
    if (scale > beyond * exact.unit) break;
    for (Index i = 0; i < exact.y.rows(); ++i) {
      const long double difference =
          std::abs(static_cast<long double>(outputs(i * form.block + k)) - exact.y(i, start + k));
      const auto error = static_cast<double>(difference / scale - 4 * std::min(exact.error(start + k), most_own));
      if (!(error <= worst)) worst = error;  // NaN, too
    }
  }
  return worst;
}

}  // namespace

template <class T>
void check_blocks(std::string_view where, const DiscreteSystem& system, const BlockForm& form) {
  if (!std::holds_alternative<DiscreteStateSpace>(system) && !std::holds_alternative<TransferFunction>(system)) return;
  const DiscreteStateSpace s = dense(system);
  if (!may_cancel(form, s)) return;
  const auto in_T = [](const Vector<double>& x) -> Vector<double> { return x.cast<T>().template cast<double>(); };
  const Index length = form.block, blocks = blocks_to_follow(s.order(), s.inputs() + 1, length);
  const Index first = s.convention == Convention::sequence ? 1 : 0;
  double allowed = 0;
  const auto follow = [&](Vector<double> x, const Response& exact, Index start) {  // from a state at the end of a block
    x = in_T(x);
    for (; start + length <= exact.y.cols(); start += length) {
      const double error = excess(form, x, exact, start);
      if (!(error <= allowed)) refuse(where, length, error);
      form.advance(x);
      x = in_T(x);
    }
  };
  for (Index input = 0; input < s.inputs(); ++input) {
    const Response exact(s, Matrix<double>(Matrix<double>::Identity(s.inputs(), s.inputs()).col(input)),
                         (blocks + 1) * length, T());
    allowed = std::max(allowed, allowed_error(system, exact, promised_error<T>(s.order())));
    for (const Index at : {Index{0}, length / 2, length - 1})
      follow(form.reach.col(input * length + at), exact, length - 1 - at + first);
  }
  const Matrix<double> u = noise(s.inputs(), length);
  follow(form.reach * u.transpose().reshaped(), Response(s, u, blocks * length + first, T()), first);
}

void check_recurrence_in_float(std::string_view where, const DiscreteSystem& system) {
  const auto* s = std::get_if<DiscreteStateSpace>(&system);
  if (!s) return;
  constexpr Index products = 20'000'000;
  const Index samples = std::clamp<Index>(products / (s->order() * s->order()), 16, 2048);
  if (powers_are_tame(s->A, samples)) return;
  check_in_float(where, *s);
  constexpr double no_use = 1e-2, grows = 1e-3;
  if (log_growth(*s) > grows) return;  // large for that
  const auto error =
      static_cast<double>(Response(*s, noise(s->inputs(), samples), samples, float()).error(samples - 1));
  if (error <= no_use) return;
  std::ostringstream text;
  text << "longstate::" << where << ": in float, outputs would be off by " << error
       << " of the largest, since powers of A hold large numbers that cancel; take double, or a system in other "
          "coordinates";
  throw std::domain_error(text.str());
}

template void check_blocks<float>(std::string_view, const DiscreteSystem&, const BlockForm&);
template void check_blocks<double>(std::string_view, const DiscreteSystem&, const BlockForm&);

}  // namespace longstate::detail
