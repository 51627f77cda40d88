#pragma once

/// \file
/// Softmax attention as a recurrence: a running maximum, sum and value.

#include <longstate/config.hpp>
#include <longstate/execute/threads.hpp>
#include <longstate/types.hpp>

#include <limits>

namespace longstate {

/// What a query has read so far: with scores s_j and values v_j of the keys folded in,
///
///     max = max_j s_j,   sum = sum_j e^(s_j - max),   value = sum_j e^(s_j - max) v_j,   output = value / sum
///
/// (Milakov & Gimelshein 2018, "Online normalizer calculation for softmax"; as an RNN: Feng et al. 2024, "Attention as an
/// RNN", section 3). Its size does not depend on how much was folded. Exact for scores of any size, since e is taken of
/// differences that are not positive; a score of -infinity is a key that is masked; nothing folded reads as zeros.
///
/// Cost       d + 1 multiply-adds and one exponential a key; two where the maximum moves.
/// Real-time  nothing here allocates but the constructor.
template <class T>
struct LONGSTATE_API OnlineSoftmax {
  T max = -std::numeric_limits<T>::infinity();
  T sum = 0;
  Vector<T> value;  ///< d

  explicit OnlineSoftmax(Index d) : value(Vector<T>::Zero(d)) {}

  bool empty() const { return sum == 0; }

  /// One key. v: d.
  void fold(T score, ConstFrame<T> v);

  /// Keys in a block, their maximum first. scores: n, V: d x n.
  void fold_block(ConstFrame<T> scores, ConstSignal<T> V);

  /// A key with its weight as it is, not its logarithm: for normalisers that are not exponential. weight >= 0.
  void fold_weight(T weight, ConstFrame<T> v);

  /// What both have read together: associative and commutative, but for rounding; the empty state is neutral.
  void merge(const OnlineSoftmax& other);

  /// y: d.
  void read(Frame<T> y) const;
};

/// All outputs of one query as keys come, y_k of the keys 0 … k, by a scan over the states: parts of the keys are folded at
/// the same time, their ends merged in turn, and each part goes on from the state before it (Feng et al. 2024, section 3.2).
/// The same to the bit for any number of threads.
///
///     scores: n, V: d x n, Y: d x n; state: that before the first key, then that after the last
///
/// Cost twice that of folding. Throws std::invalid_argument if the shapes do not fit or part < 1.
template <class T>
LONGSTATE_API void scan(const Threads& threads, ConstFrame<T> scores, ConstSignal<T> V, Signal<T> Y,
                        OnlineSoftmax<T>& state, Index part = 256);

extern template struct OnlineSoftmax<float>;
extern template struct OnlineSoftmax<double>;

}  // namespace longstate
