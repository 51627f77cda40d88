#pragma once

/// \file
/// Causal attention, three ways to the same output: from all tokens at once, from a cache that grows, and from nothing but
/// the source of the tokens.

#include <longstate/attention/heads.hpp>
#include <longstate/attention/normalizer.hpp>
#include <longstate/config.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace longstate {

namespace detail {
template <class T>
class AttentionRows;
}

/// The most tokens that a decoder takes: their places and keys are still counted exactly in float.
inline constexpr Index max_tokens = Index(1) << 24;

/// The whole sequence at once, for prefill: queries in blocks of 64, each with the keys of its past in blocks of 64 and a
/// running softmax (Rabe & Staats 2021; FlashAttention: Dao et al. 2022, algorithm 1), so that no n x n matrix is formed.
///
/// Cost       n^2 / 2 (key_dim + value_dim) multiply-adds and n^2 / 2 exponentials a head, times the passes of the normaliser.
/// Memory     the rows of all tokens, and 64 x 64 scores. Nothing is kept between calls: each call is a sequence from place 0 on.
template <class T>
class LONGSTATE_API FullAttention {
 public:
  /// Throws std::invalid_argument if the normaliser is invalid.
  explicit FullAttention(AttentionLayer<T> layer, const Normalizer& normalizer = Softmax{});
  FullAttention(FullAttention&&) noexcept;
  FullAttention& operator=(FullAttention&&) noexcept;
  ~FullAttention();

  /// X, Y: m x n. Throws std::invalid_argument if shapes do not fit, n > max_tokens, or a token is not finite or so large that its
  /// queries, keys or values (AttentionLayer::queries) or its output overflow.
  void run(ConstSignal<T> X, Signal<T> Y);

  /// The same without projections: queries: heads key_dim x n, with their scale; rows: row() x n; outputs: heads value_dim x n.
  /// Throws as run but for outputs.
  void attend(ConstSignal<T> queries, ConstSignal<T> rows, Signal<T> outputs);

 private:
  AttentionLayer<T> layer_;
  std::unique_ptr<detail::AttentionRows<T>> rows_;
};

/// One token after the other, or some together, with what they leave in a cache of pages: no number is moved as it grows.
///
/// Cost       of token k: k (key_dim + value_dim) multiply-adds a head, times the passes; the cache is read once a pass and group.
/// Memory     k cache_per_token numbers (latent heads expanded: more), in pages of 256 tokens.
template <class T>
class LONGSTATE_API CachedAttention {
 public:
  explicit CachedAttention(AttentionLayer<T> layer, const Normalizer& normalizer = Softmax{});
  CachedAttention(CachedAttention&&) noexcept;
  CachedAttention& operator=(CachedAttention&&) noexcept;
  ~CachedAttention();

  /// The next tokens, X, Y: m x n, from place tokens() on. Throws std::invalid_argument if shapes do not fit, the tokens would
  /// pass max_tokens, or one is not finite or too large, as FullAttention::run; then the cache is as it was (Y may
  /// have been written to).
  void run(ConstSignal<T> X, Signal<T> Y);

  Index tokens() const { return tokens_; }
  Index state_bytes() const { return tokens_ * layer_.row() * static_cast<Index>(sizeof(T)); }
  void clear();

 private:
  void extend(ConstSignal<T> X, Signal<T> Y);
  void append(ConstSignal<T> rows);

  AttentionLayer<T> layer_;
  std::unique_ptr<detail::AttentionRows<T>> rows_;
  std::vector<Matrix<T>> pages_;  // group after group: keys, key_dim x 256 each, then values unless they are the keys'
  Index tokens_ = 0;
};

/// Attention whose state does not grow: the past is read again, token by token, from where it came, and folded into a running
/// softmax. Layers in a stack add to their input, x_(l+1) = x_l + layer_l(x_l); the inputs of a layer are made anew by those
/// below it.
///
/// Cost       of token k: k tokens read, for D layers about k^D / D!, times the passes of the normaliser in each layer.
/// Memory     one token, row and running softmax for each layer, whatever k; nothing is kept between tokens.
template <class T>
class LONGSTATE_API ConstantAttention {
 public:
  /// Writes token k, m numbers. It is asked for the tokens 0 … k in any order and any number of times.
  using Source = std::function<void(Index k, Frame<T> x)>;

  /// Throws std::invalid_argument if there is no layer, widths differ, or the normaliser is invalid.
  ConstantAttention(std::vector<AttentionLayer<T>> layers, Source source, const Normalizer& normalizer = Softmax{});
  ConstantAttention(ConstantAttention&&) noexcept;
  ConstantAttention& operator=(ConstantAttention&&) noexcept;
  ~ConstantAttention();

  /// What the last layer gives for token k, without its input. y: m. Throws std::invalid_argument if k is negative or not
  /// below max_tokens, the shape does not fit, or a token of the source is not finite or too large, as FullAttention::run.
  void run(Index k, Frame<T> y);

  /// Of all that is kept while it runs: the running softmax, the token and the row of each layer.
  Index state_bytes() const;

 private:
  struct Level;
  void attend(std::size_t level, Index k, Frame<T> y);
  void hidden(std::size_t level, Index k, Frame<T> x);

  Source source_;
  std::vector<Level> levels_;
};

extern template class FullAttention<float>;
extern template class FullAttention<double>;
extern template class CachedAttention<float>;
extern template class CachedAttention<double>;
extern template class ConstantAttention<float>;
extern template class ConstantAttention<double>;

}  // namespace longstate
