#include "../detail/check.hpp"

#include <longstate/attention/normalizer.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace longstate {
namespace {

constexpr std::array<std::string_view, 8> normalizer_names{"softmax",     "margin",    "taylor", "top-k",
                                                           "perturb-max", "sparsemax", "entmax", "softmax-1"};
template <class T>
constexpr T masked = -std::numeric_limits<T>::infinity();

/// 1 + s + … + s^order / order!
template <class T>
T taylor(T s, int order) {
  T sum = 1;
  for (int k = order; k > 0; --k) sum = 1 + s / static_cast<T>(k) * sum;
  return sum;
}

/// SplitMix64's output function (Steele, Lea & Flood 2014): every bit of the input changes half of the output's.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

/// Standard Gumbel noise of a query and key.
double gumbel(std::uint64_t seed, Index query, Index key) {
  constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;
  const std::uint64_t row = mix(seed + golden * (static_cast<std::uint64_t>(query) + 1));
  const std::uint64_t bits = mix(row + golden * (static_cast<std::uint64_t>(key) + 1));
  const double uniform = (static_cast<double>(bits >> 11U) + 0.5) * 0x1p-53;
  return -std::log(-std::log(uniform));
}

/// Better first: the larger score, and the earlier key among equals.
template <class T>
bool better(const std::pair<T, Index>& a, const std::pair<T, Index>& b) {
  return a.first != b.first ? a.first > b.first : a.second < b.second;
}

/// The threshold of sparsemax for scores less their maximum, by sorting.
double sparsemax_threshold(const std::vector<double>& sorted) {
  double sum = 0, tau = -1;
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    sum += sorted[k];
    const double candidate = (sum - 1) / static_cast<double>(k + 1);
    if (candidate >= sorted[k]) break;
    tau = candidate;
  }
  return tau;
}

/// The threshold of 1.5-entmax for half the scores less their maximum (Peters et al. 2019, algorithm 2).
double entmax_threshold(const std::vector<double>& sorted) {
  double sum = 0, squares = 0, tau = -1;
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    const auto count = static_cast<double>(k + 1);
    sum += sorted[k];
    squares += sorted[k] * sorted[k];
    const double mean = sum / count;
    const double rest = (1 - (squares - sum * mean)) / count;
    const double candidate = mean - std::sqrt(std::max(rest, 0.0));
    if (rest < 0 || candidate > sorted[k]) break;
    tau = candidate;
  }
  return tau;
}

/// The weights by the threshold of sorted scores, factor (s - max) each.
template <class T, class Threshold, class Weight>
Vector<T> by_sorting(ConstFrame<T> scores, double factor, const Threshold& threshold, const Weight& weight) {
  Vector<T> p = Vector<T>::Zero(scores.size());
  if (scores.size() == 0) return p;
  const double most = scores.maxCoeff();
  if (most == masked<double>) return p;
  std::vector<double> sorted;
  sorted.reserve(static_cast<std::size_t>(scores.size()));
  for (const T s : scores) sorted.push_back(factor * (static_cast<double>(s) - most));
  const std::vector<double> shifted = sorted;
  std::ranges::sort(sorted, std::greater<>());
  std::erase(sorted, masked<double>);
  const double tau = threshold(sorted);
  for (Index j = 0; j < p.size(); ++j) {
    p(j) = static_cast<T>(weight(std::max(shifted[static_cast<std::size_t>(j)] - tau, 0.0)));
  }
  return p / p.sum();
}

template <class T>
Vector<T> by_passes(const Normalizer& normalizer, ConstFrame<T> scores, Index query) {
  RowWeights<T> weights(normalizer, query);
  for (; !weights.ready(); weights.end_pass()) {
    for (Index j = 0; j < scores.size(); ++j) weights.show(j, scores(j));
  }
  Vector<T> p(scores.size());
  for (Index j = 0; j < scores.size(); ++j) p(j) = weights(j, scores(j));
  if (p.size() == 0) return p;
  T extra = 0;
  if (weights.exponential()) {
    const bool one_more = std::holds_alternative<SoftmaxOne>(normalizer);
    const T most = one_more ? std::max(p.maxCoeff(), T(0)) : p.maxCoeff();
    if (most == masked<T>) return Vector<T>::Zero(scores.size());
    p = p.unaryExpr([&](T s) { return std::exp(s - most); });  // Eigen's exp of -infinity is not 0
    extra = one_more ? std::exp(-most) : T(0);
  }
  const T sum = p.sum() + extra;
  return sum == 0 ? p : Vector<T>(p / sum);
}

}  // namespace

std::string_view name(const Normalizer& normalizer) { return normalizer_names[normalizer.index()]; }

