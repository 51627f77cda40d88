#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

using Long = long double;
constexpr Index token_size = 12, n = 60;

AttentionWeights<double> weights_of(const Heads& h) {
  AttentionWeights<double> w;
  w.query = random_matrix(h.heads * h.head_dim, token_size, 1);
  w.key = random_matrix(h.kv_heads * h.head_dim, token_size, 2);
  w.value = random_matrix(h.kv_heads * h.head_dim, token_size, 3);
  w.output = random_matrix(token_size, h.heads * h.head_dim, 4);
  return w;
}

struct Projected {
  Matrix<double> queries, rows;
};

Projected projected(const AttentionLayer<double>& layer, const Matrix<double>& X) {
  Projected p{Matrix<double>(layer.heads().heads * layer.key_dim(), X.cols()), Matrix<double>(layer.row(), X.cols())};
  layer.queries(X, 0, p.queries);
  layer.rows(X, 0, p.rows);
  return p;
}

/// sum over j <= k of g^(k - j) (phi(q_k) . phi(k_j)) v_j, by the weights themselves.
double weight(FeatureMap map, const Vector<double>& q, const Vector<double>& k) {
  const double product = q.dot(k);
  if (map == FeatureMap::identity) return product;
  if (map == FeatureMap::taylor) return 1 + product + product * product / 2;
  const auto phi = [](double x) { return x > 0 ? 1 + x : std::exp(x); };
  double sum = 0;
  for (Index i = 0; i < q.size(); ++i) sum += phi(q(i)) * phi(k(i));
  return sum;
}

Matrix<double> direct(const AttentionLayer<double>& layer, const LinearAttentionOptions& options,
                      const Matrix<double>& X) {
  const Projected p = projected(layer, X);
  const Index heads = layer.heads().heads, d = layer.value_dim();
  Matrix<double> outputs(heads * d, X.cols()), Y(token_size, X.cols());
  for (Index k = 0; k < X.cols(); ++k) {
    for (Index i = 0; i < heads; ++i) {
      Vector<double> y = Vector<double>::Zero(d);
      double sum = 0;
      for (Index j = 0; j <= k; ++j) {
        double g = options.decay.size() == 0 ? 1 : options.decay(i);
        if (layer.alibi()) g *= std::exp(-alibi_slopes(heads)(i));
        const double w = std::pow(g, double(k - j)) * weight(options.map, p.queries.col(k).segment(i * d, d),
                                                             p.rows.col(j).segment(layer.key(i), d));
        sum += w;
        y += w * p.rows.col(j).segment(layer.value(i), d);
      }
      outputs.col(k).segment(i * d, d) = options.normalize ? Vector<double>(y / sum) : y;
    }
  }
  layer.read_out(outputs, Y);
  return Y;
}

/// Every number of the state as a channel of longstate's own recurrence, x <- g x + u, read out by the query.
Matrix<double> by_recurrence(const AttentionLayer<double>& layer, const LinearAttentionOptions& options,
                             const Matrix<double>& X) {
  const Projected p = projected(layer, X);
  const Index heads = layer.heads().heads, d = layer.value_dim(), f = features(options.map, d);
  Matrix<double> outputs(heads * d, X.cols()), Y(token_size, X.cols());
  for (Index i = 0; i < heads; ++i) {
    const double g = options.decay.size() == 0 ? 1 : options.decay(i);
    DiscreteDiagonal system{Vector<std::complex<double>>::Constant(1, std::log(g)),
                            Matrix<std::complex<double>>::Ones(1, 1), Matrix<std::complex<double>>::Constant(1, 1, 0.5),
                            Matrix<double>::Zero(1, 1)};
    Recurrence<double> recurrence(system, (d + 1) * f);
    Matrix<double> u((d + 1) * f, X.cols()), state = u;
    Vector<double> phi(f), v(d + 1);
    v(d) = 1;
    for (Index k = 0; k < X.cols(); ++k) {
      map_features<double>(options.map, p.rows.col(k).segment(layer.key(i), d), phi);
      v.head(d) = p.rows.col(k).segment(layer.value(i), d);
      u.col(k).reshaped(d + 1, f) = v * phi.transpose();
    }
    State<double> x = recurrence.zero_state();
    recurrence.run(u, state, x);
    for (Index k = 0; k < X.cols(); ++k) {
      map_features<double>(options.map, p.queries.col(k).segment(i * d, d), phi);
      const Vector<double> read = state.col(k).reshaped(d + 1, f) * phi;
      outputs.col(k).segment(i * d, d) = options.normalize ? Vector<double>(read.head(d) / read(d)) : read.head(d);
    }
  }
  layer.read_out(outputs, Y);
  return Y;
}

}  // namespace

