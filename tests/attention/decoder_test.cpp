#include "support/allocations.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/sizes.hpp"
#include "support/targets.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

using Complex = std::complex<double>;
constexpr Index width = 24;

const std::vector<Heads> kinds{{4, 4, 6, 0, 0}, {4, 4, 6, 0, 4},   {4, 2, 6, 0, 0},      {6, 1, 5, 0, 2},
                               {4, 4, 6, 9, 4}, {3, 3, 20, 17, 0}, {4, 4, 6, 9, 4, true}};

const std::vector<Normalizer> normalizers{Softmax{},      Softmax{0.5},     MarginSoftmax{1},   TaylorSoftmax{4},
                                          TopKSoftmax{5}, PerturbMax{0, 3}, PerturbMax{0.8, 3}, Sparsemax{},
                                          Entmax{1.5},    Entmax{1.3},      SoftmaxOne{}};

AttentionWeights<double> weights_of(const Heads& h, unsigned seed) {
  const Index d = h.head_dim, m = width, of = h.latent() ? h.latent_dim : m;
  AttentionWeights<double> w;
  w.query = random_matrix(h.heads * d, m, seed);
  w.key = random_matrix(h.kv_heads * d, of, seed + 1);
  w.value = random_matrix(h.kv_heads * d, of, seed + 2);
  w.output = random_matrix(m, h.heads * d, seed + 3);
  if (h.latent()) w.latent = random_matrix(h.latent_dim, m, seed + 4) / 2;
  if (h.latent() && h.rope_dim > 0) {
    w.query_rope = random_matrix(h.heads * h.rope_dim, m, seed + 5);
    w.key_rope = random_matrix(h.rope_dim, m, seed + 6);
  }
  if (h.latent_norm) w.latent_norm = (1 + random_matrix(h.latent_dim, 1, seed + 7).array() / 2).matrix();
  return w;
}

template <class T>
AttentionWeights<T> rounded(const AttentionWeights<double>& w) {
  return {w.query.cast<T>(),  w.key.cast<T>(),        w.value.cast<T>(),    w.output.cast<T>(),
          w.latent.cast<T>(), w.query_rope.cast<T>(), w.key_rope.cast<T>(), w.latent_norm.cast<T>()};
}
AttentionWeights<double> widened(const AttentionWeights<float>& w) {
  return {w.query.cast<double>(),    w.key.cast<double>(),        w.value.cast<double>(),
          w.output.cast<double>(),   w.latent.cast<double>(),     w.query_rope.cast<double>(),
          w.key_rope.cast<double>(), w.latent_norm.cast<double>()};
}

/// Pairs as complex numbers that turn.
Vector<double> turned(Vector<double> x, Index position) {
  for (Index j = 0; j < x.size() / 2; ++j) {
    const double angle = double(position) / std::pow(1e4, 2.0 * double(j) / double(x.size()));
    const Complex z = Complex(x(2 * j), x(2 * j + 1)) * std::polar(1.0, angle);
    x(2 * j) = z.real();
    x(2 * j + 1) = z.imag();
  }
  return x;
}

/// By the definition: every head's own queries, keys and values, and the n x n weights.
Matrix<double> plain(const Heads& h, const AttentionWeights<double>& w, const AttentionOptions& options,
                     const Normalizer& normalizer, const Matrix<double>& X) {
  const Index n = X.cols(), d = h.head_dim, r = h.rope_dim;
  Matrix<double> outputs(h.heads * d, n);
  for (Index i = 0; i < h.heads; ++i) {
    const Index g = i / (h.heads / h.kv_heads), beside = h.latent() ? r : 0;
    Matrix<double> Q(d + beside, n), K(d + beside, n);
    Matrix<double> source = h.latent() ? Matrix<double>(w.latent * X) : X;
    for (Index k = 0; k < n && h.latent_norm; ++k) {
      const double mean = source.col(k).squaredNorm() / double(source.rows());
      source.col(k) = w.latent_norm.cwiseProduct(source.col(k)) / std::sqrt(mean + h.latent_norm_eps);
    }
    const Matrix<double> V = w.value.middleRows(g * d, d) * source;
    Q.topRows(d) = w.query.middleRows(i * d, d) * X;
    K.topRows(d) = w.key.middleRows(g * d, d) * source;
    if (beside > 0) {
      Q.bottomRows(r) = w.query_rope.middleRows(i * r, r) * X;
      K.bottomRows(r) = w.key_rope * X;
    }
    for (Index k = 0; k < n && r > 0; ++k) {
      const Index from = h.latent() ? d : 0;
      Q.col(k).segment(from, r) = turned(Q.col(k).segment(from, r), k);
      K.col(k).segment(from, r) = turned(K.col(k).segment(from, r), k);
    }
    const double scale = options.scale != 0 ? options.scale : 1 / std::sqrt(double(d + beside));
    const Matrix<double> S = scale * Q.transpose() * K;
    for (Index k = 0; k < n; ++k) {
      Vector<double> scores = S.row(k).head(k + 1).transpose();
      if (options.alibi) {
        for (Index j = 0; j <= k; ++j) scores(j) -= alibi_slopes(h.heads)(i) * double(k - j);
      }
      outputs.col(k).segment(i * d, d) = V.leftCols(k + 1) * normalize<double>(normalizer, scores, k);
    }
  }
  return w.output * outputs;
}

