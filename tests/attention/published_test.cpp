// Attention by every decoder against the code of published models (tests/reference).

#include "support/largest.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

using namespace longstate;

namespace {

/// The weights of tests/reference/make_*attention_reference.py.
Matrix<double> some(Index rows, Index cols, double seed) {
  return Matrix<double>::NullaryExpr(rows, cols, [seed](Index i, Index j) {
    return std::sin(seed + 0.7 * double(i) + 1.3 * double(j) + 0.11 * double(i * j));
  });
}

/// Checks the tokens whose outputs the reference has; gives the largest error.
double check_kept(const Matrix<double>& Y, const nlohmann::json& c) {
  double worst = 0;
  for (std::size_t i = 0; i < c["kept"].size(); ++i) {
    const Index k = c["kept"][i];
    const std::vector<double> values = c["outputs"][i];
    const Vector<double> expected = Eigen::Map<const Eigen::VectorXd>(values.data(), Y.rows());
    const double error = (Y.col(k) - expected).norm() / expected.norm();
    CHECK(error < 1e-12);
    worst = support::larger(worst, error);
  }
  return worst;
}

/// The same of all tokens at once, of one at a time with a cache, and with constant memory.
double check_decoders(const AttentionLayer<double>& layer, const Matrix<double>& X, const nlohmann::json& c) {
  Matrix<double> full = X, cached = X, constant = X;
  FullAttention<double>(layer).run(X, full);
  CachedAttention<double> cache(layer);
  for (Index k = 0; k < X.cols(); ++k) cache.run(X.col(k), cached.col(k));
  ConstantAttention<double> again({layer}, [&](Index k, Frame<double> x) { x = X.col(k); });
  for (const Index k : c["kept"]) again.run(k, constant.col(k));
  return std::max({check_kept(full, c), check_kept(cached, c), check_kept(constant, c)});
}

}  // namespace

TEST_CASE("multi-head attention is torch's, by every decoder") {
  nlohmann::json reference;
  std::ifstream(std::string(LONGSTATE_REFERENCE_DIR) + "/attention.json") >> reference;
  double worst = 0;
  for (const nlohmann::json& c : reference.at("cases")) {
    const Index h = c["heads"], m = c["width"], n = c["tokens"];
    CAPTURE(n);
    const double root = std::sqrt(double(m));
    AttentionWeights<double> w;
    w.query = some(m, m, 1) / root;
    w.key = some(m, m, 2) / root;
    w.value = some(m, m, 3) / root;
    w.output = some(m, m, 4) / root;
    const AttentionLayer<double> layer({h, h, m / h, 0, 0}, w);
    const Matrix<double> X = some(n, m, 5).transpose();
    worst = support::larger(worst, check_decoders(layer, X, c));
  }
  MESSAGE("largest error " << worst);
}

TEST_CASE("A14: latent heads with a norm are DeepSeek-V2's published code, by every decoder") {
  nlohmann::json reference;
  std::ifstream(std::string(LONGSTATE_REFERENCE_DIR) + "/latent_attention.json") >> reference;
  double worst = 0;
  for (const nlohmann::json& c : reference.at("cases")) {
    const Index h = c["heads"], m = c["width"], n = c["tokens"], d = c["head_dim"], l = c["latent_dim"],
                r = c["rope_dim"];
    CAPTURE(n);
    // the published tensors, and what they are here: rows of q_proj and kv_b_proj head by head
    const Matrix<double> q = some(h * (d + r), m, 1) / std::sqrt(double(m));
    const Matrix<double> kv_a = some(l + r, m, 2) / std::sqrt(double(m));
    const Matrix<double> kv_b = some(h * (d + d), l, 3) / std::sqrt(double(l));
    AttentionWeights<double> w;
    w.output = some(m, h * d, 4) / std::sqrt(double(h * d));
    w.query.resize(h * d, m);
    w.query_rope.resize(h * r, m);
    w.key.resize(h * d, l);
    w.value.resize(h * d, l);
    for (Index i = 0; i < h; ++i) {
      w.query.middleRows(i * d, d) = q.middleRows(i * (d + r), d);
      w.query_rope.middleRows(i * r, r) = q.middleRows(i * (d + r) + d, r);
      w.key.middleRows(i * d, d) = kv_b.middleRows(2 * i * d, d);
      w.value.middleRows(i * d, d) = kv_b.middleRows((2 * i + 1) * d, d);
    }
    w.latent = kv_a.topRows(l);
    w.key_rope = kv_a.bottomRows(r);
    w.latent_norm = 1.5 * some(l, 1, 6);
    const Heads heads{.heads = h, .kv_heads = h, .head_dim = d, .latent_dim = l, .rope_dim = r, .latent_norm = true};
    AttentionOptions options{.rope_base = c["rope"]["rope_theta"]};
    if (c["rope"]["rope_type"] == "yarn") {
      const std::vector<double> frequencies = c["frequencies"];
      options.rope_frequencies = Eigen::Map<const Eigen::VectorXd>(frequencies.data(), r / 2);
      options.scale = c["scale"];
    }
    const Matrix<double> X = double(c["size"]) * some(n, m, 5).transpose();
    const AttentionLayer<double> layer(heads, w, options);
    worst = support::larger(worst, check_decoders(layer, X, c));
    Matrix<double> expanded(m, n);
    FullAttention<double>({heads, w, options, AttentionLayer<double>::Form::expanded}).run(X, expanded);
    worst = support::larger(worst, check_kept(expanded, c));
    CachedAttention<double> cache(layer);
    Matrix<double> at_once(m, n);
    cache.run(X, at_once);
    worst = support::larger(worst, check_kept(at_once, c));
    CHECK(cache.state_bytes() == n * (l + r) * Index(sizeof(double)));
  }
  MESSAGE("largest error " << worst);
}
