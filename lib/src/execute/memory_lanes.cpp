// Even steps of legs in the lanes of vectors: of channels where there are enough, else of samples.

#include "../detail/denormals.hpp"
#include "../simd/legs.hpp"
#include "../simd/size.hpp"
#include "../simd/transpose.hpp"
#include "memory_design.hpp"

#include <longstate/execute/memory.hpp>

#include <algorithm>
#include <cmath>

namespace longstate {
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
void Memory<T>::prepare_lanes() {
  const auto& loops = simd::legs_loops<T>();
  const Index W = static_cast<Index>(loops.lanes), samples = static_cast<Index>(loops.samples);
  constexpr Index degrees = static_cast<Index>(simd::legs_degrees);
  LegsLanes& lanes = *lanes_;
  lanes.of_channels = channels() >= (W + 1) / 2;
  lanes.width = lanes.of_channels ? (channels() + W - 1) / W * W : samples;
  lanes.b = design_->legs->B();
  lanes.reversed.setZero(order() + 2 * samples);
  lanes.reversed.segment(samples, order()) = lanes.b.reverse();
  lanes.x.setZero(lanes.width, lanes.of_channels ? order() : 0);
  lanes.u.setZero(lanes.width);
  lanes.h.setZero(lanes.width);
  lanes.w.setZero(lanes.width, degrees);
}

/// The frames of u, from the first on, that lanes can take: how many.
template <class T>
Index Memory<T>::frames_for_lanes(ConstSignal<T> u) const {
  if (!lanes_ || samples_ == 0 || !(elapsed() > 0)) return 0;
  if (design_->exact && degree_at(elapsed()) > static_cast<Index>(simd::legs_degrees)) return 0;
  const Index most = lanes_->of_channels ? std::min<Index>(u.cols(), 64) : lanes_->width;
  if (u.cols() < most) return 0;
  return u.leftCols(most).allFinite() ? most : 0;
}

template <class T>
Index Memory<T>::degree_at(double t) const {
  return series_degree<T>(design_->norm * std::log1p(options_.dt / t));
}

/// h^(j-1) times the (j-1)-th derivative, in log time, of the line from `first` to `last` that starts at t, j = 1 … degree.
/// (The line is exponential in log time: from the first on its derivatives are all alike.)
template <class T>
void Memory<T>::set_series(Index lane, Index degree, double t, T first, T last) {
  const T h = lanes_->h(lane);
  lanes_->w(lane, 0) = design_->lines ? first : last;
  T derivative = design_->lines ? static_cast<T>(t / options_.dt) * (last - first) : T(0);
  for (Index j = 1; j < degree; ++j) {
    derivative *= h;
    lanes_->w(lane, j) = derivative;
  }
}

template <class T>
void Memory<T>::push_in_lanes(ConstSignal<T> u) {
  const detail::NoDenormals guard;
  if (lanes_->of_channels) {
    push_in_channels(u);
  } else {
    for (Index c = 0; c < channels(); ++c) push_samples(u, c);
  }
  previous_ = u.col(u.cols() - 1);
  samples_ += u.cols();
  even_steps_ += u.cols();
}

template <class T>
void Memory<T>::push_in_channels(ConstSignal<T> u) {
  const auto& loops = simd::legs_loops<T>();
  LegsLanes& l = *lanes_;
  const T alpha = design_->exact ? T(0) : static_cast<T>(gbt_alpha(options_.method, options_.alpha));
  simd::to_frames(x_.data(), size(order()), size(channels()), size(order()), l.x.data(), size(l.width));
  for (Index k = 0; k < u.cols(); ++k) {
    const double t = elapsed() + static_cast<double>(k) * options_.dt;
    if (design_->exact) {
      const Index degree = degree_at(t);
      l.h.setConstant(static_cast<T>(std::log1p(options_.dt / t)));
      for (Index c = 0; c < channels(); ++c) {
        set_series(c, degree, t, k == 0 ? previous_(c) : u(c, k - 1), u(c, k));
      }
      loops.taylor(l.b.data(), size(order()), size(degree), l.h(0), l.w.data(), l.x.data(), size(l.width));
    } else {
      l.u.head(channels()) = u.col(k);
      loops.gbt(l.b.data(), size(order()), alpha, static_cast<T>((t + options_.dt) / options_.dt), l.u.data(),
                l.x.data(), size(l.width));
    }
  }
  simd::to_rows(l.x.data(), size(l.width), size(channels()), size(order()), x_.data(), size(order()));
}

template <class T>
void Memory<T>::push_samples(ConstSignal<T> u, Index c) {
  const auto& loops = simd::legs_loops<T>();
  LegsLanes& l = *lanes_;
  const Index degree = design_->exact ? degree_at(elapsed()) : 0;
  for (Index k = 0; k < l.width; ++k) {
    const double t = elapsed() + static_cast<double>(k) * options_.dt;
    if (design_->exact) {
      l.h(k) = static_cast<T>(std::log1p(options_.dt / t));
      set_series(k, degree, t, k == 0 ? previous_(c) : u(c, k - 1), u(c, k));
    } else {
      l.u(k) = u(c, k);
      l.h(k) = static_cast<T>((t + options_.dt) / options_.dt);
    }
  }
  T* const x = x_.col(c).data();
  if (design_->exact) {
    loops.taylor_samples(l.reversed.data(), size(order()), size(degree), l.h.data(), l.w.data(), x);
  } else {
    const T alpha = static_cast<T>(gbt_alpha(options_.method, options_.alpha));
    loops.gbt_samples(l.reversed.data(), size(order()), alpha, l.h.data(), l.u.data(), x);
  }
}

template void Memory<float>::prepare_lanes();
template Index Memory<float>::frames_for_lanes(ConstSignal<float>) const;
template Index Memory<float>::degree_at(double) const;
template void Memory<float>::set_series(Index, Index, double, float, float);
template void Memory<float>::push_in_lanes(ConstSignal<float>);
template void Memory<float>::push_in_channels(ConstSignal<float>);
template void Memory<float>::push_samples(ConstSignal<float>, Index);
template void Memory<double>::prepare_lanes();
template Index Memory<double>::frames_for_lanes(ConstSignal<double>) const;
template Index Memory<double>::degree_at(double) const;
template void Memory<double>::set_series(Index, Index, double, double, double);
template void Memory<double>::push_in_lanes(ConstSignal<double>);
template void Memory<double>::push_in_channels(ConstSignal<double>);
template void Memory<double>::push_samples(ConstSignal<double>, Index);

}  // namespace longstate