template <class T>
struct Three {
  Matrix<double> full, cached, constant;
};

template <class T>
Three<T> decode(const AttentionLayer<T>& layer, const AttentionLayer<T>& expanded, const Normalizer& normalizer,
                const Matrix<T>& X) {
  const Index n = X.cols();
  Matrix<T> full(width, n), cached(width, n), constant(width, n);
  FullAttention<T>(expanded, normalizer).run(X, full);
  CachedAttention<T> cache(layer, normalizer);
  for (Index k = 0, m = 1; k < n; k += m, m = std::min<Index>(k < 20 ? 1 : 90, n - k)) {
    cache.run(X.middleCols(k, m), cached.middleCols(k, m));
  }
  CHECK(cache.tokens() == n);
  CHECK(cache.state_bytes() == n * cache_per_token(layer.heads()) * Index(sizeof(T)));
  ConstantAttention<T> again(
      {layer}, [&](Index k, Frame<T> x) { x = X.col(k); }, normalizer);
  for (Index k = 0; k < n; ++k) again.run(k, constant.col(k));
  return {full.template cast<double>(), cached.template cast<double>(), constant.template cast<double>()};
}

}  // namespace

TEST_CASE_TEMPLATE(
    "full, cached and constant-memory attention are plain attention, for every kind of head and normaliser", T, float,
    double) {
  const double bound = std::is_same_v<T, float> ? 1e-5 : 1e-12;
  constexpr Index n = support::sanitized ? 70 : 150;  // two blocks of queries, or three
  using Form = typename AttentionLayer<T>::Form;
  double worst = 0;
  for (const Heads& heads : kinds) {
    for (const Normalizer& normalizer : normalizers) {
      CAPTURE(heads.latent_dim);
      CAPTURE(heads.kv_heads);
      CAPTURE(name(normalizer));
      const AttentionOptions options{.scale = heads.heads == 6 ? 0.3 : 0, .alibi = heads.kv_heads == 2};
      const Matrix<T> X = random_matrix(width, n, 50).cast<T>();
      const AttentionWeights<T> weights = rounded<T>(weights_of(heads, 20));
      AttentionWeights<double> exact;
      if constexpr (std::is_same_v<T, float>) {
        exact = widened(weights);
      } else {
        exact = weights;
      }
      const Matrix<double> expected = plain(heads, exact, options, normalizer, X.template cast<double>());
      const Three<T> got =
          decode<T>({heads, weights, options}, {heads, weights, options, Form::expanded}, normalizer, X);
      for (const Matrix<double>& one : {got.full, got.cached, got.constant}) {
        // a key at the edge of a threshold, or two scores next to each other, may fall either way in float
        const bool jumps = std::is_same_v<T, float> && (std::holds_alternative<TopKSoftmax>(normalizer) ||
                                                        std::holds_alternative<PerturbMax>(normalizer));
        Index wrong = 0;
        for (Index k = 0; k < n; ++k) {
          if ((one.col(k) - expected.col(k)).norm() > bound * expected.norm() / std::sqrt(double(n))) ++wrong;
        }
        CHECK(wrong <= (jumps ? 2 : 0));
        if (!jumps) worst = support::larger(worst, relative_error(one, expected));
      }
    }
  }
  MESSAGE("largest error " << worst);
}

