#include "../detail/tally.hpp"
#include "check_tokens.hpp"

#include <longstate/attention/linear.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace longstate {
namespace {

constexpr std::array<std::string_view, 3> feature_map_names{"identity", "elu", "taylor"};
constexpr double nothing = -std::numeric_limits<double>::infinity();  // the unit of a column that has read no key

}  // namespace

std::string_view name(FeatureMap map) { return feature_map_names[static_cast<std::size_t>(map)]; }

Index features(FeatureMap map, Index size) { return map == FeatureMap::taylor ? 1 + size + size * size : size; }

template <class T>
void map_features(FeatureMap map, ConstFrame<T> x, Frame<T> phi) {
  const Index n = x.size();
  detail::check_shape("map_features", "phi", phi.size(), 1, features(map, n), 1);
  if (map == FeatureMap::identity) {
    phi = x;
  } else if (map == FeatureMap::elu) {
    phi = x.unaryExpr([](T value) { return value > 0 ? value + 1 : std::exp(value); });
  } else {
    phi(0) = 1;
    phi.segment(1, n) = x;
    phi.tail(n * n).reshaped(n, n).noalias() = static_cast<T>(std::sqrt(0.5)) * x * x.transpose();
  }
}

Vector<double> retention_decays(Index heads) {
  Vector<double> decays(heads);
  for (Index i = 0; i < heads; ++i) decays(i) = 1 - std::exp2(-5.0 - static_cast<double>(i));
  return decays;
}

template <class T>
LinearAttention<T>::LinearAttention(AttentionLayer<T> layer, LinearAttentionOptions options)
    : layer_(std::move(layer)),
      options_(std::move(options)),
      features_(features(options_.map, layer_.key_dim())),
      phi_(features_),
      fade_(features_),
      value_(layer_.value_dim() + 1),
      read_(layer_.value_dim() + 1) {
  const Index heads = layer_.heads().heads;
  if (layer_.heads().latent()) detail::fail("LinearAttention", "heads must not be latent", layer_.heads().latent_dim);
  if (options_.decay.size() == 0) options_.decay = Vector<double>::Ones(heads);
  detail::check_shape("LinearAttention", "decay", options_.decay.size(), 1, heads, 1);
  for (const double g : options_.decay) {
    if (!(g > 0 && g <= 1)) detail::fail("LinearAttention", "decay must be above 0 and at most 1", g);
  }
  if (layer_.alibi()) options_.decay.array() *= (-alibi_slopes(heads)).array().exp();
  clear();
}

template <class T>
void LinearAttention<T>::clear() {
  const Index columns = features_ * layer_.heads().heads;
  state_.sums.setZero(layer_.value_dim() + 1, columns);
  state_.units.setConstant(options_.map == FeatureMap::elu ? columns : 0, nothing);
  state_.tokens = 0;
}

template <class T>
void LinearAttention<T>::restore(const LinearAttentionState<T>& state) {
  constexpr std::string_view where = "LinearAttention::restore";
  detail::check_shape(where, "sums", state.sums.rows(), state.sums.cols(), state_.sums.rows(), state_.sums.cols());
  detail::check_shape(where, "units", state.units.size(), 1, state_.units.size(), 1);
  detail::check_columns(where, "column", state.sums, 0);
  for (const double unit : state.units) {
    if (!(unit <= 0)) detail::fail(where, "units must not be positive", unit);
  }
  if (state.tokens < 0) detail::fail(where, "tokens must not be negative", state.tokens);
  state_ = state;
}

template <class T>
Index LinearAttention<T>::state_bytes() const {
  return state_.sums.size() * static_cast<Index>(sizeof(T)) + state_.units.size() * static_cast<Index>(sizeof(double));
}

