#include "../detail/check.hpp"
#include "../detail/denormals.hpp"
#include "../detail/tally.hpp"

#include <longstate/attention/linear.hpp>

#include <array>
#include <cmath>

namespace longstate {
namespace {

constexpr std::array<std::string_view, 3> names{"identity", "elu", "taylor"};

}  // namespace

std::string_view name(FeatureMap map) { return names[static_cast<std::size_t>(map)]; }

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
      states_(Matrix<T>::Zero(layer_.value_dim() + 1, features_ * layer_.heads().heads)),
      query_(features_),
      key_(features_) {
  const Index heads = layer_.heads().heads;
  if (layer_.heads().latent()) detail::fail("LinearAttention", "heads must not be latent", layer_.heads().latent_dim);
  if (options_.decay.size() == 0) options_.decay = Vector<double>::Ones(heads);
  detail::check_shape("LinearAttention", "decay", options_.decay.size(), 1, heads, 1);
  for (const double g : options_.decay) {
    if (!(g > 0 && g <= 1)) detail::fail("LinearAttention", "decay must be above 0 and at most 1", g);
  }
}

template <class T>
void LinearAttention<T>::run(ConstSignal<T> X, Signal<T> Y) {
  const Index n = X.cols(), heads = layer_.heads().heads, d = layer_.value_dim();
  detail::check_shape("LinearAttention::run", "X", X.rows(), n, layer_.width(), n);
  detail::check_shape("LinearAttention::run", "Y", Y.rows(), Y.cols(), layer_.width(), n);
  detail::check_tokens_finite("LinearAttention::run", X, 0);
  const detail::NoDenormals guard;
  Matrix<T> queries(heads * layer_.key_dim(), n), rows(layer_.row(), n), outputs(heads * d, n);
  layer_.queries(X, 0, queries);
  layer_.rows(X, 0, rows);
  Vector<T> value(d + 1), read(d + 1);
  value(d) = 1;
  for (Index k = 0; k < n; ++k) {
    for (Index i = 0; i < heads; ++i) {
      auto state = states_.middleCols(i * features_, features_);
      map_features<T>(options_.map, queries.col(k).segment(i * layer_.key_dim(), layer_.key_dim()), query_);
      map_features<T>(options_.map, rows.col(k).segment(layer_.key(i), layer_.key_dim()), key_);
      value.head(d) = rows.col(k).segment(layer_.value(i), d);
      state = static_cast<T>(options_.decay(i)) * state + value * key_.transpose();
      read.noalias() = state * query_;
      auto y = outputs.col(k).segment(i * d, d);
      y = read.head(d);
      if (options_.normalize) y /= read(d);
      detail::count_flops(5 * state.size());  // decay, the outer product, and the read-out
      if (options_.map == FeatureMap::elu) detail::count_exponentials(2 * features_);  // at most
      if (options_.map == FeatureMap::taylor) detail::count_flops(4 * layer_.key_dim() * layer_.key_dim());
    }
  }
  layer_.read_out(outputs, Y);
}

template void map_features<float>(FeatureMap, ConstFrame<float>, Frame<float>);
template void map_features<double>(FeatureMap, ConstFrame<double>, Frame<double>);
template class LinearAttention<float>;
template class LinearAttention<double>;

}  // namespace longstate
