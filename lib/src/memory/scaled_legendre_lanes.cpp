#include "scaled_legendre_lanes.hpp"
#include "../simd/legs.hpp"
#include "../simd/size.hpp"
#include "../simd/transpose.hpp"

#include <algorithm>
#include <cmath>

namespace longstate::detail {
namespace {

using simd::size;

/// The degree of e^z's Taylor polynomial that reaches the precision of T, or more than there are loops for.
template <class T>
Index series_degree(double z) {
  constexpr double least = std::is_same_v<T, float> ? 0x1p-26 : 0x1p-56;
  double next = z * z / 2;  // the first term left out
  Index degree = 1;
  for (; next >= least && degree <= static_cast<Index>(simd::legs_degrees); ++degree) {
    next *= z / static_cast<double>(degree + 2);
  }
  return degree;
}

}  // namespace

template <class T>
ScaledLegendreLanes<T>::ScaledLegendreLanes(const MemoryOptions& options, const HippoOperator<T>& A)
    : options_(options), lines_(intersample(options.method) == Intersample::lines), norm_(A.norm_bound()), b_(A.B()) {
  const auto& loops = simd::legs_loops<T>();
  const Index W = static_cast<Index>(loops.lanes), samples = static_cast<Index>(loops.samples);
  of_channels_ = options.channels >= (W + 1) / 2;
  width_ = of_channels_ ? (options.channels + W - 1) / W * W : samples;
  reversed_.setZero(options.order + 2 * samples);
  reversed_.segment(samples, options.order) = b_.reverse();
  x_.setZero(width_, of_channels_ ? options.order : 0);
  u_.setZero(width_);
  h_.setZero(width_);
  w_.setZero(width_, static_cast<Index>(simd::legs_degrees));
}

template <class T>
Index ScaledLegendreLanes<T>::frames(double t, const ConstSignal<T>& u) const {
  if (!(t > 0)) return 0;
  if (is_exact() && degree_at(t) > static_cast<Index>(simd::legs_degrees)) return 0;
  const Index most = of_channels_ ? std::min<Index>(u.cols(), 64) : width_;
  if (u.cols() < most) return 0;
  return u.leftCols(most).allFinite() ? most : 0;
}

template <class T>
Index ScaledLegendreLanes<T>::degree_at(double t) const {
  return series_degree<T>(norm_ * std::log1p(options_.dt / t));
}

/// h^(j-1) times the (j-1)-th derivative, in log time, of the line from `first` to `last` that starts at t, j = 1 … degree.
/// (The line is exponential in log time: from the first on its derivatives are all alike.)
template <class T>
void ScaledLegendreLanes<T>::set_series(Index lane, Index degree, double t, T first, T last) {
  const T h = h_(lane);
  w_(lane, 0) = lines_ ? first : last;
  T derivative = lines_ ? static_cast<T>(t / options_.dt) * (last - first) : T(0);
  for (Index j = 1; j < degree; ++j) {
    derivative *= h;
    w_(lane, j) = derivative;
  }
}

template <class T>
void ScaledLegendreLanes<T>::advance(double t, const Vector<T>& previous, const ConstSignal<T>& u, State<T>& x) {
  if (of_channels_) return advance_channels(t, previous, u, x);
  for (Index c = 0; c < options_.channels; ++c) advance_samples(t, previous, u, c, x.col(c).data());
}

template <class T>
void ScaledLegendreLanes<T>::advance_channels(double start, const Vector<T>& previous, const ConstSignal<T>& u,
                                              State<T>& x) {
  const auto& loops = simd::legs_loops<T>();
  const T alpha = is_exact() ? T(0) : static_cast<T>(gbt_alpha(options_.method, options_.alpha));
  simd::to_frames(x.data(), size(options_.order), size(options_.channels), size(options_.order), x_.data(),
                  size(width_));
  for (Index k = 0; k < u.cols(); ++k) {
    const double t = start + static_cast<double>(k) * options_.dt;
    if (is_exact()) {
      const Index degree = degree_at(t);
      h_.setConstant(static_cast<T>(std::log1p(options_.dt / t)));
      for (Index c = 0; c < options_.channels; ++c) {
        set_series(c, degree, t, k == 0 ? previous(c) : u(c, k - 1), u(c, k));
      }
      loops.taylor(b_.data(), size(options_.order), size(degree), h_(0), w_.data(), x_.data(), size(width_));
    } else {
      u_.head(options_.channels) = u.col(k);
      loops.gbt(b_.data(), size(options_.order), alpha, static_cast<T>((t + options_.dt) / options_.dt), u_.data(),
                x_.data(), size(width_));
    }
  }
  simd::to_rows(x_.data(), size(width_), size(options_.channels), size(options_.order), x.data(), size(options_.order));
}

template <class T>
void ScaledLegendreLanes<T>::advance_samples(double start, const Vector<T>& previous, const ConstSignal<T>& u, Index c,
                                             T* x) {
  const auto& loops = simd::legs_loops<T>();
  const Index degree = is_exact() ? degree_at(start) : 0;
  for (Index k = 0; k < width_; ++k) {
    const double t = start + static_cast<double>(k) * options_.dt;
    if (is_exact()) {
      h_(k) = static_cast<T>(std::log1p(options_.dt / t));
      set_series(k, degree, t, k == 0 ? previous(c) : u(c, k - 1), u(c, k));
    } else {
      u_(k) = u(c, k);
      h_(k) = static_cast<T>((t + options_.dt) / options_.dt);
    }
  }
  if (is_exact()) {
    loops.taylor_samples(reversed_.data(), size(options_.order), size(degree), h_.data(), w_.data(), x);
  } else {
    const T alpha = static_cast<T>(gbt_alpha(options_.method, options_.alpha));
    loops.gbt_samples(reversed_.data(), size(options_.order), alpha, h_.data(), u_.data(), x);
  }
}

template class ScaledLegendreLanes<float>;
template class ScaledLegendreLanes<double>;

}  // namespace longstate::detail
