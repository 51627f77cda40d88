#include "legs.hpp"

#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/legs.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

using std::size_t;

template <class T>
using Wide = hn::ScalableTag<T>;
template <class T>
using V = hn::Vec<Wide<T>>;

template <class T>
HWY_INLINE V<T> Reciprocal(V<T> x) {
  const Wide<T> d;
#if HWY_TARGET != HWY_SCALAR
  if constexpr (std::is_same_v<T, float>) {  // one step of Newton's takes the estimate to float's last digit or so
    const V<T> r = hn::ApproximateReciprocal(x);
    return hn::MulAdd(r, hn::NegMulAdd(x, r, hn::Set(d, T(1))), r);
  }
#endif
  return hn::Set(d, T(1)) / x;
}

template <class T>
struct Gbt {
  V<T> alpha, inverse_h, w;

  HWY_INLINE V<T> operator()(V<T> b, V<T> n_1, V<T> x) {
    const V<T> c = Reciprocal<T>(hn::MulAdd(alpha, n_1, inverse_h));
    const V<T> z = hn::Mul(hn::NegMulAdd(n_1, x, hn::Mul(b, w)), c);
    w = hn::NegMulAdd(b, hn::MulAdd(alpha, z, x), w);
    return hn::Add(x, z);
  }
};

template <class T, size_t degree>
struct Taylor {
  V<T> h, w[degree];

  HWY_INLINE V<T> operator()(V<T> b, V<T> n_1, V<T> x) {
    const Wide<T> d;
    const V<T> h_b = hn::Mul(h, b), h_n = hn::Mul(h, n_1);
    V<T> term = x, added = hn::Zero(d);
    T factorial = 1;
    for (size_t j = 0; j < degree; ++j) {
      const V<T> next = hn::NegMulAdd(h_n, term, hn::Mul(h_b, w[j]));
      w[j] = hn::NegMulAdd(b, term, w[j]);
      factorial *= static_cast<T>(j + 1);
      added = hn::MulAdd(next, hn::Set(d, 1 / factorial), added);
      term = next;
    }
    return hn::Add(x, added);
  }
};

template <class T, size_t vectors, class Step>
HWY_INLINE void SweepChannels(const T* b, size_t N, Step* step, T* x, size_t width) {
  const Wide<T> d;
  const size_t W = hn::Lanes(d);
  V<T> n_1 = hn::Set(d, T(1));
  for (size_t n = 0; n < N; ++n, x += width) {
    const V<T> b_n = hn::Set(d, b[n]);
    for (size_t v = 0; v < vectors; ++v) hn::Store(step[v](b_n, n_1, hn::Load(d, x + v * W)), d, x + v * W);
    n_1 = hn::Add(n_1, hn::Set(d, T(1)));
  }
}

/// make(v): the step of vector v. `vectors` go together, so that one's sums need not wait for each other alone.
template <class T, size_t vectors, class Make>
HWY_INLINE void AllChannels(const T* b, size_t N, const Make& make, T* x, size_t width) {
  using Step = decltype(make(size_t{}));
  const size_t W = hn::Lanes(Wide<T>()), count = width / W;
  size_t v = 0;
  for (; v + vectors <= count; v += vectors) {
    Step steps[vectors];
    for (size_t i = 0; i < vectors; ++i) steps[i] = make(v + i);
    SweepChannels<T, vectors>(b, N, steps, x + v * W, width);
  }
  for (; v < count; ++v) {
    Step one = make(v);
    SweepChannels<T, 1>(b, N, &one, x + v * W, width);
  }
}

inline constexpr size_t vectors_of_samples = 2;

/// Lane k of vector v is at entry m - (v W + k).
template <class T, class Step>
HWY_INLINE void SweepSamples(const T* reversed, size_t N, Step* step, T* x) {
  const Wide<T> d;
  const size_t W = hn::Lanes(d), samples = vectors_of_samples * W;
  const T* const b_end = reversed + samples + N - 1;  // of entry 0
  V<T> result[vectors_of_samples], n_1[vectors_of_samples];
  const V<T> zero = hn::Zero(d), one = hn::Set(d, T(1)), last = hn::Set(d, static_cast<T>(N));
  for (size_t v = 0; v < vectors_of_samples; ++v) {
    result[v] = zero;
    n_1[v] = hn::Sub(hn::Set(d, T(1)), hn::Iota(d, static_cast<T>(v * W)));
  }
#if HWY_TARGET != HWY_SCALAR
  const hn::RebindToSigned<Wide<T>> indices;
  using I = hn::TFromD<decltype(indices)>;
  HWY_ALIGN I before[hn::MaxLanes(Wide<T>())];
  for (size_t k = 0; k < W; ++k) before[k] = static_cast<I>((k + W - 1) % W);
  const auto around = hn::SetTableIndices(d, before);
#endif
  const auto first = hn::FirstN(d, 1);
  for (size_t m = 0; m < N + samples - 1; ++m) {
    V<T> turned = hn::Set(d, m < N ? x[m] : T(0));
    for (size_t v = 0; v < vectors_of_samples; ++v) {
#if HWY_TARGET != HWY_SCALAR
      const V<T> own = hn::TableLookupLanes(result[v], around);
#else
      const V<T> own = result[v];
#endif
      const V<T> from = hn::IfThenElse(first, turned, own);
      turned = own;
      // nothing happens before the first entry and after the last, where b and this are zeros
      const V<T> at = hn::IfThenElse(hn::Le(n_1[v], last), hn::Max(n_1[v], zero), zero);
      result[v] = step[v](hn::LoadU(d, b_end - m + v * W), at, from);
      n_1[v] = hn::Add(n_1[v], one);
    }
    if (m + 1 >= samples) {
      const V<T> out = result[vectors_of_samples - 1];
#if HWY_TARGET != HWY_SCALAR
      x[m + 1 - samples] = hn::GetLane(hn::TableLookupLanes(out, around));
#else
      x[m + 1 - samples] = hn::GetLane(out);
#endif
    }
  }
}