TEST_CASE("linear attention and retention: their weights, their state and longstate's recurrence agree") {
  const Matrix<double> X = random_matrix(token_size, n, 9);
  for (const Heads& heads : {Heads{4, 4, 5, 0, 0}, Heads{4, 2, 5, 0, 0}}) {
    const AttentionLayer<double> layer(heads, weights_of(heads));
    const AttentionWeights<double> w = weights_of(heads);
    const AttentionLayer<float> rounded(
        heads, {w.query.cast<float>(), w.key.cast<float>(), w.value.cast<float>(), w.output.cast<float>(), {}, {}, {}});
    for (const LinearAttentionOptions& options :
         {LinearAttentionOptions{}, LinearAttentionOptions{FeatureMap::taylor, true, {}},
          LinearAttentionOptions{FeatureMap::identity, false, retention_decays(4)},
          LinearAttentionOptions{FeatureMap::elu, true, retention_decays(4)}}) {
      CAPTURE(name(options.map));
      const Matrix<double> expected = direct(layer, options, X);
      LinearAttention<double> linear(layer, options);
      const Index bytes = linear.state_bytes();
      Matrix<double> Y(token_size, n);
      linear.run(X.leftCols(7), Y.leftCols(7));
      linear.run(X.rightCols(n - 7), Y.rightCols(n - 7));
      CHECK(relative_error(Y, expected) < 1e-12);
      CHECK(relative_error(by_recurrence(layer, options, X), expected) < 1e-12);
      CHECK(linear.state_bytes() == bytes);
      LinearAttention<float> single(rounded, options);
      Matrix<float> y(token_size, n);
      single.run(X.cast<float>(), y);
      CHECK(relative_error(y.cast<double>(), expected) < 1e-5);
      linear.clear();
      linear.run(X.leftCols(1), Y.leftCols(1));
      CHECK(relative_error(Y.leftCols(1), expected.leftCols(1)) < 1e-12);
    }
  }
}

TEST_CASE_TEMPLATE("A4: linear attention and retention go on from place to place, with RoPE and ALiBi, at any split", T,
                   float, double) {
  const double bound = std::is_same_v<T, float> ? 1e-5 : 1e-12;
  const Matrix<T> X = random_matrix(token_size, n, 9).cast<T>();
  double worst = 0;
  for (const Heads& heads : {Heads{4, 4, 6, 0, 0}, Heads{4, 2, 6, 0, 4}, Heads{3, 1, 6, 0, 6}}) {
    for (const bool alibi : {false, true}) {
      const AttentionWeights<double> w = weights_of(heads);
      const AttentionOptions layer_options{.alibi = alibi};
      const AttentionLayer<double> exact(heads, w, layer_options);
      const AttentionLayer<T> layer(
          heads, {w.query.cast<T>(), w.key.cast<T>(), w.value.cast<T>(), w.output.cast<T>(), {}, {}, {}},
          layer_options);
      for (const LinearAttentionOptions& options :
           {LinearAttentionOptions{}, LinearAttentionOptions{FeatureMap::taylor, true, {}},
            LinearAttentionOptions{FeatureMap::elu, true, retention_decays(heads.heads)},
            LinearAttentionOptions{FeatureMap::elu, false, {}},
            LinearAttentionOptions{FeatureMap::identity, false, retention_decays(heads.heads)}}) {
        CAPTURE(name(options.map));
        CAPTURE(heads.rope_dim);
        CAPTURE(alibi);
        const Matrix<double> expected = direct(exact, options, X.template cast<double>());
        for (const std::vector<Index>& split : {std::vector<Index>{n},
                                                {0, n, 0},
                                                {5, 5, n - 10},
                                                {1, n - 1},
                                                {31, 0, n - 31},
                                                std::vector<Index>(n, 1)}) {
          LinearAttention<T> linear(layer, options);
          Matrix<T> Y(token_size, n);
          Index k = 0;
          for (const Index count : split) {
            linear.run(X.middleCols(k, count), Y.middleCols(k, count));
            k += count;
            CHECK(linear.tokens() == k);
          }
          const double error = relative_error(Y.template cast<double>(), expected);
          CHECK(error < bound);
          worst = support::larger(worst, error);
        }
      }
    }
  }
  MESSAGE("largest error " << worst);
}