void validate(const Normalizer& normalizer) {
  const auto check = [&](bool holds, std::string_view rule, auto got) {
    if (!holds) detail::fail(std::string("Normalizer ").append(name(normalizer)), rule, got);
  };
  if (const auto* n = std::get_if<Softmax>(&normalizer)) {
    check(std::isfinite(n->temperature) && n->temperature > 0, "temperature must be positive and finite",
          n->temperature);
  } else if (const auto* m = std::get_if<MarginSoftmax>(&normalizer)) {
    check(std::isfinite(m->margin) && m->margin >= 0, "margin must be finite and not negative", m->margin);
  } else if (const auto* t = std::get_if<TaylorSoftmax>(&normalizer)) {
    check(t->order >= 2 && t->order <= 20 && t->order % 2 == 0, "order must be even and from 2 to 20", t->order);
  } else if (const auto* k = std::get_if<TopKSoftmax>(&normalizer)) {
    check(k->k >= 1, "k must be at least 1", k->k);
  } else if (const auto* p = std::get_if<PerturbMax>(&normalizer)) {
    check(std::isfinite(p->temperature) && p->temperature >= 0, "temperature must be finite and not negative",
          p->temperature);
  } else if (const auto* e = std::get_if<Entmax>(&normalizer)) {
    check(e->alpha >= 1.01 && e->alpha <= 16, "alpha must be from 1.01 to 16", e->alpha);
  }
}

bool one_pass(const Normalizer& normalizer) { return RowWeights<double>(normalizer, 0).ready(); }

template <class T>
Vector<T> normalize(const Normalizer& normalizer, ConstFrame<T> scores, Index query) {
  validate(normalizer);
  if (std::holds_alternative<Sparsemax>(normalizer)) {
    return by_sorting<T>(scores, 1, sparsemax_threshold, [](double w) { return w; });
  }
  if (const auto* entmax = std::get_if<Entmax>(&normalizer); entmax && entmax->alpha == 1.5) {
    return by_sorting<T>(scores, 0.5, entmax_threshold, [](double w) { return w * w; });
  }
  return by_passes<T>(normalizer, scores, query);
}

template <class T>
Vector<T> normalize_jvp(const Normalizer& normalizer, ConstFrame<T> scores, ConstFrame<T> direction, Index query) {
  detail::check_shape("normalize_jvp", "direction", direction.size(), 1, scores.size(), 1);
  Vector<T> p = normalize<T>(normalizer, scores, query);
  /// dp = w o (d - (w . d) / by): w the rates of the weights at a fixed sum or threshold
  const auto centred = [&](const Vector<T>& w, T by) {
    return Vector<T>(w.cwiseProduct((direction.array() - w.dot(direction) / by).matrix()));
  };
  if (const auto* n = std::get_if<Softmax>(&normalizer)) return centred(p, 1) / static_cast<T>(n->temperature);
  if (const auto* m = std::get_if<PerturbMax>(&normalizer)) {
    if (m->temperature == 0) return Vector<T>::Zero(p.size());
    return centred(p, 1) / static_cast<T>(m->temperature);
  }
  if (const auto* t = std::get_if<TaylorSoftmax>(&normalizer)) {
    Vector<T> rate = Vector<T>::Zero(p.size());
    T sum = 0;
    for (Index j = 0; j < p.size(); ++j) {
      if (scores(j) == masked<T>) continue;
      rate(j) = taylor(scores(j), t->order - 1) * direction(j);
      sum += taylor(scores(j), t->order);
    }
    return sum == 0 ? rate : Vector<T>((rate - p * rate.sum()) / sum);
  }
  if (p.sum() == 0) return p;
  if (std::holds_alternative<Sparsemax>(normalizer) || std::holds_alternative<Entmax>(normalizer)) {
    const auto* e = std::get_if<Entmax>(&normalizer);
    const double power = 2 - (e ? e->alpha : 2.0);
    const Vector<T> w = p.unaryExpr([&](T x) { return x > 0 ? static_cast<T>(std::pow(x, power)) : T(0); });
    return centred(w, w.sum());
  }
  return centred(p, 1);  // softmax-1, too: its extra zero does not move
}

template <class T>
RowWeights<T>::RowWeights(const Normalizer& normalizer, Index query)
    : normalizer_(normalizer), query_(query), most_(masked<double>) {
  const auto* perturb = std::get_if<PerturbMax>(&normalizer);
  const bool threshold = std::holds_alternative<TopKSoftmax>(normalizer) ||
                         std::holds_alternative<Sparsemax>(normalizer) || std::holds_alternative<Entmax>(normalizer);
  ready_ = !threshold && !(perturb && perturb->temperature == 0);
}

template <class T>
bool RowWeights<T>::exponential() const {
  const auto* perturb = std::get_if<PerturbMax>(&normalizer_);
  const bool linear = std::holds_alternative<TaylorSoftmax>(normalizer_) ||
                      std::holds_alternative<Sparsemax>(normalizer_) || std::holds_alternative<Entmax>(normalizer_);
  return !linear && !(perturb && perturb->temperature == 0);
}

