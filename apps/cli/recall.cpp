#include "cli/recall.hpp"

#include "cli/generate.hpp"

#include <longstate/longstate.hpp>

#include <cmath>
#include <functional>

namespace cli {
namespace {

using namespace longstate;

constexpr Index length = 2048, order = 64, head_dim = 64;

std::vector<double> ages() {
  std::vector<double> all;
  for (double age = 1; age <= 1000; age = std::max(age + 1, std::round(age * 1.25))) all.push_back(age);
  return all;
}

/// Root mean square of factor guess(t, age) - u(t - age) over times t of the second half; the factor is 1 or, where the read-out's
/// size says nothing, the best one for each age.
RecallCurve curve(const std::string& model, long long numbers, const Vector<double>& u, const Matrix<double>& guesses,
                  bool best_factor) {
  RecallCurve result{model, numbers, ages(), {}};
  constexpr Index half = length / 2;
  for (std::size_t i = 0; i < result.ages.size(); ++i) {
    const Vector<double> guess = guesses.row(static_cast<Index>(i)).tail(half).transpose();
    const Vector<double> truth = u.segment(half - static_cast<Index>(result.ages[i]), half);
    const double factor = best_factor ? guess.dot(truth) / guess.squaredNorm() : 1;
    result.errors.push_back((factor * guess - truth).norm() / std::sqrt(static_cast<double>(half)));
  }
  return result;
}

RecallCurve of_memory(const std::string& model, const Measure& measure, double reach, const Vector<double>& u) {
  Memory<double> memory(measure, {.order = order, .dt = 1});
  const std::vector<double> all = ages();
  Matrix<double> guesses = Matrix<double>::Zero(static_cast<Index>(all.size()), length);
  for (Index t = 0; t < length; ++t) {
    memory.push(u(t));
    for (std::size_t i = 0; i < all.size() && t >= length / 2; ++i) {
      if (all[i] > reach) continue;  // nothing is kept of it
      guesses(static_cast<Index>(i), t) = memory.reconstruct(Vector<double>::Constant(1, all[i]))(0);
    }
  }
  return curve(model, order, u, guesses, false);
}

/// Tokens (u, 1): the value is u, the key is one vector that turns with the place, the query the same turned back by the age.
AttentionLayer<double> layer_for(double age, double scale) {
  const Vector<double> start = Vector<double>::Unit(2, 0).replicate(head_dim / 2, 1);
  Vector<double> back = start;
  rotate<double>(back, -static_cast<Index>(age));
  AttentionWeights<double> w;
  w.query = w.key = w.value = Matrix<double>::Zero(head_dim, 2);
  w.output = Matrix<double>::Zero(2, head_dim);
  w.query.col(1) = back;
  w.key.col(1) = start;
  w.value(0, 0) = 1;
  w.output(0, 0) = 1;
  return {{1, 1, head_dim, 0, head_dim}, std::move(w), {.scale = scale}};
}

/// run(layer, tokens, outputs) for each age.
RecallCurve of_attention(
    const std::string& model, long long numbers, double scale, bool best_factor, const Vector<double>& u,
    const std::function<void(AttentionLayer<double>, const Matrix<double>&, Matrix<double>&)>& run) {
  Matrix<double> X(2, length), Y(2, length);
  X.row(0) = u.transpose();
  X.row(1).setOnes();
  const std::vector<double> all = ages();
  Matrix<double> guesses(static_cast<Index>(all.size()), length);
  for (std::size_t i = 0; i < all.size(); ++i) {
    run(layer_for(all[i], scale), X, Y);
    guesses.row(static_cast<Index>(i)) = Y.row(0);
  }
  return curve(model, numbers, u, guesses, best_factor);
}

}  // namespace

std::vector<RecallCurve> recall() {
  const Vector<double> u = white(length, 1, 0.02, 1, 1);
  constexpr double window = 512;
  constexpr long long linear_numbers = head_dim * (head_dim + 1);
  const auto linear = [](const LinearAttentionOptions& options) {
    return [options](AttentionLayer<double> layer, const Matrix<double>& X, Matrix<double>& Y) {
      LinearAttention<double>(std::move(layer), options).run(X, Y);
    };
  };
  const auto full = [](AttentionLayer<double> layer, const Matrix<double>& X, Matrix<double>& Y) {
    FullAttention<double>(std::move(layer)).run(X, Y);
  };
  return {of_memory("legs: all of the past", LegS{}, length, u),
          of_memory("legt: a window of 512", LegT{window}, window, u),
          of_memory("legs-exp: fading over 512", LegSExp{window}, length, u),
          of_attention("attention, cached", 2 * head_dim * length, 50, false, u, full),
          of_attention("linear attention, elu", linear_numbers, 1, true, u, linear({})),
          of_attention("retention", linear_numbers, 1, true, u,
                       linear({FeatureMap::identity, false, retention_decays(1)}))};
}

}  // namespace cli
