#include "check_tokens.hpp"
#include "rows.hpp"

#include <longstate/attention/decoder.hpp>

#include <algorithm>

namespace longstate {
namespace {

using detail::AttentionRows;
using detail::Keys;
using detail::queries_of_a_block;

constexpr Index page = 256;  // tokens

void check_tokens(std::string_view where, Index tokens) {
  if (tokens > max_tokens) detail::fail(where, "tokens must be at most 2^24", tokens);
}

/// Those of rows, a column for each token.
template <class T>
Keys<T> keys_of(const AttentionLayer<T>& layer, const T* rows, Index stride) {
  const bool own = layer.row() > layer.key_dim() || layer.value(0) > 0;  // values beside the keys
  return {rows, layer.key_dim(), stride, rows + layer.value(0), own ? layer.value_dim() : 0, stride};
}

/// Until all passes are done: visit(take(keys, first, count)) shows all keys once.
template <class T, class Visit>
void attend_rows(AttentionRows<T>& rows, const AttentionLayer<T>& layer, Index first, ConstSignal<T> queries,
                 const Visit& visit, Signal<T> outputs) {
  rows.start(first, queries);
  do {
    visit([&](const Keys<T>& keys, Index first_key, Index count) { rows.take(layer, keys, first_key, count); });
  } while (!rows.end_pass());
  rows.read(outputs);
}

/// `count` tokens from place first_key on, in blocks.
template <class T, class Take>
void in_blocks(Index block, const Keys<T>& keys, Index first_key, Index count, const Take& take) {
  for (Index done = 0; done < count; done += block) {
    take(keys.after(done), first_key + done, std::min(block, count - done));
  }
}

}  // namespace

// ---- full

template <class T>
FullAttention<T>::FullAttention(AttentionLayer<T> layer, const Normalizer& normalizer)
    : layer_(std::move(layer)), rows_(std::make_unique<AttentionRows<T>>(layer_, normalizer, queries_of_a_block)) {}

template <class T>
FullAttention<T>::FullAttention(FullAttention&&) noexcept = default;
template <class T>
FullAttention<T>& FullAttention<T>::operator=(FullAttention&&) noexcept = default;
template <class T>
FullAttention<T>::~FullAttention() = default;

template <class T>
void FullAttention<T>::attend(ConstSignal<T> queries, ConstSignal<T> rows, Signal<T> outputs) {
  const Index n = queries.cols(), heads = layer_.heads().heads;
  constexpr std::string_view where = "FullAttention::attend";
  detail::check_shape(where, "queries", queries.rows(), n, heads * layer_.key_dim(), n);
  detail::check_shape(where, "rows", rows.rows(), rows.cols(), layer_.row(), n);
  detail::check_shape(where, "outputs", outputs.rows(), outputs.cols(), heads * layer_.value_dim(), n);
  check_tokens(where, n);
  detail::check_powers(where, "queries", queries, 0, 2);
  detail::check_powers(where, "rows", rows, 0, 2);
  const Keys<T> keys = keys_of(layer_, rows.data(), rows.outerStride());
  for (Index first = 0; first < n; first += queries_of_a_block) {
    const Index count = std::min(queries_of_a_block, n - first);
    const auto visit = [&](const auto& take) { in_blocks(rows_->block(), keys, 0, first + count, take); };
    attend_rows<T>(*rows_, layer_, first, queries.middleCols(first, count), visit, outputs.middleCols(first, count));
  }
}

template <class T>
void FullAttention<T>::run(ConstSignal<T> X, Signal<T> Y) {
  const Index n = X.cols(), heads = layer_.heads().heads;
  detail::check_shape("FullAttention::run", "X", X.rows(), n, layer_.width(), n);
  detail::check_shape("FullAttention::run", "Y", Y.rows(), Y.cols(), layer_.width(), n);
  check_tokens("FullAttention::run", n);
  if (n == 0) return;
  detail::check_columns("FullAttention::run", "token", X, 0);
  Matrix<T> queries(heads * layer_.key_dim(), n), rows(layer_.row(), n), outputs(heads * layer_.value_dim(), n);
  layer_.queries(X, 0, queries);
  layer_.rows(X, 0, rows);
  attend(queries, rows, outputs);
  layer_.read_out(outputs, Y);
  detail::check_columns("FullAttention::run", "output", Y, 0);
}

// ---- cached

template <class T>
CachedAttention<T>::CachedAttention(AttentionLayer<T> layer, const Normalizer& normalizer)
    : layer_(std::move(layer)), rows_(std::make_unique<AttentionRows<T>>(layer_, normalizer, queries_of_a_block)) {}

template <class T>
CachedAttention<T>::CachedAttention(CachedAttention&&) noexcept = default;
template <class T>
CachedAttention<T>& CachedAttention<T>::operator=(CachedAttention&&) noexcept = default;
template <class T>
CachedAttention<T>::~CachedAttention() = default;

template <class T>
void CachedAttention<T>::clear() {
  pages_.clear();
  tokens_ = 0;
}

/// Each head's numbers of a page lie together: parts of `width` numbers of all its tokens after each other.
template <class T>
void CachedAttention<T>::append(ConstSignal<T> rows) {
  const Index keys = layer_.value(0) > 0 ? layer_.value(0) : layer_.row();
  for (Index k = 0; k < rows.cols(); ++k, ++tokens_) {
    const Index place = tokens_ % page;
    if (place == 0) pages_.emplace_back(layer_.row(), page);
    T* const to = pages_.back().data();
    const auto spread = [&](Index begin, Index end, Index width) {
      for (Index part = begin; part < end; part += width) {
        std::copy_n(rows.col(k).data() + part, width, to + part * page + place * width);
      }
    };
    spread(0, keys, layer_.key_dim());
    spread(keys, layer_.row(), layer_.value_dim());
  }
}

template <class T>
void CachedAttention<T>::run(ConstSignal<T> X, Signal<T> Y) {
  const Index n = X.cols();
  detail::check_shape("CachedAttention::run", "X", X.rows(), n, layer_.width(), n);
  detail::check_shape("CachedAttention::run", "Y", Y.rows(), Y.cols(), layer_.width(), n);
  check_tokens("CachedAttention::run", tokens_ + n);
  detail::check_columns("CachedAttention::run", "token", X, tokens_);
  const Index before = tokens_;
  try {
    extend(X, Y);
  } catch (...) {
    tokens_ = before;
    pages_.resize(static_cast<std::size_t>((before + page - 1) / page));
    throw;
  }
}

/// The next tokens, block after block. What it throws leaves some of them in the cache.
template <class T>
void CachedAttention<T>::extend(ConstSignal<T> X, Signal<T> Y) {
  const Index n = X.cols(), heads = layer_.heads().heads;
  const Index most = std::min(n, queries_of_a_block);
  Matrix<T> queries(heads * layer_.key_dim(), most), rows(layer_.row(), most),
      outputs(heads * layer_.value_dim(), most);
  const bool shared = layer_.value(0) == 0;
  const Index width = shared ? layer_.key_dim() : layer_.value_dim();
  for (Index done = 0; done < n; done += most) {
    const Index count = std::min(most, n - done), first = tokens_;
    layer_.queries(X.middleCols(done, count), first, queries.leftCols(count));
    layer_.rows(X.middleCols(done, count), first, rows.leftCols(count));
    append(rows.leftCols(count));
    const auto visit = [&](const auto& take) {
      for (Index k = 0; k < tokens_; k += page) {
        const T* const data = pages_[static_cast<std::size_t>(k / page)].data();
        const Keys<T> keys{data, layer_.key_dim() * page, layer_.key_dim(), data + layer_.value(0) * page, width * page,
                           width};
        in_blocks(rows_->block(), keys, k, std::min(page, tokens_ - k), take);
      }
    };
    attend_rows<T>(*rows_, layer_, first, queries.leftCols(count), visit, outputs.leftCols(count));
    layer_.read_out(outputs.leftCols(count), Y.middleCols(done, count));
    detail::check_columns("CachedAttention::run", "output", Y.middleCols(done, count), first);
  }
}

// ---- constant

template <class T>
struct ConstantAttention<T>::Level {
  AttentionLayer<T> layer;
  AttentionRows<T> rows;
  Matrix<T> x, queries, row, outputs, y;  // of one token