TEST_CASE("A4: ALiBi in linear attention is that of the softmax, where phi(q) . phi(k) is close to the exponential") {
  const Heads heads{4, 4, 6, 0, 0};
  const Matrix<double> X = random_matrix(token_size, n, 9);
  Matrix<double> linear(token_size, n), softmax(token_size, n);
  // 1 + s + s^2 / 2 differs from e^s by s^3 / 6
  const AttentionLayer<double> layer(heads, weights_of(heads), {.scale = 1e-4, .alibi = true});
  LinearAttention<double>(layer, {FeatureMap::taylor, true, {}}).run(X, linear);
  FullAttention<double>(layer).run(X, softmax);
  CHECK(relative_error(linear, softmax) < 1e-9);
}

TEST_CASE_TEMPLATE("A4: what linear attention keeps is a value, its place too: copied, compared, saved and restored", T,
                   float, double) {
  const Heads heads{4, 4, 6, 0, 4};
  const AttentionWeights<double> w = weights_of(heads);
  const AttentionLayer<T> layer(
      heads, {w.query.cast<T>(), w.key.cast<T>(), w.value.cast<T>(), w.output.cast<T>(), {}, {}, {}});
  const Matrix<T> X = random_matrix(token_size, n, 9).cast<T>();
  for (const LinearAttentionOptions& options :
       {LinearAttentionOptions{}, LinearAttentionOptions{FeatureMap::identity, false, retention_decays(4)}}) {
    LinearAttention<T> linear(layer, options), fresh(layer, options);
    Matrix<T> Y(token_size, n), Z(token_size, n);
    linear.run(X.leftCols(7), Y.leftCols(7));
    LinearAttention<T> copy = linear;
    fresh.restore(linear.state());
    CHECK(fresh.state() == linear.state());
    CHECK(fresh.tokens() == 7);
    linear.run(X.rightCols(n - 7), Y.rightCols(n - 7));
    CHECK(fresh.state() != linear.state());
    for (LinearAttention<T>* other : {&copy, &fresh}) {
      other->run(X.rightCols(n - 7), Z.rightCols(n - 7));
      CHECK(Z.rightCols(n - 7) == Y.rightCols(n - 7));
      CHECK(other->state() == linear.state());
    }
    linear.clear();
    CHECK(linear.tokens() == 0);
    linear.run(X.leftCols(7), Z.leftCols(7));
    CHECK(Z.leftCols(7) == Y.leftCols(7));

    const LinearAttentionState<T> good = fresh.state();
    LinearAttentionState<T> bad = good;
    bad.tokens = -1;
    CHECK_THROWS_AS(fresh.restore(bad), std::invalid_argument);
    bad = good;
    bad.sums(1, 2) = std::numeric_limits<T>::quiet_NaN();
    CHECK_THROWS_AS(fresh.restore(bad), std::invalid_argument);
    bad = good;
    bad.sums.conservativeResize(bad.sums.rows(), 3);
    CHECK_THROWS_AS(fresh.restore(bad), std::invalid_argument);
    bad = good;
    bad.units = Vector<double>::Ones(24);
    CHECK_THROWS_AS(fresh.restore(bad), std::invalid_argument);
    CHECK(fresh.state() == good);
  }
  // RoPE sees differences of places alone: a million tokens on, all is the same
  const LinearAttentionOptions retention{FeatureMap::identity, false, retention_decays(4)};
  LinearAttention<T> early(layer, retention), late(layer, retention);
  Matrix<T> Y(token_size, n), Z(token_size, n);
  LinearAttentionState<T> state = late.state();
  state.tokens = 1000000;
  late.restore(state);
  early.run(X, Y);
  late.run(X, Z);
  CHECK(relative_error(Z.template cast<double>(), Y.template cast<double>()) <
        (std::is_same_v<T, float> ? 1e-5 : 1e-9));
}

