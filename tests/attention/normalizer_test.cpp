#include "support/limits.hpp"
#include "support/oracle.hpp"
#include "support/precise.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

using namespace longstate;
using support::random_matrix;

namespace {

using support::infinity;

const std::vector<Normalizer> every_normalizer{Softmax{},        Softmax{0.3},       Softmax{5},     MarginSoftmax{2},
                                               TaylorSoftmax{2}, TaylorSoftmax{6},   TopKSoftmax{1}, TopKSoftmax{5},
                                               PerturbMax{0, 7}, PerturbMax{0.7, 3}, Sparsemax{},    Entmax{1.5},
                                               Entmax{1.2},      Entmax{3},          SoftmaxOne{}};

Vector<double> scores_of(Index n, unsigned seed) {
  Vector<double> s = 3 * random_matrix(n, 1, seed);
  s(n / 3) = -infinity;
  return s;
}

/// Key by key, as a decoder with constant memory does it; how many passes before the last.
template <class T>
Vector<T> in_passes(const Normalizer& normalizer, const Vector<T>& scores, Index query, int* passes = nullptr) {
  RowWeights<T> weights(normalizer, query);
  int count = 0;
  for (; !weights.ready(); weights.end_pass(), ++count) {
    REQUIRE(count < 200);
    for (Index j = 0; j < scores.size(); ++j) weights.show(j, scores(j));
  }
  if (passes) *passes = count;
  OnlineSoftmax<T> state(scores.size());  // the values are unit vectors: the output is the weights
  for (Index j = 0; j < scores.size(); ++j) {
    const Vector<T> unit = Vector<T>::Unit(scores.size(), j);
    const T w = weights(j, scores(j));
    if (weights.exponential()) {
      state.fold(w, unit);
    } else {
      state.fold_weight(w, unit);
    }
  }
  if (std::holds_alternative<SoftmaxOne>(normalizer)) state.fold(0, Vector<T>::Zero(scores.size()));
  Vector<T> p(scores.size());
  state.read(p);
  return p;
}

#ifdef LONGSTATE_SANITIZED
constexpr Index keys = 20;
#else
constexpr Index keys = 60;
#endif

}  // namespace

TEST_CASE("normalisers: weights of a simplex, masked keys none, and key by key the same") {
  for (const Normalizer& normalizer : every_normalizer) {
    CAPTURE(name(normalizer));
    for (const Index n : {1, 2, 20, 300}) {
      const Vector<double> scores = scores_of(n, 5);
      const Vector<double> p = normalize<double>(normalizer, scores, n - 1);
      CHECK(p.minCoeff() >= 0);
      CHECK(p(n / 3) == 0);
      if (n > 1) {
        if (std::holds_alternative<SoftmaxOne>(normalizer)) {
          CHECK(p.sum() < 1);
        } else {
          CHECK(p.sum() == doctest::Approx(1).epsilon(1e-14));
        }
      }
      int passes = 0;
      CHECK((in_passes<double>(normalizer, scores, n - 1, &passes) - p).norm() < 2e-14);
      CHECK((passes == 0) == one_pass(normalizer));
      const Vector<float> rounded = scores.cast<float>();
      CHECK((in_passes<float>(normalizer, rounded, n - 1).cast<double>() -
             normalize<double>(normalizer, rounded.cast<double>(), n - 1))
                .norm() < 2e-6);
    }
    const Vector<double> none = Vector<double>::Constant(3, -infinity);
    CHECK(normalize<double>(normalizer, none, 0).isZero(0));
    CHECK(in_passes<double>(normalizer, none, 0).isZero(0));
  }
}

TEST_CASE("sparsemax and entmax against halving in 60 digits, with ties and scores far apart") {
  int most_passes = 0;
  for (const double size : support::values({0.01, 1.0, 30.0, 1e4}, {30.0})) {
    for (const double alpha : support::values({1.05, 1.2, 1.5, 2.0, 3.0, 8.0}, {1.05, 1.5, 2.0, 8.0})) {
      CAPTURE(size);
      CAPTURE(alpha);
      Vector<double> scores = size * scores_of(keys, 9);
      scores(keys - 2) = scores(keys - 3) = scores.maxCoeff();
      const Normalizer normalizer = alpha == 2 ? Normalizer(Sparsemax{}) : Normalizer(Entmax{alpha});
      const Vector<double> expected = support::precise_entmax(scores, alpha);
      CHECK((normalize<double>(normalizer, scores, 0) - expected).norm() < 1e-13);
      int passes = 0;
      CHECK((in_passes<double>(normalizer, scores, 0, &passes) - expected).norm() < 1e-13);
      most_passes = std::max(most_passes, passes);
      // entmax at alpha = 2 is sparsemax by the other way
      if (alpha == 2) CHECK((normalize<double>(Entmax{2}, scores, 0) - expected).norm() < 1e-13);
    }
  }
  MESSAGE("most passes " << most_passes);
}

