// Lines of attention, beside what it cannot avoid.

#include "aligned.hpp"
#include "jobs.hpp"
#include "limit.hpp"
#include "paired.hpp"

#include <memory>

namespace bench {
namespace {

constexpr Index heads = 8, head_dim = 64, tokens = 4096, block = 64, width = 64;

AttentionLayer<float> layer() {
  AttentionWeights<float> weights;
  weights.query = weights.key = weights.value = Matrix<float>::Random(heads * head_dim, width);
  weights.output = weights.query.transpose();
  return {{heads, heads, head_dim, 0, 0}, std::move(weights)};
}

struct Prefill {
  FullAttention<float> attention{layer()};
  Aligned<float> queries = Matrix<float>::Random(heads * head_dim, tokens) / 8;
  Aligned<float> rows = Matrix<float>::Random(2 * heads * head_dim, tokens), outputs = queries;
  Aligned<float> scores = Matrix<float>(tokens, block);

  /// Scores and outputs of each block of queries with all keys that it sees, without a softmax between.
  void products() {
    for (Index h = 0; h < heads; ++h) {
      for (Index k = 0; k < tokens; k += block) {
        const Index seen = k + block, at = h * head_dim;
        scores.topRows(seen).noalias() =
            rows.block(at, 0, head_dim, seen).transpose() * queries.block(at, k, head_dim, block);
        outputs.block(at, k, head_dim, block).noalias() =
            rows.block(heads * head_dim + at, 0, head_dim, seen) * scores.topRows(seen);
      }
    }
  }
};

Line full() {
  auto work = std::make_shared<Prefill>();
  return {"attention, full, float, 8 heads of 64, 4,096 tokens",
          "its two matrix products by Eigen",
          1.6,
          Better::lower,
          [work] { work->attention.attend(work->queries, work->rows, work->outputs); },
          [work] { work->products(); }};
}

struct Decode {
  CachedAttention<float> attention{layer()};
  Aligned<float> x = Matrix<float>::Random(width, tokens), y = x;
  std::vector<Matrix<float>> pages{16, Matrix<float>::Ones(2 * heads * head_dim, tokens / 16)};
  Decode() { attention.run(x, y); }
};

Line cached() {
  auto work = std::make_shared<Decode>();
  return {"attention, cached, float, 8 heads of 64, a token after 4,096",
          "a sum over as large a cache, which bounds it at 1",
          0.6,
          Better::higher,
          [work] { work->attention.run(work->x.leftCols(1), work->y.leftCols(1)); },
          [work] {
            for (const Matrix<float>& page : work->pages) read(page.data(), static_cast<std::size_t>(page.size()));
          }};
}

}  // namespace

std::vector<Entry> attention_entries() { return {{"attention-full", full}, {"attention-cached", cached}}; }

}  // namespace bench
