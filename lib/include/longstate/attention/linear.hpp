#pragma once

/// \file
/// Attention without a softmax: a state of constant size by nature.

#include <longstate/attention/heads.hpp>
#include <longstate/config.hpp>

#include <string_view>

namespace longstate {

/// phi of queries and keys, whose products are weights.
enum class FeatureMap {
  identity,  ///< x: products as they are, of any sign; retention's
  elu,       ///< 1 + elu(x) = x + 1 for x > 0, else e^x (Katharopoulos et al. 2020, eq. 7)
  taylor  ///< (1, x, x x^T / sqrt 2): phi(q) . phi(k) = 1 + q.k + (q.k)^2 / 2 (Based: Arora et al. 2024, section 4.1)
};

LONGSTATE_API std::string_view name(FeatureMap map);

/// Numbers of phi(x) for x of `size`: size; taylor 1 + size + size^2.
LONGSTATE_API Index features(FeatureMap map, Index size);

/// x: n, phi: features(map, n).
template <class T>
LONGSTATE_API void map_features(FeatureMap map, ConstFrame<T> x, Frame<T> phi);

struct LinearAttentionOptions {
  FeatureMap map = FeatureMap::elu;
  bool normalize = true;  ///< divide by phi(q) . z; of weights of any sign (identity) leave it
  /// g of each head, what is kept from one token to the next, in (0, 1]; empty: 1. retention_decays() are RetNet's.
  Vector<double> decay = {};
};

/// 1 - 2^(-5 - i) for head i (RetNet: Sun et al. 2023, section 2.2).
LONGSTATE_API Vector<double> retention_decays(Index heads);

/// What linear attention keeps of the tokens that it has read: an ordinary value, which can be copied, compared and saved, and from
/// which a layer with the same heads and options goes on.
template <class T>
struct LinearAttentionState {
  Matrix<T> sums;  ///< of head after head, [S; z^T], (head_dim + 1) x features; elu: column i in units of e^(units_i)
  Vector<double> units;  ///< elu: heads features; else none
  Index tokens = 0;      ///< read, and so the place of the next one

  bool operator==(const LinearAttentionState&) const = default;
};

/// Linear attention and retention, head by head:
///
///     S <- g S + v phi(k)^T,    z <- g z + phi(k),    y = S phi(q)  or  S phi(q) / (phi(q) . z)
///
/// (Katharopoulos et al. 2020, eqs. 16-20, with g = 1; retention: Sun et al. 2023, eq. 6). Each number of S and z is a
/// diagonal recurrence of its own, x <- g x + u, driven by products of the token and read out by others: a state space whose
/// input and output vary (tests/attention/linear_test.cpp runs it by Recurrence, too). Queries come with the layer's scale.
///
/// RoPE turns queries and keys before phi, by places that go on from call to call. ALiBi takes slope (query - key) from a score
/// whose exponential is the weight: it multiplies the weight by e^(-slope (query - key)), and so it does here, where phi(q) . phi(k)
/// stands for the exponential of the product: g is decay e^(-slope), exactly.
///
/// Cost       per token and head, 2 features (head_dim + 1) multiply-adds; elu: an exponential for each feature of a query and of
///            a key.
/// Memory     heads features (head_dim + 1) numbers, whatever was read; elu: and heads features in double.
/// Accuracy   rounding (float 1e-5, double 1e-12), at any split into calls, and with elu for tokens of any size: each column of S
///            and z is in units of the largest factor e^min(k, 0) that it has read, as the running softmax is of the largest
///            score, so that the smallest phi does not vanish; with a decay the units are right to |k| 1e-15.
template <class T>
class LONGSTATE_API LinearAttention {
 public:
  /// Throws std::invalid_argument if a decay is not in (0, 1] or there is not one for each head, or if heads are latent.
  LinearAttention(AttentionLayer<T> layer, LinearAttentionOptions options = {});

  /// The next tokens, from place tokens() on. X, Y: m x n. Throws std::invalid_argument if shapes do not fit, or a token is not
  /// finite or so large that its queries (AttentionLayer::queries) or the fourth powers of what it leaves overflow; then nothing has
  /// run. Throws it, too, if an output is not finite, as one that divides by weights of any sign whose sum is 0; then the tokens
  /// have been read.
  void run(ConstSignal<T> X, Signal<T> Y);

  Index tokens() const { return state_.tokens; }
  Index state_bytes() const;

  const LinearAttentionState<T>& state() const { return state_; }
  /// Throws std::invalid_argument if the shapes differ, a number is not finite, or tokens is negative; then nothing has changed.
  void restore(const LinearAttentionState<T>& state);
  /// Back to no token.
  void clear();

 private:
  void fold(Index head, ConstFrame<T> key, ConstFrame<T> value);
  void read(Index head, ConstFrame<T> query, Frame<T> y);

  AttentionLayer<T> layer_;
  LinearAttentionOptions options_;
  Index features_;
  LinearAttentionState<T> state_;
  Vector<T> phi_, fade_, value_, read_;  // of one head and token
};

extern template class LinearAttention<float>;
extern template class LinearAttention<double>;

}  // namespace longstate