TEST_CASE_TEMPLATE("A4: any split of the tokens into calls gives the same, in every decoder, with RoPE and ALiBi", T,
                   float, double) {
  const double bound = std::is_same_v<T, float> ? 1e-5 : 1e-12;
  constexpr Index n = 139;
  const Matrix<T> X = random_matrix(width, n, 50).cast<T>();
  const std::vector<std::vector<Index>> splits{{n}, {0, n, 0}, {5, 5, 129}, {1, 138}, {64, 0, 64, 11}, {65, 1, 73}};
  double worst = 0;
  for (const Heads& heads : kinds) {
    for (const bool alibi : {false, true}) {
      CAPTURE(heads.latent_dim);
      CAPTURE(heads.rope_dim);
      const AttentionLayer<T> layer(heads, rounded<T>(weights_of(heads, 20)), {.alibi = alibi});
      Matrix<T> whole(width, n), Y(width, n);
      FullAttention<T>(layer).run(X, whole);
      const auto compare = [&](const Matrix<T>& got, const Matrix<T>& expected) {
        const double error = relative_error(got.template cast<double>(), expected.template cast<double>());
        CHECK(error < bound);
        worst = support::larger(worst, error);
      };
      std::vector<std::vector<Index>> all = splits;
      all.emplace_back(n, 1);
      for (const std::vector<Index>& split : all) {
        CachedAttention<T> cache(layer);
        Index k = 0;
        for (const Index count : split) {
          cache.run(X.middleCols(k, count), Y.middleCols(k, count));
          k += count;
        }
        CHECK(cache.tokens() == n);
        compare(Y, whole);
      }
      ConstantAttention<T> again({layer}, [&](Index k, Frame<T> x) { x = X.col(k); });
      for (Index k = n - 1; k >= 0; --k) again.run(k, Y.col(k));
      compare(Y, whole);
      FullAttention<T> full(layer);  // each call is a sequence of its own
      full.run(X.leftCols(30), Y.leftCols(30));
      full.run(X.leftCols(30), Y.leftCols(30));
      compare(Y.leftCols(30), whole.leftCols(30));
    }
  }
  MESSAGE("largest error " << worst);
}

TEST_CASE_TEMPLATE("A4: RoPE turns by the right angle at any place", T, float, double) {
  for (const Index place : {Index(0), Index(1), Index(-7), Index(1000000), Index(16777215)}) {
    CAPTURE(place);
    for (const Index n : {2, 8, 64}) {
      Vector<T> x = random_matrix(n, 1, 3).cast<T>();
      const Vector<T> before = x;
      rotate<T>(x, place);
      const double bound = 2 * double(std::numeric_limits<T>::epsilon()) + 4e-16 * std::abs(double(place));
      for (Index j = 0; j < n; j += 2) {
        const long double angle = (long double)(place) / std::pow(1e4L, (long double)(j) / (long double)(n));
        const long double re = before(j), im = before(j + 1), c = std::cos(angle), s = std::sin(angle);
        CHECK(std::abs(double(x(j) - (c * re - s * im))) < bound);
        CHECK(std::abs(double(x(j + 1) - (s * re + c * im))) < bound);
      }
    }
  }
}

TEST_CASE_TEMPLATE("A4: tokens too large for their scores are named, and later ones do not see them", T, float,
                   double) {
  const T large = std::is_same_v<T, float> ? T(1e30) : T(1e300);
  const Matrix<T> X = random_matrix(width, 70, 1).cast<T>();
  Matrix<T> bad = X;
  bad.col(66) *= large;
  for (const Heads& heads : kinds) {
    CAPTURE(heads.latent_dim);
    const AttentionLayer<T> layer(heads, rounded<T>(weights_of(heads, 1)));
    Matrix<T> Y(width, 70), expected(width, 70);
    FullAttention<T>(layer).run(X, expected);
    CachedAttention<T> cache(layer);
    cache.run(X.leftCols(3), Y.leftCols(3));
    const auto names = [&](const std::string& token, const auto& run) {
      try {
        run();
      } catch (const std::invalid_argument& error) {
        CAPTURE(error.what());
        return std::string(error.what()).find("of token " + token + " must be so short") != std::string::npos;
      }
      return false;
    };
    CHECK(names("66", [&] { cache.run(bad.rightCols(67), Y.rightCols(67)); }));
    CHECK(cache.tokens() == 3);
    cache.run(X.rightCols(67), Y.rightCols(67));
    CHECK((Y.col(69) - expected.col(69)).norm() < (std::is_same_v<T, float> ? 1e-5 : 1e-12) * expected.col(69).norm());
    CHECK(names("66", [&] { FullAttention<T>(layer).run(bad, Y); }));
    ConstantAttention<T> again({layer}, [&](Index k, Frame<T> x) { x = bad.col(k); });
    CHECK_NOTHROW(again.run(65, Y.col(65)));
    CHECK(names("66", [&] { again.run(68, Y.col(68)); }));
    // weights that overflow by themselves
    CHECK_THROWS_AS(CachedAttention<T>(layer, Softmax{1e-320}).run(X, Y), std::invalid_argument);
    CHECK_THROWS_AS(FullAttention<T>(layer, Softmax{1e-320}).run(X, Y), std::invalid_argument);
  }
}

