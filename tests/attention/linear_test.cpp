#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

constexpr Index width = 12, n = 60;

AttentionWeights<double> weights_of(const Heads& h) {
  AttentionWeights<double> w;
  w.query = random_matrix(h.heads * h.head_dim, width, 1);
  w.key = random_matrix(h.kv_heads * h.head_dim, width, 2);
  w.value = random_matrix(h.kv_heads * h.head_dim, width, 3);
  w.output = random_matrix(width, h.heads * h.head_dim, 4);
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
  Matrix<double> outputs(heads * d, X.cols()), Y(width, X.cols());
  for (Index k = 0; k < X.cols(); ++k) {
    for (Index i = 0; i < heads; ++i) {
      Vector<double> y = Vector<double>::Zero(d);
      double sum = 0;
      for (Index j = 0; j <= k; ++j) {
        const double g = options.decay.size() == 0 ? 1 : options.decay(i);
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
  Matrix<double> outputs(heads * d, X.cols()), Y(width, X.cols());
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
  const Matrix<double> X = random_matrix(width, n, 9);
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
      Matrix<double> Y(width, n);
      linear.run(X.leftCols(7), Y.leftCols(7));
      linear.run(X.rightCols(n - 7), Y.rightCols(n - 7));
      CHECK(relative_error(Y, expected) < 1e-12);
      CHECK(relative_error(by_recurrence(layer, options, X), expected) < 1e-12);
      CHECK(linear.state_bytes() == bytes);
      LinearAttention<float> single(rounded, options);
      Matrix<float> y(width, n);
      single.run(X.cast<float>(), y);
      CHECK(relative_error(y.cast<double>(), expected) < 1e-5);
      linear.clear();
      linear.run(X.leftCols(1), Y.leftCols(1));
      CHECK(relative_error(Y.leftCols(1), expected.leftCols(1)) < 1e-12);
    }
  }
}

TEST_CASE("linear attention: what does not fit is refused by name") {
  const Heads heads{2, 2, 4, 0, 0};
  const AttentionLayer<double> layer(heads, weights_of(heads));
  CHECK_THROWS_AS(LinearAttention<double>(layer, {.decay = Vector<double>::Ones(3)}), std::invalid_argument);
  CHECK_THROWS_AS(LinearAttention<double>(layer, {.decay = Vector<double>::Constant(2, 1.5)}), std::invalid_argument);
  CHECK_THROWS_AS(LinearAttention<double>(layer, {.decay = Vector<double>::Zero(2)}), std::invalid_argument);
  LinearAttention<double> linear(layer);
  Matrix<double> X(width, 2), Y(width, 3);
  X.setZero();
  CHECK_THROWS_AS(linear.run(X, Y), std::invalid_argument);
}
