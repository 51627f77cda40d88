#pragma once

/// \file
/// Heads of attention: how queries, keys and values are made of tokens, and what a token leaves in a cache.

#include <longstate/config.hpp>
#include <longstate/types.hpp>

namespace longstate {

/// One description for four kinds of heads:
///
///     multi-head     kv_heads = heads                            (Vaswani et al. 2017, section 3.2.2)
///     grouped-query  kv_heads divides heads                      (Ainslie et al. 2023)
///     multi-query    kv_heads = 1                                (Shazeer 2019)
///     latent         latent_dim > 0: keys and values of all heads from one vector of latent_dim numbers, with rope_dim more
///                    for the keys' place, shared by the heads    (DeepSeek-V2, 2024, section 2.1; without its compression of
///                    queries, as in DeepSeek-V2-Lite); latent_norm: the vector c of a token becomes
///                    w c / sqrt(mean(c^2) + eps), w from AttentionWeights, before it is kept and before keys and values are
///                    made of it, as in all published DeepSeek models (kv_a_layernorm; RMSNorm: Zhang & Sennrich 2019)
struct Heads {
  Index heads = 1;
  Index kv_heads = 1;    ///< latent: as heads
  Index head_dim = 64;   ///< of queries, keys and values
  Index latent_dim = 0;  ///< latent: d_c
  Index rope_dim =
      0;  ///< latent: d_r, beside head_dim; else of each head's first numbers, that turn with the place (RoPE)
  bool latent_norm = false;       ///< latent: an RMSNorm of the latent vector
  double latent_norm_eps = 1e-6;  ///< of that norm; 1e-6 is DeepSeek's

  bool latent() const { return latent_dim > 0; }
  bool operator==(const Heads&) const = default;
};

/// Throws std::invalid_argument naming the field: sizes from 1 to 65,536, kv_heads a divisor of heads (latent: equal to it),
/// rope_dim even, at most head_dim unless latent; latent_norm of latent heads alone, its eps positive and finite.
LONGSTATE_API void validate(const Heads& heads);

/// Numbers that a token leaves in a cache: 2 kv_heads head_dim; latent: latent_dim + rope_dim.
LONGSTATE_API Index cache_per_token(const Heads& heads);

/// What the scores are made of besides the products of queries and keys.
struct AttentionOptions {
  double scale = 0;        ///< of the products; 0: one over the root of the key's length
  double rope_base = 1e4;  ///< of the frequencies base^(-2 j / rope_dim) (RoFormer: Su et al. 2021, eq. 15)
  bool alibi = false;  ///< less slope_i (query - key): Press et al. 2022, section 3 (LinearAttention says what it does)
  /// Of each of the rope_dim / 2 pairs, in radians a token, in place of rope_base's; empty: those. For RoPE that is scaled for longer
  /// sequences, as by YaRN (Peng et al. 2023, section 3.2), which DeepSeek's configurations ask for, with a scale of their own.
  Vector<double> rope_frequencies = {};
};

/// The caller's weights, of tokens of m numbers. h, g, d, c, r: heads, kv_heads, head_dim, latent_dim, rope_dim.
template <class T>
struct AttentionWeights {
  Matrix<T> query;             ///< h d x m
  Matrix<T> key, value;        ///< g d x m; latent: h d x c, from the latent vector
  Matrix<T> output;            ///< m x h d
  Matrix<T> latent;            ///< latent: c x m
  Matrix<T> query_rope;        ///< latent, r > 0: h r x m
  Matrix<T> key_rope;          ///< latent, r > 0: r x m
  Vector<T> latent_norm = {};  ///< latent_norm: c
};

/// Numbers in (re, im) pairs that turn by angle = position base^(-2 j / n), j = 0 … n / 2 - 1, in place. x: n. The angle
/// is made in double for either T: right to |position| 4e-16 rad.
template <class T>
LONGSTATE_API void rotate(Frame<T> x, Index position, double base = 1e4);

/// 2^(-8 (i + 1) / h) for a power of two h; else those of the next lower power, and every other one of twice that.
LONGSTATE_API Vector<double> alibi_slopes(Index heads);

/// A layer of attention without its normaliser: projections only. Latent heads come in two forms with the same outputs: in the
/// absorbed one, heads share the latent vector as their key and value, and a query is taken into its space, q -> W_key^T q
/// (DeepSeek-V2, section 2.1.2); in the expanded one each head has keys and values of its own.
///
/// A row is what a token leaves for later ones. Head i finds its key in numbers key(i) … key(i) + key_dim - 1 and its value in
/// value(i) … value(i) + value_dim - 1 of it.
template <class T>
class LONGSTATE_API AttentionLayer {
 public:
  enum class Form { absorbed, expanded };  ///< of latent heads; others have one form

  /// Throws std::invalid_argument if heads are invalid, or a weight has another shape or a value that is not finite.
  AttentionLayer(const Heads& heads, AttentionWeights<T> weights, const AttentionOptions& options = {},
                 Form form = Form::absorbed);

  const Heads& heads() const { return heads_; }
  Index width() const { return weights_.output.rows(); }  ///< m
  Index row() const { return row_; }
  Index key_dim() const { return key_dim_; }
  Index value_dim() const { return value_dim_; }
  Index key(Index head) const { return group(head) * key_dim_; }
  Index value(Index head) const { return shares() ? 0 : groups() * key_dim_ + group(head) * value_dim_; }
  T scale() const { return scale_; }
  bool alibi() const { return options_.alibi; }
  /// 0 without ALiBi.
  T slope(Index head) const { return slopes_.size() == 0 ? T(0) : static_cast<T>(slopes_(head)); }

  /// X: m x n, tokens from place `first` on. queries: heads key_dim x n, times the scale. Throws std::invalid_argument if shapes
  /// do not fit, or naming a token whose queries have squares that add up to more than T can hold (or to NaN): below that, no
  /// product of a query and a key overflows.
  void queries(ConstSignal<T> X, Index first, Signal<T> queries) const;
  /// rows: row() x n. Throws as queries, of the rows.
  void rows(ConstSignal<T> X, Index first, Signal<T> rows) const;
  /// outputs: heads value_dim x n -> Y: m x n.
  void read_out(ConstSignal<T> outputs, Signal<T> Y) const;

 private:
  void turn(Frame<T> x, Index position) const;
  /// latent_dim x n
  void latents(ConstSignal<T> X, Signal<T> c) const;
  bool shares() const { return heads_.latent() && form_ == Form::absorbed; }
  Index groups() const { return shares() ? 1 : heads_.kv_heads; }
  Index group(Index head) const { return head / (heads_.heads / groups()); }

  Heads heads_;
  AttentionWeights<T> weights_;
  AttentionOptions options_;
  Form form_;
  Index key_dim_, value_dim_, row_;
  T scale_;
  Vector<double> frequencies_;  // of RoPE's pairs
  Vector<double> slopes_;
};

extern template class AttentionLayer<float>;
extern template class AttentionLayer<double>;

}  // namespace longstate