  Level(AttentionLayer<T> of, const Normalizer& normalizer)
      : layer(std::move(of)),
        rows(layer, normalizer, 1),
        x(layer.width(), 1),
        queries(layer.heads().heads * layer.key_dim(), 1),
        row(layer.row(), 1),
        outputs(layer.heads().heads * layer.value_dim(), 1),
        y(layer.width(), 1) {}

  Index bytes() const {
    const Index numbers = x.size() + queries.size() + row.size() + outputs.size() + y.size();
    return numbers * static_cast<Index>(sizeof(T)) + rows.bytes();
  }
};

template <class T>
ConstantAttention<T>::ConstantAttention(std::vector<AttentionLayer<T>> layers, Source source,
                                        const Normalizer& normalizer)
    : source_(std::move(source)) {
  if (layers.empty()) detail::fail("ConstantAttention", "there must be a layer", 0);
  for (AttentionLayer<T>& layer : layers) {
    detail::check_shape("ConstantAttention", "layer", layer.width(), 1, layers.front().width(), 1);
  }
  levels_.reserve(layers.size());
  for (const AttentionLayer<T>& layer : layers) levels_.emplace_back(layer, normalizer);
}

template <class T>
ConstantAttention<T>::ConstantAttention(ConstantAttention&&) noexcept = default;
template <class T>
ConstantAttention<T>& ConstantAttention<T>::operator=(ConstantAttention&&) noexcept = default;
template <class T>
ConstantAttention<T>::~ConstantAttention() = default;

/// The input of layer `level` at token k.
template <class T>
void ConstantAttention<T>::hidden(std::size_t level, Index k, Frame<T> x) {
  if (level == 0) {
    source_(k, x);
    detail::check_columns("ConstantAttention::run", "token", x, k);
    return;
  }
  attend(level - 1, k, x);
  x += levels_[level - 1].x.col(0);  // the last token that it read was k itself
}

/// What layer `level` adds at token k.
template <class T>
void ConstantAttention<T>::attend(std::size_t level, Index k, Frame<T> y) {
  Level& at = levels_[level];
  hidden(level, k, at.x.col(0));
  at.layer.queries(at.x, k, at.queries);
  const auto visit = [&](const auto& take) {
    for (Index j = 0; j <= k; ++j) {
      hidden(level, j, at.x.col(0));
      at.layer.rows(at.x, j, at.row);
      take(keys_of(at.layer, at.row.data(), at.row.rows()), j, 1);
    }
  };
  attend_rows<T>(at.rows, at.layer, k, at.queries, visit, at.outputs);
  at.layer.read_out(at.outputs, at.y);
  y = at.y.col(0);
}

template <class T>
Index ConstantAttention<T>::state_bytes() const {
  Index bytes = 0;
  for (const Level& level : levels_) bytes += level.bytes();
  return bytes;
}

template <class T>
void ConstantAttention<T>::run(Index k, Frame<T> y) {
  if (k < 0 || k >= max_tokens) detail::fail("ConstantAttention::run", "k must be from 0 to 2^24 - 1", k);
  detail::check_shape("ConstantAttention::run", "y", y.size(), 1, levels_.front().layer.width(), 1);
  attend(levels_.size() - 1, k, y);
  detail::check_columns("ConstantAttention::run", "output", y, k);
}

template class FullAttention<float>;
template class FullAttention<double>;
template class CachedAttention<float>;
template class CachedAttention<double>;
template class ConstantAttention<float>;
template class ConstantAttention<double>;

}  // namespace longstate
