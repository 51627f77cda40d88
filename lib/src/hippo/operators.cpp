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
                                  diagonal_ = in_T(s.diagonal / theta);
                                  below_ = in_T(s.below / theta);
                                  above_ = in_T(s.above / theta);
                                  g_ = in_T(s.g);
                                  h_ = in_T(s.h);
                                  B_ = in_T(s.B / theta);
                                  norm_bound_ = balanced_norm(s) / theta;
                                },
                                [&](const Waves& w) {
                                  e_ = in_T(w.e);
                                  frequency_ = in_T(w.frequency / theta);
                                  B_ = in_T(w.B / theta);
                                  rank_one_ = static_cast<T>(w.rank_one / theta);
                                  const double fastest = w.frequency.size() > 0 ? w.frequency.maxCoeff() : 0.0;
                                  norm_bound_ = w.rank_one / theta * static_cast<double>(order) + fastest / theta;
                                }};
  detail::with_row(measure, [&](const auto& row, const auto& m) { std::visit(take, row.matrices(m, order)); });
}

template <class T>
HippoOperator<T> HippoOperator<T>::transposed() const {
  HippoOperator result = *this;
  result.frequency_ = -frequency_;
  if (e_.size() > 0) return result;
  result.below_ = h_;
  result.g_ = above_;
  result.above_ = g_;
  result.h_ = below_;
  if (h_.size() == 0) {  // upper triangular
    result.below_ = result.g_ = Vector<T>::Zero(order());
  }
  return result;
}

template <class T>
void HippoOperator<T>::multiply(T factor, const ConstSignal<T>& x, Signal<T> y) const {
  const Index order = this->order();
  for (Index column = 0; column < x.cols(); ++column) {
    const T* const in = x.col(column).data();
    T* const out = y.col(column).data();
    if (e_.size() > 0) {
      T sum = 0;
      for (Index n = 0; n < order; ++n) sum += e_(n) * in[n];
      const T common = -factor * rank_one_ * sum;
      for (Index n = 0; n < order; ++n) out[n] = common * e_(n);
      for (Index m = 0; m < frequency_.size(); ++m) {
        out[2 * m + 1] -= factor * frequency_(m) * in[2 * m + 2];
        out[2 * m + 2] += factor * frequency_(m) * in[2 * m + 1];
      }
      continue;
    }
    T before = 0;
    for (Index n = 0; n < order; ++n) {
      out[n] = factor * (below_(n) * before + diagonal_(n) * in[n]);
      before += g_(n) * in[n];
    }
    if (above_.size() == 0) continue;
    T after = 0;
    for (Index n = order - 1; n >= 0; --n) {
      out[n] += factor * above_(n) * after;
      after += h_(n) * in[n];
    }
  }
}

template <class T, class S>
void ShiftedHippo<T, S>::prepare(const HippoOperator<T>& A, S alpha) {
  const Index order = A.order();
  const S one(1);
  e_ = A.e_;
  if (e_.size() > 0) {
    const Index pairs = A.frequency_.size();
    cosine_.resize(pairs);
    sine_.resize(pairs);
    for (Index m = 0; m < pairs; ++m) {
      const S turn = mul(A.frequency_(m), alpha);
      cosine_(m) = one / (one + mul(turn, turn));
      sine_(m) = mul(turn, cosine_(m));
    }
    gain_ = 0;
    blocks_e_ = e_.template cast<S>();
    solve(blocks_e_);
    const S projection = e_.template cast<S>().cwiseProduct(blocks_e_).sum();
    const S weight = mul(A.rank_one_, alpha);
    gain_ = weight / (one + mul(weight, projection));
    return;
  }

  const bool triangular = A.above_.size() == 0;
  g_ = A.g_;
  inverse_.resize(order);
  from_below_.resize(order);
  from_above_.resize(triangular ? 0 : order);
  to_above_.resize(triangular ? 0 : order);
  S phi(0);
  for (Index n = order - 1; n >= 0; --n) {
    // Row n: (1 - alpha d) x = b + alpha below s + alpha above (phi (s + g x) + psi).
    S below(A.below_(n));
    S pivot = one - mul(A.diagonal_(n), alpha);
    if (!triangular) {
      const S above_phi = mul(A.above_(n), phi);
      below += above_phi;
      pivot -= mul(A.g_(n), mul(alpha, above_phi));
    }
    inverse_(n) = one / pivot;
    from_below_(n) = mul(mul(alpha, below), inverse_(n));
    if (triangular) continue;
    from_above_(n) = mul(A.above_(n), mul(alpha, inverse_(n)));
    to_above_(n) = mul(A.g_(n), phi) + A.h_(n);
    phi += mul(to_above_(n), from_below_(n));
  }
}

template <class T, class S>
void ShiftedHippo<T, S>::solve(Frame<S> x) const {
  const Index order = x.size();
  if (e_.size() > 0) {
    S sum(0);
    for (Index n = 0; n < order; ++n) {
      if (n > 0 && n + 1 < order && n % 2 == 1) {
        const Index m = n / 2;
        const S c = x(n);
        const S s = x(n + 1);
        x(n) = mul(cosine_(m), c) - mul(sine_(m), s);
        x(n + 1) = mul(sine_(m), c) + mul(cosine_(m), s);
      }
      sum += mul(e_(n), x(n));
    }
    const S common = mul(gain_, sum);
    for (Index n = 0; n < order; ++n) x(n) -= mul(common, blocks_e_(n));
    return;
  }
  if (from_above_.size() > 0) {
    S psi(0);
    for (Index n = order - 1; n >= 0; --n) {
      x(n) = mul(inverse_(n), x(n)) + mul(from_above_(n), psi);
      psi += mul(to_above_(n), x(n));
    }
  } else {
    for (Index n = 0; n < order; ++n) x(n) = mul(inverse_(n), x(n));
  }
  S before(0);
  for (Index n = 0; n < order; ++n) {
    x(n) += mul(from_below_(n), before);
    before += mul(g_(n), x(n));
  }
}

template class HippoOperator<float>;
template class HippoOperator<double>;
template class ShiftedHippo<float, float>;
template class ShiftedHippo<double, double>;
template class ShiftedHippo<float, std::complex<float>>;
template class ShiftedHippo<double, std::complex<double>>;

}  // namespace longstate
