#include "../detail/check.hpp"
#include "../detail/multiply.hpp"

#include <longstate/hippo/hippo.hpp>
#include <longstate/hippo/operators.hpp>
#include <longstate/measure/basis.hpp>

#include <boost/math/special_functions/gamma.hpp>

#include <cmath>
#include <numbers>

namespace longstate {
namespace {

using detail::mul;

/// The factors of a semiseparable A at unit theta, in double.
struct Factors {
  Vector<double> diagonal, below, g, above, h;

  explicit Factors(Index order, bool triangular) : diagonal(order), below(order), g(order) {
    if (!triangular) {
      above.resize(order);
      h.resize(order);
    }
  }
};

double alternating(Index n) { return n % 2 == 0 ? 1.0 : -1.0; }

Factors legs_factors(Index order) {
  Factors f(order, true);
  for (Index n = 0; n < order; ++n) {
    const double p = std::sqrt(static_cast<double>(2 * n + 1));
    f.diagonal(n) = -static_cast<double>(n + 1);
    f.below(n) = -p;
    f.g(n) = p;
  }
  return f;
}

Factors legt_factors(Index order) {
  Factors f(order, false);
  for (Index n = 0; n < order; ++n) {
    const double degree = static_cast<double>(2 * n + 1);
    f.diagonal(n) = -degree;
    f.below(n) = -std::sqrt(degree);
    f.g(n) = std::sqrt(degree);
    f.above(n) = alternating(n) * f.below(n);
    f.h(n) = alternating(n) * f.g(n);
  }
  return f;
}

Factors lmu_factors(Index order) {
  Factors f(order, false);
  for (Index n = 0; n < order; ++n) {
    const double degree = static_cast<double>(2 * n + 1);
    f.diagonal(n) = -degree;
    f.below(n) = -alternating(n) * degree;
    f.g(n) = alternating(n);
    f.above(n) = -degree;
    f.h(n) = 1;
  }
  return f;
}

Factors lagt_factors(const LagT& measure, Index order) {
  Factors f(order, true);
  for (Index n = 0; n < order; ++n) {
    const double l = 1 / std::sqrt(boost::math::tgamma_delta_ratio(static_cast<double>(n + 1), measure.alpha));
    f.diagonal(n) = -(1 + measure.beta) / 2;
    f.below(n) = -1 / l;
    f.g(n) = l;
  }
  return f;
}

Factors factors(const Measure& measure, Index order) {
  if (std::holds_alternative<LegT>(measure)) return legt_factors(order);
  if (std::holds_alternative<Lmu>(measure)) return lmu_factors(order);
  if (const auto* lagt = std::get_if<LagT>(&measure)) return lagt_factors(*lagt, order);
  return legs_factors(order);
}

/// The Frobenius norm of D^-1 A D, D the diagonal matrix that gives `below` and g equal moduli: lmu's becomes legt's.
double balanced_norm(const Factors& f) {
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

bool has_operator(const Measure& measure) { return !std::holds_alternative<ChebT>(measure); }

template <class T>
HippoOperator<T>::HippoOperator(const Measure& measure, Index order) {
  validate(measure);
  detail::check_order("HippoOperator", order);
  if (!has_operator(measure)) {
    detail::fail("HippoOperator", "measure must have a form with products in O(N); dense goes with all", name(measure));
  }
  const double theta = timescale(measure);
  if (std::holds_alternative<Fourier>(measure)) {
    const Vector<double> e = basis(measure, order, 0.0);
    Vector<double> frequency(std::max<Index>(order - 1, 0) / 2);
    for (Index m = 0; m < frequency.size(); ++m) {
      frequency(m) = 2 * std::numbers::pi * static_cast<double>(m + 1) / theta;
    }
    B_ = (2 / theta * e).template cast<T>();
    e_ = e.template cast<T>();
    frequency_ = frequency.template cast<T>();
    rank_one_ = static_cast<T>(2 / theta);
    norm_bound_ = 2 / theta * static_cast<double>(order) + (frequency.size() > 0 ? frequency.maxCoeff() : 0.0);
    return;
  }
  const Factors f = factors(measure, order);
  diagonal_ = (f.diagonal / theta).template cast<T>();
  below_ = (f.below / theta).template cast<T>();
  above_ = (f.above / theta).template cast<T>();
  g_ = f.g.template cast<T>();
  h_ = f.h.template cast<T>();
  norm_bound_ = balanced_norm(f) / theta;
  const auto* lagt = std::get_if<LagT>(&measure);
  const double gamma = lagt ? boost::math::tgamma(lagt->alpha + 1) : 1.0;
  const bool lmu = std::holds_alternative<Lmu>(measure);
  B_ = ((lmu ? Vector<double>(-f.below) : f.g) / (gamma * theta)).template cast<T>();
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