namespace {

/// One head that reads its keys, queries and values from a token as they are: 4 numbers each of keys and queries, of values.
template <class T>
AttentionLayer<T> plain_layer() {
  AttentionWeights<T> w;
  w.query = w.key = Matrix<T>::Identity(4, 8);
  w.value = Matrix<T>::Identity(8, 8).bottomRows(4);
  w.output = w.value.transpose();
  return {{1, 1, 4, 0, 0}, std::move(w), {.scale = 1}};
}

/// By logarithms of features, log (1 + elu(x)), in long double: no size of a token takes them out of range.
Matrix<double> by_logarithms(const Matrix<double>& X, double decay) {
  const auto log_phi = [](double x) { return x > 0 ? std::log1p(Long(x)) : Long(x); };
  Matrix<double> Y = Matrix<double>::Zero(8, X.cols());
  for (Index k = 0; k < X.cols(); ++k) {
    Matrix<Long> logs(4, k + 1);
    for (Index j = 0; j <= k; ++j) {
      for (Index i = 0; i < 4; ++i) {
        logs(i, j) = log_phi(X(i, k)) + log_phi(X(i, j)) + Long(k - j) * std::log(Long(decay));
      }
    }
    const Long most = logs.maxCoeff();
    Vector<Long> y = Vector<Long>::Zero(4);
    Long sum = 0;
    for (Index j = 0; j <= k; ++j) {
      Long weight = 0;
      for (Index i = 0; i < 4; ++i) weight += std::exp(logs(i, j) - most);
      sum += weight;
      y += weight * X.col(j).tail(4).cast<Long>();
    }
    Y.col(k).tail(4) = (y / sum).cast<double>();
  }
  return Y;
}

}  // namespace

TEST_CASE_TEMPLATE("A4: linear attention of very negative and very large tokens", T, float, double) {
  constexpr Index tokens = 100;
  double worst = 0;
  for (const double decay : {1.0, 0.9}) {
    for (const double at : {0.0, -45.0, -100.0, -1000.0, -1e5, 50.0, 1e4, 1e8}) {
      for (const double spread : {1.0, 30.0, 500.0}) {
        CAPTURE(at);
        CAPTURE(spread);
        CAPTURE(decay);
        Matrix<T> X = random_matrix(8, tokens, 7).cast<T>();
        X.topRows(4).array() = X.topRows(4).array() * T(spread) + T(at);
        const Matrix<double> expected = by_logarithms(X.template cast<double>(), decay);
        LinearAttention<T> linear(plain_layer<T>(), {FeatureMap::elu, true, Vector<double>::Constant(1, decay)});
        Matrix<T> Y(8, tokens);
        linear.run(X.leftCols(30), Y.leftCols(30));
        linear.run(X.rightCols(70), Y.rightCols(70));
        const double error = relative_error(Y.template cast<double>(), expected);
        // a decay is added to the exponent of each token
        const double rounding = decay < 1 ? std::abs(at) * std::numeric_limits<double>::epsilon() : 0;
        CHECK(error < (std::is_same_v<T, float> ? 1e-5 : 1e-12) + 4 * rounding);
        worst = support::larger(worst, error);
      }
    }
  }
  MESSAGE("largest error " << worst);

  // taylor: (q . k)^2 / 2 would overflow in float
  Matrix<T> X = random_matrix(8, 20, 7).cast<T>();
  X.topRows(4) *= std::is_same_v<T, float> ? T(1e8) : T(1e60);
  Matrix<T> Y(8, 20), scaled(8, 20);
  LinearAttention<T>(plain_layer<T>(), {FeatureMap::taylor, true, {}}).run(X, Y);
  X.topRows(4) *= T(1e-2);
  LinearAttention<T>(plain_layer<T>(), {FeatureMap::taylor, true, {}}).run(X, scaled);  // weights (q . k)^2 either way
  CHECK(relative_error(Y.rightCols(15).template cast<double>(), scaled.rightCols(15).template cast<double>()) < 1e-3);
}