TEST_CASE("normalisers: limits") {
  const Vector<double> s = scores_of(30, 4);
  const auto of = [&](const Normalizer& normalizer) { return normalize<double>(normalizer, s, 29); };
  const Vector<double> softmax = of(Softmax{});
  CHECK((of(MarginSoftmax{0}) - softmax).norm() < 1e-15);
  CHECK((of(TaylorSoftmax{20}) - softmax).norm() < 1e-7);
  CHECK((of(TopKSoftmax{100}) - softmax).norm() < 1e-15);
  CHECK((of(Entmax{1.01}) - softmax).norm() < 2e-2);
  Index largest = 0;
  s.maxCoeff(&largest);
  CHECK(of(Softmax{1e-3})(largest) == doctest::Approx(1));
  CHECK(of(TopKSoftmax{1})(largest) == 1);
  CHECK(of(Softmax{1e6}).maxCoeff() == doctest::Approx(1.0 / 29).epsilon(1e-4));
  CHECK((of(TopKSoftmax{5}).array() > 0).count() == 5);
  // equal scores: the earlier key
  CHECK(normalize<double>(TopKSoftmax{1}, Vector<double>::Zero(4), 0)(0) == 1);
  // the extra zero takes all where all scores are low, nothing where one is high
  CHECK(normalize<double>(SoftmaxOne{}, Vector<double>::Constant(3, -1e4), 0).sum() == 0);
  CHECK(normalize<double>(SoftmaxOne{}, Vector<double>::Constant(3, 1e4), 0).sum() == doctest::Approx(1));
}

TEST_CASE("perturb-and-max draws from the softmax, the same for the same seed, query and key") {
  const Vector<double> s = Vector<double>::LinSpaced(6, -1, 1);
  const Vector<double> p = normalize<double>(Softmax{}, s, 0);
  Vector<double> frequency = Vector<double>::Zero(6);
  constexpr Index draws = 40000;
  for (Index query = 0; query < draws; ++query) frequency += normalize<double>(PerturbMax{0, 11}, s, query) / draws;
  for (Index j = 0; j < 6; ++j) {
    CHECK(std::abs(frequency(j) - p(j)) < 5 * std::sqrt(p(j) * (1 - p(j)) / draws));
  }
  CHECK(normalize<double>(PerturbMax{0.5, 1}, s, 3) == normalize<double>(PerturbMax{0.5, 1}, s, 3));
  CHECK(normalize<double>(PerturbMax{0.5, 1}, s, 3) != normalize<double>(PerturbMax{0.5, 1}, s, 4));
  CHECK(normalize<double>(PerturbMax{0.5, 1}, s, 3) != normalize<double>(PerturbMax{0.5, 2}, s, 3));
}

TEST_CASE("normalisers: derivatives against finite differences") {
  for (const Normalizer& normalizer : every_normalizer) {
    CAPTURE(name(normalizer));
    for (const unsigned seed : {1U, 2U, 3U}) {
      Vector<double> s = scores_of(12, seed), direction = random_matrix(12, 1, seed + 10);
      direction(4) = 0;  // masked
      const double h = 1e-5;
      const auto at = [&](double step) { return normalize<double>(normalizer, s + step * direction, 11); };
      const Vector<double> expected = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      const Vector<double> got = normalize_jvp<double>(normalizer, s, direction, 11);
      CHECK((got - expected).norm() < 1e-8 * std::max(1.0, expected.norm()));
      CHECK(got(4) == 0);
    }
  }
}

TEST_CASE("normalisers: what is no parameter is refused by name") {
  const Vector<double> s = Vector<double>::Zero(3);
  for (const Normalizer& normalizer :
       {Normalizer(Softmax{0}), Normalizer(Softmax{infinity}), Normalizer(MarginSoftmax{-1}),
        Normalizer(TaylorSoftmax{3}), Normalizer(TaylorSoftmax{0}), Normalizer(TaylorSoftmax{22}),
        Normalizer(TopKSoftmax{0}), Normalizer(PerturbMax{-1, 0}), Normalizer(Entmax{1}), Normalizer(Entmax{17})}) {
    try {
      normalize<double>(normalizer, s, 0);
      FAIL("not refused: " << name(normalizer));
    } catch (const std::invalid_argument& error) {
      CHECK(std::string(error.what()).find(name(normalizer)) != std::string::npos);
    }
  }
}