TEST_CASE_TEMPLATE("A14: the norm of latent heads does not overflow, and without it nothing changes", T, float,
                   double) {
  Heads heads{4, 4, 6, 9, 4, true};
  AttentionWeights<T> weights = rounded<T>(weights_of(heads, 20));
  const Matrix<T> X = random_matrix(width, 20, 50).cast<T>();
  // a latent vector of any length leaves the same; its square would overflow
  Matrix<T> rows(13, 20), large(13, 20);
  weights.key_rope.setZero();
  AttentionLayer<T>(heads, weights).rows(X, 0, rows);
  weights.latent *= std::is_same_v<T, float> ? T(1e30) : T(1e250);
  AttentionLayer<T>(heads, weights).rows(X, 0, large);
  CHECK(relative_error(large.template cast<double>(), rows.template cast<double>()) < 1e-5);
  // a token of zeros leaves zeros
  AttentionLayer<T>(heads, weights).rows(Matrix<T>::Zero(width, 20), 0, rows);
  CHECK(rows.isZero(0));
  heads.latent_norm = false;
  CHECK_THROWS_WITH_AS(AttentionLayer<T>(heads, weights),
                       "longstate::AttentionWeights: latent_norm must be 0 x 1, got 9 x 1", std::invalid_argument);
  heads.latent_norm = true;
  weights.latent_norm.resize(0);
  CHECK_THROWS_AS(AttentionLayer<T>(heads, weights), std::invalid_argument);
  CHECK_THROWS_AS(
      AttentionLayer<T>(kinds[1], rounded<T>(weights_of(kinds[1], 1)), {.rope_frequencies = Vector<double>::Ones(3)}),
      std::invalid_argument);
  heads.latent_norm_eps = 0;
  CHECK_THROWS_AS(validate(heads), std::invalid_argument);
  CHECK_THROWS_AS(validate({.heads = 2, .kv_heads = 2, .head_dim = 4, .latent_norm = true}), std::invalid_argument);
}

TEST_CASE("attention in every instruction set, also of 512 tokens and scores of 10^4") {
  const Heads heads{4, 2, 6, 0, 0};
  const Matrix<double> X = random_matrix(width, 512, 50);
  AttentionWeights<double> weights = weights_of(heads, 20);
  for (const double scale : {0.0, 1e3}) {
    const AttentionOptions options{.scale = scale};
    const Matrix<double> expected = plain(heads, weights, options, Softmax{}, X);
    support::EachTarget()([&] {
      Matrix<double> Y(width, 512), step(width, 512);
      FullAttention<double>({heads, weights, options}).run(X, Y);
      CHECK(relative_error(Y, expected) < 1e-11);
      CachedAttention<double> cache({heads, weights, options});
      for (Index k = 0; k < 512; ++k) cache.run(X.col(k), step.col(k));
      CHECK(relative_error(step, expected) < 1e-11);
    });
  }
}

TEST_CASE("a stack of layers with constant memory is the layers one after the other") {
  const Matrix<double> X = random_matrix(width, 20, 1);
  const Heads first{4, 4, 6, 9, 4}, second{6, 1, 5, 0, 2}, third{4, 2, 6, 0, 0};
  std::vector<AttentionLayer<double>> layers;
  layers.emplace_back(first, weights_of(first, 1));
  layers.emplace_back(second, weights_of(second, 10));
  layers.emplace_back(third, weights_of(third, 30));
  for (const Normalizer& normalizer : {Normalizer(Softmax{}), Normalizer(Entmax{1.5})}) {
    Matrix<double> x = X, y = X;
    for (std::size_t depth = 1; depth <= 3; ++depth) {
      FullAttention<double>(layers[depth - 1], normalizer).run(x, y);
      ConstantAttention<double> stack(
          {layers.begin(), layers.begin() + std::ptrdiff_t(depth)},
          [&](Index k, Frame<double> token) { token = X.col(k); }, normalizer);
      for (const Index k : {0, 7, 19}) {
        Vector<double> out(width);
        stack.run(k, out);
        CHECK((out - y.col(k)).norm() < 1e-12 * y.col(k).norm());
      }
      x += y;
    }
  }
}

