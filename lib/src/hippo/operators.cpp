#include "../detail/check.hpp"
#include "../detail/multiply.hpp"
#include "../detail/overloaded.hpp"
#include "../measure/table.hpp"

#include <longstate/hippo/operators.hpp>

#include <cmath>

namespace longstate {
namespace {

using detail::mul;
using detail::Semiseparable;
using detail::Waves;

/// The Frobenius norm of D^-1 A D, D the diagonal matrix that gives `below` and g equal moduli: lmu's becomes legt's.
double balanced_norm(const Semiseparable& f) {
  double squares = 0;
  double columns = 0;  // sum of |below_k g_k|, k < n
  for (Index n = 0; n < f.g.size(); ++n) {
    const double row = std::abs(f.below(n) * f.g(n));
    squares += f.diagonal(n) * f.diagonal(n) + row * columns * (f.above.size() > 0 ? 2 : 1);
    columns += row;
  }
  return std::sqrt(squares);
}

}  // namespace

bool has_operator(const Measure& measure) { return detail::operator_kind(measure) != detail::OperatorKind::none; }

template <class T>
HippoOperator<T>::HippoOperator(const Measure& measure, Index order) {
  validate(measure);
  detail::check_order("HippoOperator", order);
  if (!has_operator(measure)) {
    detail::fail("HippoOperator", "measure must have a form with products in O(N); dense goes with all", name(measure));
  }
  const double theta = timescale(measure);
  const auto in_T = [](const Vector<double>& v) { return Vector<T>(v.template cast<T>()); };
  const detail::Overloaded take{[](const detail::Dense&) {},  // refused above
                                [&](const Semiseparable& s) {
                                  numbers_.diagonal = in_T(s.diagonal / theta);
                                  numbers_.below = in_T(s.below / theta);
                                  numbers_.above = in_T(s.above / theta);
                                  numbers_.g = in_T(s.g);
                                  numbers_.h = in_T(s.h);
                                  B_ = in_T(s.B / theta);
                                  norm_bound_ = balanced_norm(s) / theta;
                                },
                                [&](const Waves& w) {
                                  numbers_.e = in_T(w.e);
                                  numbers_.frequency = in_T(w.frequency / theta);
                                  B_ = in_T(w.B / theta);
                                  numbers_.rank_one = static_cast<T>(w.rank_one / theta);
                                  const double fastest = w.frequency.size() > 0 ? w.frequency.maxCoeff() : 0.0;
                                  norm_bound_ = w.rank_one / theta * static_cast<double>(order) + fastest / theta;
                                }};
  detail::with_row(measure, [&](const auto& row, const auto& m) { std::visit(take, row.matrices(m, order)); });
}

template <class T>
HippoOperator<T> HippoOperator<T>::transposed() const {
  HippoOperator result = *this;
  Numbers& of = result.numbers_;
  of.frequency = -numbers_.frequency;
  if (numbers_.is_fourier()) return result;
  std::swap(of.below, of.h);
  std::swap(of.g, of.above);
  if (of.g.size() == 0) of.g = of.below = Vector<T>::Zero(order());  // upper triangular
  return result;
}

template <class T>
void HippoOperator<T>::multiply(T factor, const ConstSignal<T>& x, Signal<T> y) const {
  const Index order = this->order();
  const Numbers& A = numbers_;
  for (Index column = 0; column < x.cols(); ++column) {
    const T* const in = x.col(column).data();
    T* const out = y.col(column).data();
    if (A.is_fourier()) {
      T sum = 0;
      for (Index n = 0; n < order; ++n) sum += A.e(n) * in[n];
      const T common = -factor * A.rank_one * sum;
      for (Index n = 0; n < order; ++n) out[n] = common * A.e(n);
      for (Index m = 0; m < A.frequency.size(); ++m) {
        out[2 * m + 1] -= factor * A.frequency(m) * in[2 * m + 2];
        out[2 * m + 2] += factor * A.frequency(m) * in[2 * m + 1];
      }
      continue;
    }
    T before = 0;
    for (Index n = 0; n < order; ++n) {
      out[n] = factor * (A.below(n) * before + A.diagonal(n) * in[n]);
      before += A.g(n) * in[n];
    }
    if (A.is_triangular()) continue;
    T after = 0;
    for (Index n = order - 1; n >= 0; --n) {
      out[n] += factor * A.above(n) * after;
      after += A.h(n) * in[n];
    }
  }
}

template <class T, class S>
void ShiftedHippo<T, S>::prepare(const HippoOperator<T>& hippo, S alpha) {
  const typename HippoOperator<T>::Numbers& A = hippo.numbers();
  const Index order = hippo.order();
  const S one(1);
  numbers_.e = A.e;
  if (A.is_fourier()) {
    const Index pairs = A.frequency.size();
    numbers_.cosine.resize(pairs);
    numbers_.sine.resize(pairs);
    for (Index m = 0; m < pairs; ++m) {
      const S turn = mul(A.frequency(m), alpha);
      numbers_.cosine(m) = one / (one + mul(turn, turn));
      numbers_.sine(m) = mul(turn, numbers_.cosine(m));
    }
    numbers_.gain = 0;
    numbers_.blocks_e = numbers_.e.template cast<S>();
    solve(numbers_.blocks_e);
    const S projection = numbers_.e.template cast<S>().cwiseProduct(numbers_.blocks_e).sum();
    const S weight = mul(A.rank_one, alpha);
    numbers_.gain = weight / (one + mul(weight, projection));
    return;
  }

  const bool triangular = A.is_triangular();
  numbers_.g = A.g;
  numbers_.inverse.resize(order);
  numbers_.from_below.resize(order);
  numbers_.from_above.resize(triangular ? 0 : order);
  numbers_.to_above.resize(triangular ? 0 : order);
  S phi(0);
  for (Index n = order - 1; n >= 0; --n) {
    // Row n: (1 - alpha d) x = b + alpha below s + alpha above (phi (s + g x) + psi).
    S below(A.below(n));
    S pivot = one - mul(A.diagonal(n), alpha);
    if (!triangular) {
      const S above_phi = mul(A.above(n), phi);
      below += above_phi;
      pivot -= mul(A.g(n), mul(alpha, above_phi));
    }
    numbers_.inverse(n) = one / pivot;
    numbers_.from_below(n) = mul(mul(alpha, below), numbers_.inverse(n));
    if (triangular) continue;
    numbers_.from_above(n) = mul(A.above(n), mul(alpha, numbers_.inverse(n)));
    numbers_.to_above(n) = mul(A.g(n), phi) + A.h(n);
    phi += mul(numbers_.to_above(n), numbers_.from_below(n));
  }
}

template <class T, class S>
void ShiftedHippo<T, S>::solve(Frame<S> x) const {
  const Index order = x.size();
  const Numbers& of = numbers_;
  if (of.e.size() > 0) {
    S sum(0);
    for (Index n = 0; n < order; ++n) {
      if (n > 0 && n + 1 < order && n % 2 == 1) {
        const Index m = n / 2;
        const S c = x(n);
        const S s = x(n + 1);
        x(n) = mul(of.cosine(m), c) - mul(of.sine(m), s);
        x(n + 1) = mul(of.sine(m), c) + mul(of.cosine(m), s);
      }
      sum += mul(of.e(n), x(n));
    }
    const S common = mul(of.gain, sum);
    for (Index n = 0; n < order; ++n) x(n) -= mul(common, of.blocks_e(n));
    return;
  }
  if (of.from_above.size() > 0) {
    S psi(0);
    for (Index n = order - 1; n >= 0; --n) {
      x(n) = mul(of.inverse(n), x(n)) + mul(of.from_above(n), psi);
      psi += mul(of.to_above(n), x(n));
    }
  } else {
    for (Index n = 0; n < order; ++n) x(n) = mul(of.inverse(n), x(n));
  }
  S before(0);
  for (Index n = 0; n < order; ++n) {
    x(n) += mul(of.from_below(n), before);
    before += mul(of.g(n), x(n));
  }
}

template class HippoOperator<float>;
template class HippoOperator<double>;
template class ShiftedHippo<float, float>;
template class ShiftedHippo<double, double>;
template class ShiftedHippo<float, std::complex<float>>;
template class ShiftedHippo<double, std::complex<double>>;

}  // namespace longstate
