#pragma once

// Even steps of legs in the lanes of vectors: of channels where there are enough, else of samples.

#include "../detail/aligned.hpp"

#include <longstate/execute/memory.hpp>
#include <longstate/hippo/operators.hpp>

namespace longstate::detail {

template <class T>
class ScaledLegendreLanes {
 public:
  ScaledLegendreLanes(const MemoryOptions& options, const HippoOperator<T>& A);

  /// How many of the frames of u, from the first on, go together: none where there are too few, a step takes more than the loops can, or a
  /// sample is not finite. They come options.dt after each other, the first options.dt after t.
  Index frames(double t, const ConstSignal<T>& u) const;

  /// All frames of u, as many as frames() says. `previous`: the frame at t.
  void advance(double t, const Vector<T>& previous, const ConstSignal<T>& u, State<T>& x);

 private:
  bool is_exact() const { return !is_gbt(options_.method); }
  Index degree_at(double t) const;
  void set_series(Index lane, Index degree, double t, T first, T last);
  void advance_channels(double start, const Vector<T>& previous, const ConstSignal<T>& u, State<T>& x);
  void advance_samples(double start, const Vector<T>& previous, const ConstSignal<T>& u, Index channel, T* x);

  MemoryOptions options_;
  bool lines_;  // foh
  double norm_;
  bool of_channels_;  // else of samples
  Index width_;       // lanes: channels, padded, or samples
  AlignedVector<T> b_, reversed_;
  AlignedVector<T> u_, h_;  // of each lane; with the published updates 1/h
  Aligned<T> x_;            // width x N
  Aligned<T> w_;            // width x degrees
};

extern template class ScaledLegendreLanes<float>;
extern template class ScaledLegendreLanes<double>;

}  // namespace longstate::detail
