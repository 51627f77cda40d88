#include "../detail/check.hpp"
#include "../detail/tally.hpp"
#include "check_tokens.hpp"

#include <longstate/attention/heads.hpp>

#include <cmath>
#include <string>

namespace longstate {
namespace {

void check_range(std::string_view field, Index value, Index least) {
  constexpr Index most = 65536;
  if (value < least || value > most) {
    detail::fail("Heads", std::string(field).append(" must be from ").append(std::to_string(least)).append(" to 65536"),
                 value);
  }
}

template <class T>
void check_weight(std::string_view field, const ConstSignal<T>& M, Index rows, Index cols) {
  detail::check_shape("AttentionWeights", field, M.rows(), M.cols(), rows, cols);
  if (!M.allFinite()) {
    detail::fail("AttentionWeights", std::string(field).append(" must be finite"), "a value that is not");
  }
}

template <class T>
void check_weights(const Heads& h, const AttentionWeights<T>& w) {
  const Index m = w.output.rows(), all = h.heads * h.head_dim, kv = h.kv_heads * h.head_dim;
  if (m < 1) detail::fail("AttentionWeights", "output must have a row", m);
  check_weight<T>("output", w.output, m, all);
  check_weight<T>("query", w.query, all, m);
  check_weight<T>("key", w.key, kv, h.latent() ? h.latent_dim : m);
  check_weight<T>("value", w.value, kv, h.latent() ? h.latent_dim : m);
  const bool beside = h.latent() && h.rope_dim > 0;
  check_weight<T>("latent", w.latent, h.latent_dim, h.latent() ? m : 0);
  check_weight<T>("query_rope", w.query_rope, beside ? h.heads * h.rope_dim : 0, beside ? m : 0);
  check_weight<T>("key_rope", w.key_rope, beside ? h.rope_dim : 0, beside ? m : 0);
  check_weight<T>("latent_norm", w.latent_norm, h.latent_norm ? h.latent_dim : 0, 1);
}

/// Of the pair at numbers j and j + 1 of n.
double frequency(Index j, Index n, double base) {
  return std::pow(base, -static_cast<double>(j) / static_cast<double>(n));
}

template <class T>
void turn_pair(T& re, T& im, double angle) {
  const T c = static_cast<T>(std::cos(angle)), s = static_cast<T>(std::sin(angle)), before = re;
  re = c * before - s * im;
  im = s * before + c * im;
}

}  // namespace

void validate(const Heads& h) {
  check_range("heads", h.heads, 1);
  check_range("kv_heads", h.kv_heads, 1);
  check_range("head_dim", h.head_dim, 1);
  check_range("latent_dim", h.latent_dim, 0);
  check_range("rope_dim", h.rope_dim, 0);
  if (h.heads % h.kv_heads != 0) detail::fail("Heads", "kv_heads must divide heads", h.kv_heads);
  if (h.latent() && h.kv_heads != h.heads) detail::fail("Heads", "kv_heads of latent heads must be heads", h.kv_heads);
  if (h.rope_dim % 2 != 0) detail::fail("Heads", "rope_dim must be even", h.rope_dim);
  if (!h.latent() && h.rope_dim > h.head_dim) detail::fail("Heads", "rope_dim must be at most head_dim", h.rope_dim);
  if (h.latent_norm && !h.latent()) detail::fail("Heads", "latent_norm needs a latent_dim", h.latent_dim);
  detail::check_positive("Heads", "latent_norm_eps", h.latent_norm_eps);
}

Index cache_per_token(const Heads& h) { return h.latent() ? h.latent_dim + h.rope_dim : 2 * h.kv_heads * h.head_dim; }

template <class T>
void rotate(Frame<T> x, Index position, double base) {
  for (Index j = 0; j + 1 < x.size(); j += 2) {
    turn_pair(x(j), x(j + 1), static_cast<double>(position) * frequency(j, x.size(), base));
  }
}

Vector<double> alibi_slopes(Index heads) {
  const auto of_power = [](Index power, Index i) {
    return std::exp2(-8.0 * static_cast<double>(i + 1) / static_cast<double>(power));
  };
  Index power = 1;
  while (2 * power <= heads) power *= 2;
  Vector<double> slopes(heads);
  for (Index i = 0; i < heads; ++i) slopes(i) = i < power ? of_power(power, i) : of_power(2 * power, 2 * (i - power));
  return slopes;
}

template <class T>
AttentionLayer<T>::AttentionLayer(const Heads& heads, AttentionWeights<T> weights, const AttentionOptions& options,
                                  Form form)
    : heads_(heads), weights_(std::move(weights)), options_(options), form_(form) {
  validate(heads);
  check_weights(heads, weights_);
  if (!std::isfinite(options.scale)) detail::fail("AttentionOptions", "scale must be finite", options.scale);
  detail::check_positive("AttentionOptions", "rope_base", options.rope_base);
  const Index beside = heads.latent() ? heads.rope_dim : 0;
  key_dim_ = shares() ? heads.latent_dim + beside : heads.head_dim + beside;
  value_dim_ = shares() ? heads.latent_dim : heads.head_dim;
  row_ = shares() ? key_dim_ : heads.kv_heads * (key_dim_ + value_dim_);
  const double length =
      static_cast<double>(heads.head_dim + beside);  // of the key that the heads define, in either form
  scale_ = static_cast<T>(options.scale != 0 ? options.scale : 1 / std::sqrt(length));
  frequencies_ = options.rope_frequencies;
  if (frequencies_.size() == 0) {
    frequencies_.resize(heads.rope_dim / 2);
    for (Index j = 0; j < frequencies_.size(); ++j)
      frequencies_(j) = frequency(2 * j, heads.rope_dim, options.rope_base);
  }
  detail::check_shape("AttentionOptions", "rope_frequencies", frequencies_.size(), 1, heads.rope_dim / 2, 1);
  if (!frequencies_.allFinite())
    detail::fail("AttentionOptions", "rope_frequencies must be finite", frequencies_.sum());
  if (options.alibi) slopes_ = alibi_slopes(heads.heads);
}

template <class T>
void AttentionLayer<T>::turn(Frame<T> x, Index position) const {
  for (Index j = 0; j < frequencies_.size(); ++j) {
    turn_pair(x(2 * j), x(2 * j + 1), static_cast<double>(position) * frequencies_(j));
  }
}

template <class T>
void AttentionLayer<T>::queries(ConstSignal<T> X, Index first, Signal<T> queries) const {
  const Index n = X.cols(), d = heads_.head_dim, r = heads_.rope_dim, h = heads_.heads;
  detail::check_shape("AttentionLayer::queries", "X", X.rows(), n, width(), n);
  detail::check_shape("AttentionLayer::queries", "queries", queries.rows(), queries.cols(), h * key_dim_, n);
  const Matrix<T> own = weights_.query * X;
  const Matrix<T> turning = weights_.query_rope.size() > 0 ? Matrix<T>(weights_.query_rope * X) : Matrix<T>();
  for (Index i = 0; i < h; ++i) {
    auto q = queries.middleRows(i * key_dim_, key_dim_);
    if (shares()) {
      q.topRows(heads_.latent_dim) = weights_.key.middleRows(i * d, d).transpose() * own.middleRows(i * d, d);
    } else {
      q.topRows(d) = own.middleRows(i * d, d);
    }
    if (turning.size() > 0) q.bottomRows(r) = turning.middleRows(i * r, r);
    for (Index k = 0; r > 0 && k < n; ++k) {
      turn(heads_.latent() ? q.col(k).tail(r) : q.col(k).head(r), first + k);
    }
  }
  queries *= scale_;
  detail::check_powers("AttentionLayer::queries", "queries", queries, first, 2);
  detail::count_multiply_adds(
      n * (weights_.query.size() + weights_.query_rope.size() + (shares() ? weights_.key.size() : 0)));
}

template <class T>
void AttentionLayer<T>::latents(ConstSignal<T> X, Signal<T> c) const {
  c.noalias() = weights_.latent * X;
  if (!heads_.latent_norm) return;
  const T root = std::sqrt(static_cast<T>(c.rows())), eps = static_cast<T>(std::sqrt(heads_.latent_norm_eps));
  // the square of a number that T can hold is not always one
  for (auto column : c.colwise()) column /= std::hypot(column.stableNorm() / root, eps);
  c.array().colwise() *= weights_.latent_norm.array();
  detail::count_flops(4 * c.size());
}

template <class T>
void AttentionLayer<T>::rows(ConstSignal<T> X, Index first, Signal<T> rows) const {
  const Index n = X.cols(), d = heads_.head_dim, r = heads_.rope_dim, g = heads_.kv_heads;
  detail::check_shape("AttentionLayer::rows", "X", X.rows(), n, width(), n);
  detail::check_shape("AttentionLayer::rows", "rows", rows.rows(), rows.cols(), row_, n);
  const auto turn_all = [&](auto numbers) {
    for (Index k = 0; r > 0 && k < n; ++k) turn(numbers.col(k), first + k);
  };
  if (!heads_.latent()) {
    rows.topRows(g * d).noalias() = weights_.key * X;
    rows.bottomRows(g * d).noalias() = weights_.value * X;
    for (Index i = 0; i < g; ++i) turn_all(rows.middleRows(i * d, r));
  } else {
    Matrix<T> places = r > 0 ? Matrix<T>(weights_.key_rope * X) : Matrix<T>(0, n);
    turn_all(places.topRows(r));
    if (shares()) {
      latents(X, rows.topRows(heads_.latent_dim));
      rows.bottomRows(r) = places;
    } else {
      Matrix<T> latent(heads_.latent_dim, n);
      latents(X, latent);
      const Matrix<T> keys = weights_.key * latent;
      rows.bottomRows(g * d).noalias() = weights_.value * latent;
      for (Index i = 0; i < g; ++i) {
        rows.middleRows(i * key_dim_, d) = keys.middleRows(i * d, d);
        rows.middleRows(i * key_dim_ + d, r) = places;
      }
    }
  }
  detail::check_powers("AttentionLayer::rows", "rows", rows, first, 2);
  const Index from_latent = shares() ? 0 : weights_.key.size() + weights_.value.size();
  detail::count_multiply_adds(n * (weights_.latent.size() + weights_.key_rope.size() + from_latent));
}

template <class T>
void AttentionLayer<T>::read_out(ConstSignal<T> outputs, Signal<T> Y) const {
  const Index n = Y.cols(), d = heads_.head_dim, h = heads_.heads;
  detail::check_shape("AttentionLayer::read_out", "outputs", outputs.rows(), outputs.cols(), h * value_dim_, n);
  detail::check_shape("AttentionLayer::read_out", "Y", Y.rows(), n, width(), n);
  detail::count_multiply_adds(n * (weights_.output.size() + (shares() ? weights_.value.size() : 0)));
  if (!shares()) {
    Y.noalias() = weights_.output * outputs;
    return;
  }
  Matrix<T> values(h * d, n);
  for (Index i = 0; i < h; ++i) {
    values.middleRows(i * d, d).noalias() =
        weights_.value.middleRows(i * d, d) * outputs.middleRows(i * value_dim_, value_dim_);
  }
  Y.noalias() = weights_.output * values;
}

template void rotate<float>(Frame<float>, Index, double);
template void rotate<double>(Frame<double>, Index, double);
template class AttentionLayer<float>;
template class AttentionLayer<double>;

}  // namespace longstate
