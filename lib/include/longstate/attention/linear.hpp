#pragma once

/// \file
/// Attention without a softmax: a state of constant size by nature.

#include <longstate/attention/heads.hpp>

#include <string_view>

namespace longstate {

/// phi of queries and keys, whose products are weights.
enum class FeatureMap {
  identity,  ///< x: products as they are, of any sign; retention's
  elu,       ///< 1 + elu(x) = x + 1 for x > 0, else e^x (Katharopoulos et al. 2020, eq. 7)
  taylor  ///< (1, x, x x^T / sqrt 2): phi(q) . phi(k) = 1 + q.k + (q.k)^2 / 2 (Based: Arora et al. 2024, section 4.1)
};

std::string_view name(FeatureMap map);

/// Numbers of phi(x) for x of `size`: size; taylor 1 + size + size^2.
Index features(FeatureMap map, Index size);

/// x: n, phi: features(map, n).
template <class T>
void map_features(FeatureMap map, ConstFrame<T> x, Frame<T> phi);

struct LinearAttentionOptions {
  FeatureMap map = FeatureMap::elu;
  bool normalize = true;  ///< divide by phi(q) . z; of weights of any sign (identity) leave it
  /// Of each head, what is kept from one token to the next, in (0, 1]; empty: 1. retention_decays() are RetNet's.
  Vector<double> decay = {};
};

/// 1 - 2^(-5 - i) for head i (RetNet: Sun et al. 2023, section 2.2).
Vector<double> retention_decays(Index heads);

/// Linear attention and retention, head by head:
///
///     S <- g S + v phi(k)^T,    z <- g z + phi(k),    y = S phi(q)  or  S phi(q) / (phi(q) . z)
///
/// (Katharopoulos et al. 2020, eqs. 16-20, with g = 1; retention: Sun et al. 2023, eq. 6). Each number of S and z is a
/// diagonal recurrence of its own, x <- g x + u, driven by products of the token and read out by others: a state space whose
/// input and output vary (tests/attention/linear_test.cpp runs it by Recurrence, too). Queries come with the layer's scale.
///
/// Cost       per token and head, 2 features (head_dim + 1) multiply-adds; no exponential but that of the map.
/// Memory     heads features (head_dim + 1) numbers, whatever was read.
template <class T>
class LinearAttention {
 public:
  /// Throws std::invalid_argument if a decay is not in (0, 1] or there is not one for each head, or if heads are latent.
  LinearAttention(AttentionLayer<T> layer, LinearAttentionOptions options = {});

  /// The next tokens. X, Y: m x n. Throws std::invalid_argument if shapes do not fit or a token is not finite; then nothing has
  /// run.
  void run(ConstSignal<T> X, Signal<T> Y);

  Index state_bytes() const { return states_.size() * static_cast<Index>(sizeof(T)); }
  void clear() { states_.setZero(); }

 private:
  AttentionLayer<T> layer_;
  LinearAttentionOptions options_;
  Index features_;
  Matrix<T> states_;       // of head after head: [S; z^T], (head_dim + 1) x features
  Vector<T> query_, key_;  // phi of them
};

extern template class LinearAttention<float>;
extern template class LinearAttention<double>;

}  // namespace longstate