TEST_CASE_TEMPLATE("A4: linear attention names tokens that are not finite or too large, and does not keep them", T,
                   float, double) {
  const T beyond = std::numeric_limits<T>::infinity();
  const Matrix<T> X = random_matrix(8, 10, 7).cast<T>();
  const auto refused = [&](LinearAttention<T>& linear, const Matrix<T>& tokens, const std::string& what) {
    const LinearAttentionState<T> before = linear.state();
    Matrix<T> Y(8, tokens.cols());
    try {
      linear.run(tokens, Y);
    } catch (const std::invalid_argument& error) {
      CAPTURE(error.what());
      CHECK(linear.state() == before);
      return std::string(error.what()).find(what) != std::string::npos;
    }
    return false;
  };
  for (const FeatureMap map : {FeatureMap::identity, FeatureMap::elu, FeatureMap::taylor}) {
    LinearAttention<T> linear(plain_layer<T>(), {map, map != FeatureMap::identity, {}}), other = linear;
    Matrix<T> Y(8, 10), Z(8, 10), bad = X.rightCols(6);
    linear.run(X.leftCols(4), Y.leftCols(4));
    other.run(X, Z);
    for (const T value : {beyond, -beyond, std::numeric_limits<T>::quiet_NaN()}) {
      bad(2, 3) = value;
      CHECK(refused(linear, bad, "token 7 must be finite"));
    }
    for (const T value : {std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()}) {
      bad(2, 3) = value;
      CHECK(refused(linear, bad, "of token 7 must be so short that its length to the power of 2 is finite"));
      bad(2, 3) = 0;
      bad(6, 3) = std::copysign(std::sqrt(std::numeric_limits<T>::max()) / 2, value);
      CHECK(refused(linear, bad, "rows of token 7 must be so short that its length to the power of 4 is finite"));
      bad(6, 3) = 0;
    }
    linear.run(X.rightCols(6), Y.rightCols(6));
    CHECK(relative_error(Y.template cast<double>(), Z.template cast<double>()) < 1e-6);
  }
  LinearAttention<T> nothing(plain_layer<T>(), {FeatureMap::identity, true, {}});
  Matrix<T> Y(8, 1);
  CHECK_THROWS_WITH_AS(nothing.run(Matrix<T>::Zero(8, 1), Y),
                       doctest::Contains("LinearAttention::run: output 0 must be finite"), std::invalid_argument);
}

TEST_CASE("linear attention: what does not fit is refused by name") {
  const Heads heads{2, 2, 4, 0, 0};
  const AttentionLayer<double> layer(heads, weights_of(heads));
  CHECK_THROWS_AS(LinearAttention<double>(layer, {.decay = Vector<double>::Ones(3)}), std::invalid_argument);
  CHECK_THROWS_AS(LinearAttention<double>(layer, {.decay = Vector<double>::Constant(2, 1.5)}), std::invalid_argument);
  CHECK_THROWS_AS(LinearAttention<double>(layer, {.decay = Vector<double>::Zero(2)}), std::invalid_argument);
  LinearAttention<double> linear(layer);
  Matrix<double> X(token_size, 2), Y(token_size, 3);
  X.setZero();
  CHECK_THROWS_AS(linear.run(X, Y), std::invalid_argument);
}
