#include "rows.hpp"

#include "../detail/tally.hpp"
#include "../simd/attention.hpp"
#include "../simd/product.hpp"
#include "../simd/size.hpp"
#include "../simd/transpose.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace longstate::detail {
namespace {

constexpr Index most_block = 64;  // of keys for many queries
constexpr auto vectors = static_cast<Index>(simd::product_rows);

using simd::size;

bool is_plain(const Normalizer& normalizer) {
  const auto* softmax = std::get_if<Softmax>(&normalizer);
  return (softmax && softmax->temperature == 1) || std::holds_alternative<SoftmaxOne>(normalizer);
}

}  // namespace

template <class T>
AttentionRows<T>::AttentionRows(const AttentionLayer<T>& layer, const Normalizer& normalizer, Index most_queries)
    : normalizer_(normalizer),
      heads_(layer.heads().heads),
      key_dim_(layer.key_dim()),
      value_dim_(layer.value_dim()),
      padded_((layer.value_dim() + vectors - 1) / vectors * vectors),
      plain_(is_plain(normalizer)),
      extra_zero_(std::holds_alternative<SoftmaxOne>(normalizer)),
      queries_(heads_ * key_dim_, most_queries),
      keys_(detail::Aligned<T>::Zero(most_block, most_queries > 1 ? key_dim_ : 0)),
      values_(detail::Aligned<T>::Zero(padded_, most_queries > 1 ? most_block : 0)),
      scores_(std::max<Index>(256, most_block * most_queries)),
      max_(heads_, most_queries),
      sum_(heads_, most_queries),
      value_(heads_ * padded_, most_queries) {
  validate(normalizer);
  weights_.reserve(size(heads_ * most_queries));
}

template <class T>
void AttentionRows<T>::start(Index first, ConstSignal<T> queries) {
  first_ = first;
  count_ = queries.cols();
  queries_.leftCols(count_) = queries;
  // softmax-1 begins with the extra zero read
  max_.setConstant(extra_zero_ ? T(0) : -std::numeric_limits<T>::infinity());
  sum_.setConstant(extra_zero_ ? T(1) : T(0));
  value_.setZero();
  weights_.clear();
  for (Index r = 0; r < count_ && !plain_; ++r) {
    for (Index h = 0; h < heads_; ++h) weights_.emplace_back(normalizer_, first + r);
  }
  reading_ = plain_ || weights_.front().ready();
}

template <class T>
bool AttentionRows<T>::end_pass() {
  if (reading_) return true;
  reading_ = true;
  for (RowWeights<T>& weights : weights_) {
    if (!weights.ready()) weights.end_pass();
    reading_ = reading_ && weights.ready();
  }
  return false;
}

template <class T>
void AttentionRows<T>::take(const AttentionLayer<T>& layer, const Keys<T>& keys, Index first_key, Index count) {
  const T* packed = nullptr;
  for (Index h = 0; h < heads_; ++h) {
    const Index group = layer.key(h) / key_dim_;
    const T* const key = keys.key + group * keys.key_step;
    const T* const value = keys.value + group * keys.value_step;
    if (count_ > 1 && key != packed) pack(key, keys.key_stride, value, keys.value_stride, count);
    packed = key;
    score(layer, h, key, keys.key_stride, first_key, count);
    fold(h, value, keys.value_stride, first_key, count);
  }
}

/// Keys as rows and values without gaps, for products; heads of a group and all queries use them.
template <class T>
void AttentionRows<T>::pack(const T* key, Index key_stride, const T* value, Index value_stride, Index count) {
  simd::to_rows(key, size(key_stride), size(key_dim_), size(count), keys_.data(), size(keys_.rows()));
  for (Index j = 0; j < count; ++j) std::copy_n(value + j * value_stride, value_dim_, values_.col(j).data());
}

/// scores_: keys x queries, less ALiBi's slopes, -infinity after a query.
template <class T>
void AttentionRows<T>::score(const AttentionLayer<T>& layer, Index head, const T* key, Index key_stride,
                             Index first_key, Index count) {
  if (count_ == 1) {
    simd::attention_loops<T>().dots(key, size(key_stride), size(key_dim_), size(count),
                                    queries_.data() + head * key_dim_, scores_.data());
  } else {
    simd::product_loops<T>().set(keys_.data(), size(keys_.rows()), size(key_dim_), queries_.data() + head * key_dim_,
                                 size(queries_.rows()), size(count_), scores_.data(), size(block()));
  }
  count_multiply_adds(count_ * count * key_dim_);
  const T slope = layer.slope(head);
  for (Index r = 0; r < count_; ++r) {
    const Index seen = std::min(count, first_ + r - first_key + 1);  // of the block
    T* const s = scores(r);
    for (Index j = std::max<Index>(seen, 0); j < count; ++j) s[j] = -std::numeric_limits<T>::infinity();
    if (slope == 0) continue;
    for (Index j = 0; j < seen; ++j) s[j] -= slope * static_cast<T>(first_ + r - first_key - j);
  }
}

template <class T>
void AttentionRows<T>::fold(Index head, const T* value, Index value_stride, Index first_key, Index count) {
  const auto& loops = simd::attention_loops<T>();
  for (Index r = 0; r < count_; ++r) {
    T* const s = scores(r);
    if (!plain_) {
      RowWeights<T>& weights = weights_[size(row(head, r))];
      if (!weights.ready()) {
        for (Index j = 0; j < count; ++j) weights.show(first_key + j, s[j]);
        continue;
      }
      if (!reading_) continue;
      for (Index j = 0; j < count; ++j) s[j] = weights(first_key + j, s[j]);
      if (!weights.exponential()) {
        for (Index j = 0; j < count; ++j) sum_(head, r) += s[j];
        continue;
      }
    }
    const T most = std::max(loops.max(s, size(count)), max_(head, r));
    if (most == -std::numeric_limits<T>::infinity()) {
      std::fill_n(s, count, T(0));
      continue;
    }
    if (most > max_(head, r)) {
      const T fade = std::exp(max_(head, r) - most);
      sum_(head, r) *= fade;
      value_.col(r).segment(head * padded_, padded_) *= fade;
      max_(head, r) = most;
    }
    sum_(head, r) += loops.exponentials(s, size(count), most);
    count_exponentials(count);
  }
  if (!reading_) return;
  count_multiply_adds(count_ * count * value_dim_);
  T* const sums = value_.data() + head * padded_;
  if (count_ == 1) {
    loops.add(value, size(value_stride), size(value_dim_), size(count), scores_.data(), sums);
  } else {
    simd::product_loops<T>().add(values_.data(), size(padded_), size(count), scores_.data(), size(block()),
                                 size(count_), sums, size(value_.rows()));
  }
}

template <class T>
void AttentionRows<T>::read(Signal<T> outputs) const {
  for (Index r = 0; r < count_; ++r) {
    for (Index h = 0; h < heads_; ++h) {
      auto to = outputs.col(r).segment(h * value_dim_, value_dim_);
      // a sum of 0 is one of weights that overflowed, since a query reads its own key: 0 / 0 says so
      to = value_.col(r).segment(h * padded_, value_dim_) / sum_(h, r);
    }
  }
}

template <class T>
Index AttentionRows<T>::bytes() const {
  const Index numbers =
      queries_.size() + scores_.size() + keys_.size() + values_.size() + max_.size() + sum_.size() + value_.size();
  return numbers * static_cast<Index>(sizeof(T)) + static_cast<Index>(weights_.capacity() * sizeof(RowWeights<T>));
}

template class AttentionRows<float>;
template class AttentionRows<double>;

}  // namespace longstate::detail