template <class T>
void RowWeights<T>::show(Index key, T score) {
  if (score == masked<T>) return;
  const auto keep_best = [&](T s, std::size_t k) {
    // a heap whose first is the worst of the best
    best_.emplace_back(s, key);
    std::ranges::push_heap(best_, better<T>);
    if (best_.size() <= k) return;
    std::ranges::pop_heap(best_, better<T>);
    best_.pop_back();
  };
  if (const auto* top = std::get_if<TopKSoftmax>(&normalizer_))
    return keep_best(score, static_cast<std::size_t>(top->k));
  if (const auto* perturb = std::get_if<PerturbMax>(&normalizer_)) {
    return keep_best(score + static_cast<T>(gumbel(perturb->seed, query_, key)), 1);
  }
  if (first_) {
    most_ = std::max(most_, static_cast<double>(score));
    ++count_;
    return;
  }
  const auto* entmax = std::get_if<Entmax>(&normalizer_);
  const double factor = entmax ? entmax->alpha - 1 : 1, power = 1 / factor;
  const double over = factor * (static_cast<double>(score) - most_) - tau_;
  if (over <= 0) return;
  if (power == 1) {
    sum_ += over;
    slope_ += 1;
  } else {
    const double rate = std::pow(over, power - 1);
    sum_ += over * rate;
    slope_ += power * rate;
  }
}

template <class T>
void RowWeights<T>::end_pass() {
  const bool root = std::holds_alternative<Sparsemax>(normalizer_) || std::holds_alternative<Entmax>(normalizer_);
  if (root) return end_pass_of_root();
  ready_ = true;
}

/// The root of F(tau) = sum_j w_j^power - 1 between -1, where the largest score alone makes F >= 0, and the place where all
/// scores at the largest would make F = 0: Newton's steps, which from the left do not overshoot where F is convex (alpha <= 2);
/// else, and where they leave the bracket, halving. Sparsemax: Michelot's algorithm (1986), exact after finitely many steps.
template <class T>
void RowWeights<T>::end_pass_of_root() {
  const auto* entmax = std::get_if<Entmax>(&normalizer_);
  const double factor = entmax ? entmax->alpha - 1 : 1;
  if (first_) {
    first_ = false;
    tau_ = low_ = -1;
    high_ = -std::pow(static_cast<double>(std::max<Index>(count_, 1)), -factor);
    ready_ = count_ <= 1;
    return;
  }
  const double F = sum_ - 1;
  (F >= 0 ? low_ : high_) = tau_;
  double next = tau_ + F / slope_;
  const double middle = low_ + (high_ - low_) / 2;
  if (!(next >= low_ && next <= high_)) next = middle;
  if (factor > 1 && std::abs(F) > 0.5) next = middle;
  constexpr double digits = std::numeric_limits<double>::epsilon();
  ready_ = F == 0 || next == tau_ || std::abs(next - tau_) <= digits * std::abs(tau_) || high_ - low_ <= digits * -low_;
  if (F != 0) tau_ = next;
  sum_ = slope_ = 0;
}

template <class T>
T RowWeights<T>::operator()(Index key, T score) const {
  if (score == masked<T>) return exponential() ? score : T(0);
  if (const auto* softmax = std::get_if<Softmax>(&normalizer_)) return score / static_cast<T>(softmax->temperature);
  if (const auto* margin = std::get_if<MarginSoftmax>(&normalizer_)) {
    return key == query_ ? score - static_cast<T>(margin->margin) : score;
  }
  if (const auto* t = std::get_if<TaylorSoftmax>(&normalizer_)) return taylor(score, t->order);
  if (std::holds_alternative<TopKSoftmax>(normalizer_)) {
    return best_.empty() || better(best_.front(), {score, key}) ? masked<T> : score;
  }
  if (const auto* perturb = std::get_if<PerturbMax>(&normalizer_)) {
    if (perturb->temperature == 0) return !best_.empty() && best_.front().second == key ? T(1) : T(0);
    return (score + static_cast<T>(gumbel(perturb->seed, query_, key))) / static_cast<T>(perturb->temperature);
  }
  if (std::holds_alternative<SoftmaxOne>(normalizer_)) return score;
  const auto* entmax = std::get_if<Entmax>(&normalizer_);
  const double factor = entmax ? entmax->alpha - 1 : 1;
  const double over = std::max(factor * (static_cast<double>(score) - most_) - tau_, 0.0);
  return static_cast<T>(factor == 1 ? over : std::pow(over, 1 / factor));
}

template Vector<float> normalize<float>(const Normalizer&, ConstFrame<float>, Index);
template Vector<double> normalize<double>(const Normalizer&, ConstFrame<double>, Index);
template Vector<float> normalize_jvp<float>(const Normalizer&, ConstFrame<float>, ConstFrame<float>, Index);
template Vector<double> normalize_jvp<double>(const Normalizer&, ConstFrame<double>, ConstFrame<double>, Index);
template class RowWeights<float>;
template class RowWeights<double>;

}  // namespace longstate