TEST_CASE("constant-memory attention asks for nothing that grows, and reads k or k^2 / 2 tokens") {
  const Heads heads{4, 4, 6, 0, 0};
  const Matrix<double> X = random_matrix(width, 600, 1);
  for (const std::size_t depth : {1U, 2U}) {
    Index asked = 0;
    ConstantAttention<double> decoder(
        std::vector<AttentionLayer<double>>(depth, AttentionLayer<double>(heads, weights_of(heads, 3))),
        [&](Index k, Frame<double> x) {
          x = X.col(k);
          ++asked;
        });
    Vector<double> y(width);
    const Index bytes = decoder.state_bytes();
    decoder.run(15, y);
    const Index few = asked;
    asked = 0;
    const Index n = depth == 1 ? 600 : 64;
    decoder.run(n - 1, y);
    CHECK(decoder.state_bytes() == bytes);
    if (depth == 1) {
      CHECK(asked == n + 1);  // its own for the query
      CHECK(few == 17);
    } else {
      CHECK(double(asked) / double(few) == doctest::Approx(double(n * n) / (16 * 16)).epsilon(0.2));
    }
  }
}

TEST_CASE("a token leaves in the cache what the kind of head says") {
  CHECK(cache_per_token({8, 8, 64, 0, 0}) == 2 * 8 * 64);
  CHECK(cache_per_token({8, 2, 64, 0, 0}) == 2 * 2 * 64);
  CHECK(cache_per_token({8, 1, 64, 0, 0}) == 2 * 64);
  CHECK(cache_per_token({8, 8, 64, 128, 32}) == 128 + 32);
  CHECK(alibi_slopes(8)(0) == 0.5);
  CHECK(alibi_slopes(8)(7) == 1.0 / 256);
  CHECK(alibi_slopes(6)(3) == 1.0 / 256);
  CHECK(alibi_slopes(6)(4) == 0.5);
}

TEST_CASE("attention: sizes and weights that do not fit are refused by name") {
  const auto refused = [](const Heads& heads, const std::string& what) {
    try {
      validate(heads);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what()).find(what) != std::string::npos;
    }
    return false;
  };
  CHECK(refused({6, 4, 8, 0, 0}, "kv_heads must divide heads"));
  CHECK(refused({0, 1, 8, 0, 0}, "heads must be from"));
  CHECK(refused({4, 4, 0, 0, 0}, "head_dim"));
  CHECK(refused({4, 4, 8, -1, 0}, "latent_dim"));
  CHECK(refused({4, 2, 8, 16, 0}, "kv_heads of latent heads"));
  CHECK(refused({4, 4, 8, 0, 3}, "rope_dim must be even"));
  CHECK(refused({4, 4, 8, 0, 10}, "rope_dim must be at most head_dim"));

  const Heads heads{4, 2, 6, 0, 0};
  AttentionWeights<double> weights = weights_of(heads, 1);
  weights.key(0, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(AttentionLayer<double>(heads, weights), std::invalid_argument);
  weights = weights_of(heads, 1);
  weights.value.resize(3, 3);
  CHECK_THROWS_AS(AttentionLayer<double>(heads, weights), std::invalid_argument);
  const AttentionLayer<double> layer(heads, weights_of(heads, 1));
  CHECK_THROWS_AS(FullAttention<double>(layer, Softmax{0}), std::invalid_argument);
  Matrix<double> X = random_matrix(width, 3, 1), Y(width, 2);
  CHECK_THROWS_AS(FullAttention<double>(layer).run(X, Y), std::invalid_argument);
  CHECK_THROWS_AS(CachedAttention<double>(layer).run(X, Y), std::invalid_argument);
  CachedAttention<double> cache(layer);
  cache.run(X, X);
  X = random_matrix(width, 3, 1);
  X(2, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(cache.run(X, X), "longstate::CachedAttention::run: token 4 must be finite, got nan",
                       std::invalid_argument);
  CHECK(cache.tokens() == 3);
  CHECK_THROWS_WITH_AS(FullAttention<double>(layer).run(X, X),
                       "longstate::FullAttention::run: token 1 must be finite, got nan", std::invalid_argument);
  ConstantAttention<double> holes({layer}, [&](Index k, Frame<double> x) { x = X.col(k); });
  Vector<double> out(width);
  CHECK_NOTHROW(holes.run(0, out));
  CHECK_THROWS_WITH_AS(holes.run(2, out), "longstate::ConstantAttention::run: token 1 must be finite, got nan",
                       std::invalid_argument);
  const auto source = [](Index, Frame<double> x) { x.setZero(); };
  CHECK_THROWS_AS(ConstantAttention<double>({}, source), std::invalid_argument);
  ConstantAttention<double> decoder({layer}, source);
  Vector<double> y(width), small(3);
  CHECK_THROWS_AS(decoder.run(-1, y), std::invalid_argument);
  CHECK_THROWS_AS(decoder.run(max_tokens, y), std::invalid_argument);
  CHECK_THROWS_AS(decoder.run(0, small), std::invalid_argument);
}
