#include "cli/comparison.hpp"

#include "cli/heap.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <stdexcept>

namespace cli {
namespace {

using namespace longstate;
using Layer = AttentionLayer<float>;

constexpr auto models = std::to_array<std::string_view>({
  "ssm recurrent", "ssm chunked",
#if LONGSTATE_WITH_FFTW
      "ssm fft",
#endif
      "attention full", "cached multi-head", "cached grouped", "cached multi-query", "cached latent",
      "constant, 1 layer", "constant, 2 layers", "constant, 3 layers", "linear attention elu", "retention"
});

double seconds_of(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What `run` takes and does, for `tokens` of them.
void measure(ComparisonRun& result, Index tokens, const std::function<void()>& run) {
  const OperationCount count;
  result.seconds_per_token = seconds_of(run) / static_cast<double>(tokens);
  const Operations done = count.so_far();
  result.flops_per_token = static_cast<double>(done.flops) / static_cast<double>(tokens);
  result.exponentials_per_token = static_cast<double>(done.exponentials) / static_cast<double>(tokens);
}

template <class Numbers>
long long bytes_of(const Numbers& numbers) {
  return static_cast<long long>(numbers.size()) * static_cast<long long>(sizeof(typename Numbers::Scalar));
}

/// The tokens, the same for all models and calls.
Matrix<float> tokens(Index width, Index length) {
  return Matrix<float>::NullaryExpr(width, length, [](Index i, Index k) {
    return static_cast<float>(std::sin(0.1 * static_cast<double>(k + 1) * static_cast<double>(i + 1)));
  });
}

Heads heads_of(std::string_view model, const ComparisonSizes& s) {
  if (s.width % s.heads != 0) {
    throw std::invalid_argument("compare: heads must divide width " + std::to_string(s.width) + ", got " +
                                std::to_string(s.heads));
  }
  const Index d = s.width / s.heads;
  if (model == "cached grouped") return {s.heads, s.kv_heads, d, 0, 0};
  if (model == "cached multi-query") return {s.heads, 1, d, 0, 0};
  if (model == "cached latent") {
    if (s.latent < 1)
      throw std::invalid_argument("compare: latent must be at least 1, got " + std::to_string(s.latent));
    return {s.heads, s.heads, d, s.latent, s.rope};
  }
  return {s.heads, s.heads, d, 0, 0};
}

Layer layer_of(const Heads& h, Index width) {
  validate(h);
  const auto some = [](Index rows, Index cols) { return Matrix<float>(0.1F * Matrix<float>::Random(rows, cols)); };
  const Index d = h.head_dim, of = h.latent() ? h.latent_dim : width;
  AttentionWeights<float> w;
  w.query = some(h.heads * d, width);
  w.key = some(h.kv_heads * d, of);
  w.value = some(h.kv_heads * d, of);
  w.output = some(width, h.heads * d);
  if (h.latent()) w.latent = some(h.latent_dim, width);
  if (h.latent() && h.rope_dim > 0) {
    w.query_rope = some(h.heads * h.rope_dim, width);
    w.key_rope = some(h.rope_dim, width);
  }
  return {h, std::move(w)};
}

/// A stream: token after token; the time of one is the median of the last nine.
ComparisonRun stream(std::string_view model, const Matrix<float>& X, const std::function<void(Index)>& step) {
  ComparisonRun result{std::string(model), X.cols(), 0, 0, 0, 0};
  std::vector<double> last;
  for (Index k = 0; k < X.cols(); ++k) {
    measure(result, 1, [&] { step(k); });
    result.seconds += result.seconds_per_token;
    if (k + 9 >= X.cols()) last.push_back(result.seconds_per_token);
  }
  std::ranges::nth_element(last, last.begin() + static_cast<std::ptrdiff_t>(last.size() / 2));
  result.seconds_per_token = last[last.size() / 2];
  return result;
}

ComparisonRun all_at_once(std::string_view model, Index length, const std::function<void()>& run) {
  ComparisonRun result{std::string(model), length, 0, 0, 0, 0};
  measure(result, length, run);
  result.seconds = result.seconds_per_token * static_cast<double>(length);
  return result;
}

ComparisonRun state_space(std::string_view model, const Matrix<float>& X, const ComparisonSizes& sizes) {
  std::vector<DiscreteSystem> layer;
  for (Index c = 0; c < sizes.width; ++c) {
    DiagonalSystem system = initialize_diagonal("s4d-lin", sizes.order);
    system.lambda *= 1 + 0.01 * static_cast<double>(c);
    layer.emplace_back(discretize(system, 1e-3, Discretization::zoh));
  }
  Matrix<float> Y(X.rows(), X.cols());
  const HeapPeak peak;
  ComparisonRun result;
  State<float> x;
  const auto whole = [&](auto path) {
    x = path.zero_state();
    result = all_at_once(model, X.cols(), [&] { path.run(X, Y, x); });
    result.peak_bytes = peak.bytes();
  };
  if (model == "ssm recurrent") {
    Recurrence<float> path(layer);
    x = path.zero_state();
    result = stream(model, X, [&](Index k) { path.run(X.col(k), Y.col(k), x); });
    result.peak_bytes = peak.bytes();
  } else if (model == "ssm chunked") {
    whole(Chunked<float>(layer));
  } else {
#if LONGSTATE_WITH_FFTW
    whole(Convolution<float>(layer, std::min<Index>(1024, X.cols())));
#endif
  }
  result.state_bytes = bytes_of(x);
  return result;
}

ComparisonRun cached(std::string_view model, const Matrix<float>& X, const ComparisonSizes& sizes) {
  Matrix<float> Y(X.rows(), X.cols());
  const HeapPeak peak;
  CachedAttention<float> decoder(layer_of(heads_of(model, sizes), sizes.width));
  ComparisonRun result = stream(model, X, [&](Index k) { decoder.run(X.col(k), Y.col(k)); });
  result.state_bytes = decoder.state_bytes();
  result.peak_bytes = peak.bytes();
  return result;
}

/// The last token alone: the ones before it are read again for it.
ComparisonRun constant(std::string_view model, const Matrix<float>& X, const ComparisonSizes& sizes) {
  Vector<float> y(X.rows());
  const HeapPeak peak;
  const auto depth = static_cast<std::size_t>(comparison_power(model));
  ConstantAttention<float> decoder(std::vector<Layer>(depth, layer_of(heads_of(model, sizes), sizes.width)),
                                   [&X](Index k, Frame<float> x) { x = X.col(k); });
  ComparisonRun result{std::string(model), X.cols(), 0, -1, 0, 0};
  measure(result, 1, [&] { decoder.run(X.cols() - 1, y); });
  result.state_bytes = decoder.state_bytes();
  result.peak_bytes = peak.bytes();
  return result;
}

ComparisonRun linear(std::string_view model, const Matrix<float>& X, const ComparisonSizes& sizes) {
  Matrix<float> Y(X.rows(), X.cols());
  const HeapPeak peak;
  LinearAttentionOptions options;
  if (model == "retention") options = {FeatureMap::identity, false, retention_decays(sizes.heads)};
  LinearAttention<float> decoder(layer_of(heads_of(model, sizes), sizes.width), options);
  ComparisonRun result = stream(model, X, [&](Index k) { decoder.run(X.col(k), Y.col(k)); });
  result.state_bytes = decoder.state_bytes();
  result.peak_bytes = peak.bytes();
  return result;
}

ComparisonRun full(std::string_view model, const Matrix<float>& X, const ComparisonSizes& sizes) {
  Matrix<float> Y(X.rows(), X.cols());
  const HeapPeak peak;
  const Heads heads = heads_of(model, sizes);
  FullAttention<float> decoder(layer_of(heads, sizes.width));
  ComparisonRun result = all_at_once(model, X.cols(), [&] { decoder.run(X, Y); });
  // to go on from here it needs the keys and values of all tokens
  result.state_bytes = X.cols() * cache_per_token(heads) * static_cast<long long>(sizeof(float));
  result.peak_bytes = peak.bytes();
  return result;
}

}  // namespace

std::span<const std::string_view> comparison_models() { return models; }

int comparison_power(std::string_view model) {
  return model.starts_with("constant, ") ? model[std::string_view("constant, ").size()] - '0' : 0;
}

ComparisonRun compare_model(std::string_view model, Index length, const ComparisonSizes& sizes) {
  const Matrix<float> X = tokens(sizes.width, length);
  if (model.starts_with("ssm")) return state_space(model, X, sizes);
  if (model.starts_with("cached")) return cached(model, X, sizes);
  if (model.starts_with("constant")) return constant(model, X, sizes);
  if (model == "attention full") return full(model, X, sizes);
  return linear(model, X, sizes);
}

double growth(const ComparisonRun& shorter, const ComparisonRun& longer) {
  return std::log(longer.seconds_per_token / shorter.seconds_per_token) /
         std::log(static_cast<double>(longer.length) / static_cast<double>(shorter.length));
}

}  // namespace cli