template <class T>
void GbtChannels(const T* b, size_t N, T alpha, T inverse_h, const T* u, T* x, size_t width) {
  const Wide<T> d;
  const auto make = [&](size_t v) {
    return Gbt<T>{hn::Set(d, alpha), hn::Set(d, inverse_h), hn::Load(d, u + v * hn::Lanes(d))};
  };
  AllChannels<T, 4>(b, N, make, x, width);
}

template <class T>
void GbtSamples(const T* reversed, size_t N, T alpha, const T* inverse_h, const T* u, T* x) {
  const Wide<T> d;
  Gbt<T> steps[vectors_of_samples];
  for (size_t v = 0; v < vectors_of_samples; ++v) {
    const size_t at = v * hn::Lanes(d);
    steps[v] = {hn::Set(d, alpha), hn::Load(d, inverse_h + at), hn::Load(d, u + at)};
  }
  SweepSamples(reversed, N, steps, x);
}

template <class T, size_t degree>
void TaylorChannels(const T* b, size_t N, T h, const T* w, T* x, size_t width) {
  const Wide<T> d;
  const auto make = [&](size_t v) {
    Taylor<T, degree> step;
    step.h = hn::Set(d, h);
    for (size_t j = 0; j < degree; ++j) {
      step.w[j] = hn::Load(d, w + j * width + v * hn::Lanes(d));
    }
    return step;
  };
  AllChannels<T, (degree <= 6 ? 2 : 1)>(b, N, make, x, width);
}

template <class T, size_t degree>
void TaylorSamples(const T* reversed, size_t N, const T* h, const T* w, T* x) {
  const Wide<T> d;
  const size_t W = hn::Lanes(d);
  Taylor<T, degree> steps[vectors_of_samples];
  for (size_t v = 0; v < vectors_of_samples; ++v) {
    steps[v].h = hn::Load(d, h + v * W);
    for (size_t j = 0; j < degree; ++j) {
      steps[v].w[j] = hn::Load(d, w + (j * vectors_of_samples + v) * W);
    }
  }
  SweepSamples(reversed, N, steps, x);
}

/// run(degree as a constant)
template <size_t degree = 1, class Run>
HWY_INLINE void OfDegree(size_t wanted, const Run& run) {
  if (wanted == degree) {
    run(std::integral_constant<size_t, degree>());
  } else if constexpr (degree < legs_degrees) {
    OfDegree<degree + 1>(wanted, run);
  }
}

template <class T>
void AnyTaylorChannels(const T* b, size_t N, size_t degree, T h, const T* w, T* x, size_t width) {
  OfDegree(degree, [&](auto of) { TaylorChannels<T, of()>(b, N, h, w, x, width); });
}

template <class T>
void AnyTaylorSamples(const T* reversed, size_t N, size_t degree, const T* h, const T* w, T* x) {
  OfDegree(degree, [&](auto of) { TaylorSamples<T, of()>(reversed, N, h, w, x); });
}

template <class T>
const LegsLoops<T>* All() {
  static const LegsLoops<T> all{hn::Lanes(Wide<T>()), vectors_of_samples * hn::Lanes(Wide<T>()),
                                GbtChannels<T>,       AnyTaylorChannels<T>,
                                GbtSamples<T>,        AnyTaylorSamples<T>};
  return &all;
}

}  // namespace

const LegsLoops<float>* LegsFloat() { return All<float>(); }
const LegsLoops<double>* LegsDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(LegsFloat);
HWY_EXPORT(LegsDouble);

template <>
const LegsLoops<float>& legs_loops() {
  return *HWY_DYNAMIC_DISPATCH(LegsFloat)();
}
template <>
const LegsLoops<double>& legs_loops() {
  return *HWY_DYNAMIC_DISPATCH(LegsDouble)();
}

}  // namespace longstate::simd
#endif
