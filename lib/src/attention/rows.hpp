#pragma once

// What all decoders share: some queries, to whom the keys of the past are shown in blocks.

#include "../detail/aligned.hpp"

#include <longstate/attention/heads.hpp>
#include <longstate/attention/normalizer.hpp>

#include <vector>

namespace longstate::detail {

inline constexpr Index queries_of_a_block = 64;

/// Keys and values of `groups` heads: those of group g and token j at key + g key_step + j key_stride, and so on.
template <class T>
struct Keys {
  const T* key;
  Index key_step, key_stride;
  const T* value;
  Index value_step, value_stride;

  /// `more` tokens on.
  Keys after(Index more) const {
    Keys keys = *this;
    keys.key += more * key_stride;
    keys.value += more * value_stride;
    return keys;
  }
};

/// Rows of the softmax, one for each head and query, of scores that come in blocks:
///
///     rows.start(first, queries);
///     do {
///       for (blocks of the past) rows.take(keys, first_key, count);
///     } while (!rows.end_pass());
///     rows.read(outputs);
template <class T>
class AttentionRows {
 public:
  AttentionRows(const AttentionLayer<T>& layer, const Normalizer& normalizer, Index most_queries);

  /// queries: heads key_dim x n, of places first … first + n - 1.
  void start(Index first, ConstSignal<T> queries);
  /// Keys that come at a time: few for many queries, whose scores stay in the cache.
  Index block() const { return count_ == 1 ? 256 : 64; }
  /// At most block() keys from place first_key on; those after a query are not its own.
  void take(const AttentionLayer<T>& layer, const Keys<T>& keys, Index first_key, Index count);
  /// Whether all is read; else the keys are wanted once more.
  bool end_pass();
  /// outputs: heads value_dim x n.
  void read(Signal<T> outputs) const;

  /// Of all that it keeps.
  Index bytes() const;

 private:
  void pack(const T* key, Index key_stride, const T* value, Index value_stride, Index count);
  void score(const AttentionLayer<T>& layer, Index head, const T* key, Index key_stride, Index first_key, Index count);
  void fold(Index head, const T* value, Index value_stride, Index first_key, Index count);
  T* scores(Index query) { return scores_.data() + query * block(); }
  Index row(Index head, Index query) const { return query * heads_ + head; }

  Normalizer normalizer_;
  Index heads_, key_dim_, value_dim_, padded_;  // numbers of a value in whole vectors
  Index first_ = 0, count_ = 0;                 // the queries
  bool reading_ = false;                        // weights are known
  bool plain_, extra_zero_;                     // weights are the scores; softmax-1
  std::vector<RowWeights<T>> weights_;
  detail::Aligned<T> queries_, keys_, values_;  // the last two of a block and group
  detail::AlignedVector<T> scores_;             // block x queries
  detail::Aligned<T> max_, sum_;                // heads x queries
  detail::Aligned<T> value_;                    // heads padded x queries
};

}  // namespace longstate::detail