/// S <- g S + v phi(k)^T, z below S.
template <class T>
void LinearAttention<T>::fold(Index head, ConstFrame<T> key, ConstFrame<T> value) {
  const double decay = options_.decay(head);
  if (options_.map == FeatureMap::elu) {
    // phi(k) = (1 + max(k, 0)) e^min(k, 0): the larger of the new and the faded unit becomes the column's
    double* const units = state_.units.data() + head * features_;
    const double fade = std::log(decay);
    for (Index i = 0; i < features_; ++i) {
      const double unit = units[i] + fade, rise = std::min<double>(key(i), 0);
      units[i] = std::max(unit, rise);
      fade_(i) = static_cast<T>(rise - unit);
    }
    phi_ = (-fade_.array().abs()).exp();  // the smaller unit in the larger
    for (Index i = 0; i < features_; ++i) {
      const bool leads = fade_(i) > 0;
      const T smaller = phi_(i), linear = 1 + std::max(key(i), T(0));
      fade_(i) = leads ? smaller : T(1);
      phi_(i) = leads ? linear : smaller * linear;
    }
  } else {
    fade_.setConstant(static_cast<T>(decay));
    map_features<T>(options_.map, key, phi_);
  }
  value_.head(value.size()) = value;
  value_(value.size()) = 1;
  auto sums = state_.sums.middleCols(head * features_, features_);
  for (Index i = 0; i < features_; ++i) sums.col(i) = fade_(i) * sums.col(i) + phi_(i) * value_;
}

/// y = S phi(q), or that by z . phi(q), where a common factor of phi(q) does not matter: with 1 as their largest, no sum overflows.
template <class T>
void LinearAttention<T>::read(Index head, ConstFrame<T> query, Frame<T> y) {
  double unit = 0;
  if (options_.map == FeatureMap::elu) {
    // each less its largest first: what matters is then small, and exact
    const auto units = state_.units.segment(head * features_, features_).array();
    const double most_of_units = units.maxCoeff();
    const T most_of_fall = std::min(query.maxCoeff(), T(0));
    phi_ = (units - most_of_units).template cast<T>() + (query.array().cwiseMin(T(0)) - most_of_fall);
    const T most = phi_.maxCoeff();
    phi_ = (1 + query.array().cwiseMax(T(0))) * (phi_.array() - most).exp();
    unit = most_of_units + static_cast<double>(most_of_fall) + static_cast<double>(most);
  } else {
    map_features<T>(options_.map, query, phi_);
  }
  if (options_.normalize) phi_ /= phi_.cwiseAbs().maxCoeff();
  read_.noalias() = state_.sums.middleCols(head * features_, features_) * phi_;
  const Index d = y.size();
  if (options_.normalize) {
    y = read_.head(d) / read_(d);
  } else {
    y = (read_.head(d).template cast<double>() * std::exp(unit)).template cast<T>();
  }
}

template <class T>
void LinearAttention<T>::run(ConstSignal<T> X, Signal<T> Y) {
  constexpr std::string_view where = "LinearAttention::run";
  const Index n = X.cols(), heads = layer_.heads().heads, d = layer_.value_dim(), first = state_.tokens;
  detail::check_shape(where, "X", X.rows(), n, layer_.width(), n);
  detail::check_shape(where, "Y", Y.rows(), Y.cols(), layer_.width(), n);
  if (n == 0) return;
  detail::check_columns(where, "token", X, first);
  const NoDenormals guard;
  Matrix<T> queries(heads * layer_.key_dim(), n), rows(layer_.row(), n), outputs(heads * d, n);
  layer_.queries(X, first, queries);
  layer_.rows(X, first, rows);
  // v phi(k)^T has at most three factors of a row: no number of tokens makes their sums overflow
  detail::check_powers(where, "rows", rows, first, 4);
  for (Index k = 0; k < n; ++k) {
    for (Index i = 0; i < heads; ++i) {
      fold(i, rows.col(k).segment(layer_.key(i), layer_.key_dim()), rows.col(k).segment(layer_.value(i), d));
      read(i, queries.col(k).segment(i * layer_.key_dim(), layer_.key_dim()), outputs.col(k).segment(i * d, d));
    }
  }
  state_.tokens += n;
  const Index columns = n * state_.sums.cols();
  detail::count_flops(5 * columns * state_.sums.rows());  // decay, the outer product, and the read-out
  if (options_.map == FeatureMap::elu) detail::count_exponentials(2 * columns);
  if (options_.map == FeatureMap::taylor) detail::count_flops(4 * n * heads * layer_.key_dim() * layer_.key_dim());
  layer_.read_out(outputs, Y);
  detail::check_columns(where, "output", Y, first);
}

template void map_features<float>(FeatureMap, ConstFrame<float>, Frame<float>);
template void map_features<double>(FeatureMap, ConstFrame<double>, Frame<double>);
template class LinearAttention<float>;
template class LinearAttention<double>;

}  // namespace longstate
