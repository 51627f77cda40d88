#include "../detail/check.hpp"
#include "../detail/tally.hpp"

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
void check_weight(std::string_view field, const Matrix<T>& M, Index rows, Index cols) {
  detail::check_shape("AttentionWeights", field, M.rows(), M.cols(), rows, cols);
  if (!M.allFinite()) {
    detail::fail("AttentionWeights", std::string(field).append(" must be finite"), "a value that is not");
  }
}

template <class T>
void check_weights(const Heads& h, const AttentionWeights<T>& w) {
  const Index m = w.output.rows(), all = h.heads * h.head_dim, kv = h.kv_heads * h.head_dim;
  if (m < 1) detail::fail("AttentionWeights", "output must have a row", m);
  check_weight("output", w.output, m, all);
  check_weight("query", w.query, all, m);
  check_weight("key", w.key, kv, h.latent() ? h.latent_dim : m);
  check_weight("value", w.value, kv, h.latent() ? h.latent_dim : m);
  const bool beside = h.latent() && h.rope_dim > 0;
  check_weight("latent", w.latent, h.latent_dim, h.latent() ? m : 0);
  check_weight("query_rope", w.query_rope, beside ? h.heads * h.rope_dim : 0, beside ? m : 0);
  check_weight("key_rope", w.key_rope, beside ? h.rope_dim : 0, beside ? m : 0);
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
}

Index cache_per_token(const Heads& h) { return h.latent() ? h.latent_dim + h.rope_dim : 2 * h.kv_heads * h.head_dim; }

template <class T>
void rotate(Frame<T> x, Index position, double base) {
  for (Index j = 0; j + 1 < x.size(); j += 2) {
    const double angle =
        static_cast<double>(position) * std::pow(base, -static_cast<double>(j) / static_cast<double>(x.size()));
    const T c = static_cast<T>(std::cos(angle)), s = static_cast<T>(std::sin(angle));
    const T re = x(j), im = x(j + 1);
    x(j) = c * re - s * im;
    x(j + 1) = s * re + c * im;
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
  if (options.alibi) slopes_ = alibi_slopes(heads.heads);
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
      rotate<T>(heads_.latent() ? q.col(k).tail(r) : q.col(k).head(r), first + k, options_.rope_base);
    }
  }
  queries *= scale_;
  detail::count_multiply_adds(
      n * (weights_.query.size() + weights_.query_rope.size() + (shares() ? weights_.key.size() : 0)));
}

template <class T>
void AttentionLayer<T>::rows(ConstSignal<T> X, Index first, Signal<T> rows) const {
  const Index n = X.cols(), d = heads_.head_dim, r = heads_.rope_dim, g = heads_.kv_heads;
  detail::check_shape("AttentionLayer::rows", "X", X.rows(), n, width(), n);
  detail::check_shape("AttentionLayer::rows", "rows", rows.rows(), rows.cols(), row_, n);
  const Index from_latent = shares() ? 0 : weights_.key.size() + weights_.value.size();
  detail::count_multiply_adds(n * (weights_.latent.size() + weights_.key_rope.size() + from_latent));
  if (!heads_.latent()) {
    rows.topRows(g * d).noalias() = weights_.key * X;
    rows.bottomRows(g * d).noalias() = weights_.value * X;
    for (Index i = 0; i < g; ++i) {
      for (Index k = 0; r > 0 && k < n; ++k) {
        rotate<T>(rows.col(k).segment(i * d, r), first + k, options_.rope_base);
      }
    }
    return;
  }
  Matrix<T> places = r > 0 ? Matrix<T>(weights_.key_rope * X) : Matrix<T>(0, n);
  for (Index k = 0; r > 0 && k < n; ++k) rotate<T>(places.col(k), first + k, options_.rope_base);
  if (shares()) {
    rows.topRows(heads_.latent_dim).noalias() = weights_.latent * X;
    rows.bottomRows(r) = places;
    return;
  }
  const Matrix<T> latent = weights_.latent * X;
  const Matrix<T> keys = weights_.key * latent;
  rows.bottomRows(g * d).noalias() = weights_.value * latent;
  for (Index i = 0; i < g; ++i) {
    rows.middleRows(i * key_dim_, d) = keys.middleRows(i * d, d);
    rows.middleRows(i * key_dim_ + d, r) = places;
  }
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
