#pragma once

/// \file
/// What turns the scores of a query into weights: softmax and what is used in its place.

#include <longstate/config.hpp>
#include <longstate/types.hpp>

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace longstate {

/// Of scores s_j, j = 0 … n - 1, whose key j is masked where s_j = -infinity (its weight is 0):

/// p_j = e^(s_j / temperature) / sum. Temperature to 0: the largest alone; to infinity: all alike.
struct Softmax {
  double temperature = 1;
};

/// The query's own key, j = query, has to win by a margin: softmax of s_j - margin [j = query] (soft-margin softmax, Liang et
/// al. 2017, eq. 4, whose target is here the token itself). margin 0: softmax.
struct MarginSoftmax {
  double margin = 1;
};

/// p_j = f(s_j) / sum, f(s) = 1 + s + … + s^order / order!, positive for even orders (de Brebisson & Vincent 2016, section 3.2;
/// Banerjee et al. 2020). Order to infinity: softmax. Not invariant to a constant added to the scores.
struct TaylorSoftmax {
  int order = 2;
};

/// Softmax of the k largest scores, the earlier key first among equals (Zhao et al. 2019, "Explicit sparse transformer").
struct TopKSoftmax {
  Index k = 8;
};

/// p = softmax((s + g) / temperature) with standard Gumbel noise g; at temperature 0 the largest of s + g alone, a sample of the
/// softmax (perturb-and-max: Papandreou & Yuille 2011; Gumbel-softmax: Jang et al. 2017, eq. 2). The noise of a query and key
/// is a function of them and the seed, so that every decoder draws the same.
struct PerturbMax {
  double temperature = 0;
  std::uint64_t seed = 0;
};

/// The point of the simplex next to s: p_j = max(s_j - tau, 0) (Martins & Astudillo 2016, algorithm 1).
struct Sparsemax {};

/// p_j = max((alpha - 1) s_j - tau, 0)^(1 / (alpha - 1)) (Peters, Niculae & Martins 2019, eq. 9). alpha to 1: softmax; 2:
/// sparsemax.
struct Entmax {
  double alpha = 1.5;
};

/// p_j = e^(s_j) / (1 + sum): what attends to nothing may say so (Miller 2023, "Attention is off by one", eq. 1).
struct SoftmaxOne {};

using Normalizer =
    std::variant<Softmax, MarginSoftmax, TaylorSoftmax, TopKSoftmax, PerturbMax, Sparsemax, Entmax, SoftmaxOne>;

/// softmax, margin, taylor, top-k, perturb-max, sparsemax, entmax, softmax-1.
LONGSTATE_API std::string_view name(const Normalizer& normalizer);

/// Throws std::invalid_argument naming the parameter: temperature and margin finite, temperature > 0 (perturb-max: >= 0), margin
/// >= 0, order even and from 2 to 20, k >= 1, alpha from 1.01 to 16.
LONGSTATE_API void validate(const Normalizer& normalizer);

/// Whether weights are known from one score after the other. The others need a threshold of all scores first: top-k and
/// perturb-max at temperature 0 read them once more, sparsemax and entmax until the threshold stands.
LONGSTATE_API bool one_pass(const Normalizer& normalizer);

/// The weights of one query: they sum to 1 (softmax-1: to less), or are all 0 where all keys are masked. `query` is the place of
/// the query's own key; only margin and perturb-max look at it. Sparsemax and entmax with alpha = 1.5 by sorting, other alphas by
/// their threshold's root. Throws as validate. Cost O(n), sorted O(n log n), entmax O(n) a step of the root.
template <class T>
LONGSTATE_API Vector<T> normalize(const Normalizer& normalizer, ConstFrame<T> scores, Index query);

/// The directional derivative of normalize at `scores`; where it has a corner, one of its sides. Sources: sparsemax, Martins &
/// Astudillo 2016, eq. 12; entmax, Peters et al. 2019, proposition 1. Throws as normalize, and if the sizes differ.
template <class T>
LONGSTATE_API Vector<T> normalize_jvp(const Normalizer& normalizer, ConstFrame<T> scores, ConstFrame<T> direction,
                                      Index query);

/// The weights of one query whose scores come key by key, as often as needed, so that nothing grows with their number:
///
///     RowWeights<T> weights(normalizer, query);
///     for (; !weights.ready(); weights.end_pass()) for (j …) weights.show(j, s_j);
///     for (j …) fold weights(j, s_j)
///
/// The weights are in proportion; if exponential(), they are given as logarithms.
template <class T>
class LONGSTATE_API RowWeights {
 public:
  RowWeights(const Normalizer& normalizer, Index query);

  bool ready() const { return ready_; }
  void show(Index key, T score);
  void end_pass();

  bool exponential() const;
  T operator()(Index key, T score) const;

 private:
  void end_pass_of_root();

  Normalizer normalizer_;
  Index query_;
  bool ready_, first_ = true;
  std::vector<std::pair<T, Index>> best_;  // top-k: the worst of them first; perturb-max: one
  double most_, tau_ = 0, low_ = -1, high_ = 0;
  double sum_ = 0, slope_ = 0;  // of the pass
  Index count_ = 0;
};

extern template class RowWeights<float>;
extern template class RowWeights<double>;

}  // namespace longstate
