#include "block_check.hpp"

#include <longstate/execute/transition.hpp>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace longstate::detail {
namespace {

using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// After an impulse of one input: what C A^k b is, in which units to judge it, and what the recurrence in T makes of it.
struct Impulse {
  Long y;                     // q x samples
  Vector<long double> scale;  // the largest |C| |x| so far
  long double unit = 0;       // the first of these that is not zero
  Vector<long double> error;  // the largest error of the recurrence so far, in parts of scale
  long double states = 0;     // the sum of |x_0|; of a companion form ||1/a||_1

  template <class T>
  Impulse(const DiscreteStateSpace& s, Index input, Index samples, T)
      : y(s.outputs(), samples), scale(samples), error(samples) {
    const Matrix<T> A_T = s.A.cast<T>(), C_T = s.C.cast<T>();
    const Long A = s.A.cast<long double>(), C = s.C.cast<long double>();
    Vector<long double> x = s.B.col(input).cast<long double>();
    Vector<T> rounded = s.B.col(input).cast<T>();
    long double largest = 0, worst = 0;
    for (Index k = 0; k < samples; ++k) {
      y.col(k) = C.lazyProduct(x);
      states += std::abs(x(0));
      largest = std::max(largest, C.cwiseAbs().lazyProduct(x.cwiseAbs()).maxCoeff());
      const Vector<T> seen = C_T * rounded;
      if (largest > 0)
        worst = std::max(worst, (seen.template cast<long double>() - y.col(k)).cwiseAbs().maxCoeff() / largest);
      if (unit == 0) unit = largest;
      scale(k) = largest;
      error(k) = worst;
      x = A.lazyProduct(x).eval();
      rounded = (A_T * rounded).eval();
    }
  }
};

/// ||a||_1 ||1/a||_1, by which a transfer function's coefficients determine its outputs (docs/accuracy.md).
double condition(const TransferFunction& s, const Impulse& impulse) {
  return (1 + s.a.lpNorm<1>()) * static_cast<double>(impulse.states);
}

/// More than is promised, since three impulses are not all signals. A transfer function's promise has its condition in it.
double allowed_error(const DiscreteSystem& system, const Impulse& impulse, double promise) {
  constexpr double most = 1e-3;
  const auto* s = std::get_if<TransferFunction>(&system);
  return s ? std::clamp(promise * condition(*s, impulse), promise, most) : 10 * promise;
}

/// Whether outputs of a block may be small differences of large numbers: |C A^k| |x| beyond |C| |x|. Growth looks the same.
bool may_cancel(const BlockForm& form, const DiscreteStateSpace& s) {
  constexpr double much = 64;
  const Matrix<double> at_once = s.C.cwiseAbs();
  for (Index column = 0; column < form.reach.cols(); column += std::max<Index>(form.block / 4, 1)) {
    const Vector<double> x = form.reach.col(column).cwiseAbs();
    if ((form.responses.cwiseAbs() * x).maxCoeff() > much * (at_once * x).maxCoeff()) return true;
  }
  return false;
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

/// The largest error of the outputs of a block that begins `start` samples after the impulse, in parts of |C| |x|, less four times the
/// recurrence's. Growth that is there ends it: the first blocks have told.
double excess(const BlockForm& form, const Vector<double>& x, const Impulse& exact, Index start) {
  constexpr long double beyond = 1e30L;
  const Vector<double> outputs = form.responses * x;
  double worst = 0;
  for (Index k = 0; k < form.block; ++k) {
    const long double scale = exact.scale(start + k);
    if (scale == 0) continue;
    if (scale > beyond * exact.unit) break;
    for (Index i = 0; i < exact.y.rows(); ++i) {
      const long double difference =
          std::abs(static_cast<long double>(outputs(i * form.block + k)) - exact.y(i, start + k));
      const auto error = static_cast<double>(difference / scale - 4 * exact.error(start + k));
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
  const Index length = form.block, blocks = blocks_to_follow(s.order(), s.inputs(), length);
  const Index first = s.convention == Convention::sequence ? 1 : 0;
  for (Index input = 0; input < s.inputs(); ++input) {
    const Impulse exact(s, input, (blocks + 1) * length, T());
    const double allowed = allowed_error(system, exact, promised_error<T>(s.order()));
    for (const Index at : {Index{0}, length / 2, length - 1}) {
      Vector<double> x = in_T(form.reach.col(input * length + at));
      for (Index start = length - 1 - at + first; start + length <= exact.y.cols(); start += length) {
        const double error = excess(form, x, exact, start);
        if (!(error <= allowed)) refuse(where, length, error);
        form.advance(x);
        x = in_T(x);
      }
    }
  }
}

template void check_blocks<float>(std::string_view, const DiscreteSystem&, const BlockForm&);
template void check_blocks<double>(std::string_view, const DiscreteSystem&, const BlockForm&);

}  // namespace longstate::detail
