#include "../detail/check.hpp"

#include <longstate/attention/online_softmax.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace longstate {
namespace {

/// e^(from - to) for from <= to; 0 where `from` is that of nothing.
template <class T>
T rescale(T from, T to) {
  return from == to ? T(1) : std::exp(from - to);
}

}  // namespace

template <class T>
void OnlineSoftmax<T>::fold(T score, ConstFrame<T> v) {
  if (score == -std::numeric_limits<T>::infinity()) return;
  if (score > max) {
    const T fade = rescale(max, score);
    sum *= fade;
    value *= fade;
    max = score;
  }
  const T weight = rescale(score, max);
  sum += weight;
  value += weight * v;
}

template <class T>
void OnlineSoftmax<T>::fold_block(ConstFrame<T> scores, ConstSignal<T> V) {
  if (scores.size() == 0) return;
  const T most = scores.maxCoeff();
  if (most == -std::numeric_limits<T>::infinity()) return;
  if (most > max) {
    const T fade = rescale(max, most);
    sum *= fade;
    value *= fade;
    max = most;
  }
  for (Index j = 0; j < scores.size(); ++j) {
    const T weight = rescale(scores(j), max);
    sum += weight;
    value += weight * V.col(j);
  }
}

template <class T>
void OnlineSoftmax<T>::fold_weight(T weight, ConstFrame<T> v) {
  if (weight == 0) return;
  if (empty()) max = 0;
  const T scaled = weight * std::exp(-max);
  sum += scaled;
  value += scaled * v;
}

template <class T>
void OnlineSoftmax<T>::merge(const OnlineSoftmax& other) {
  if (other.empty()) return;
  const T most = std::max(max, other.max);
  const T mine = empty() ? T(0) : rescale(max, most), theirs = rescale(other.max, most);
  sum = mine * sum + theirs * other.sum;
  value = mine * value + theirs * other.value;
  max = most;
}

template <class T>
void OnlineSoftmax<T>::read(Frame<T> y) const {
  if (empty()) {
    y.setZero();
  } else {
    y = value / sum;
  }
}

template <class T>
void scan(const Threads& threads, ConstFrame<T> scores, ConstSignal<T> V, Signal<T> Y, OnlineSoftmax<T>& state,
          Index part) {
  const Index n = scores.size(), d = state.value.size();
  detail::check_shape("scan", "V", V.rows(), V.cols(), d, n);
  detail::check_shape("scan", "Y", Y.rows(), Y.cols(), d, n);
  if (part < 1) detail::fail("scan", "part must be at least 1", part);
  const Index parts = (n + part - 1) / part;
  const auto first = [&](Index k) { return k * part; };
  const auto count = [&](Index k) { return std::min(part, n - k * part); };

  std::vector<OnlineSoftmax<T>> before(static_cast<std::size_t>(parts + 1), OnlineSoftmax<T>(d));
  threads.each(parts, [&](Index k) {
    before[static_cast<std::size_t>(k + 1)].fold_block(scores.segment(first(k), count(k)),
                                                       V.middleCols(first(k), count(k)));
  });
  before[0] = state;
  for (std::size_t k = 1; k < before.size(); ++k) {
    OnlineSoftmax<T> together = before[k - 1];
    together.merge(before[k]);
    before[k] = together;
  }
  threads.each(parts, [&](Index k) {
    OnlineSoftmax<T> running = before[static_cast<std::size_t>(k)];
    for (Index j = first(k); j < first(k) + count(k); ++j) {
      running.fold(scores(j), V.col(j));
      running.read(Y.col(j));
    }
  });
  state = before.back();
}

template struct OnlineSoftmax<float>;
template struct OnlineSoftmax<double>;
template void scan<float>(const Threads&, ConstFrame<float>, ConstSignal<float>, Signal<float>, OnlineSoftmax<float>&,
                          Index);
template void scan<double>(const Threads&, ConstFrame<double>, ConstSignal<double>, Signal<double>,
                           OnlineSoftmax<double>&, Index);

}  // namespace longstate
