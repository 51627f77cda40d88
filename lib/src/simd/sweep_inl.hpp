// Numbers, tables and rows of sweep.cpp and sweep_scan.cpp, compiled again for each instruction set (Highway's way of guarding it).
#if defined(LONGSTATE_SIMD_SWEEP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef LONGSTATE_SIMD_SWEEP_INL_HPP
#undef LONGSTATE_SIMD_SWEEP_INL_HPP
#else
#define LONGSTATE_SIMD_SWEEP_INL_HPP
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

using std::size_t;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using V = hn::Vec<Tag<T>>;

/// A real or complex number in each lane.
template <class T, size_t planes>
struct Number {
  V<T> part[planes];
};

template <class T, size_t planes>
HWY_INLINE Number<T, planes> Zero() {
  Number<T, planes> zero;
  for (V<T>& part : zero.part) part = hn::Zero(Tag<T>());
  return zero;
}

/// a b + c
template <class T>
HWY_INLINE Number<T, 1> MulAdd(const Number<T, 1>& a, const Number<T, 1>& b, const Number<T, 1>& c) {
  return {{hn::MulAdd(a.part[0], b.part[0], c.part[0])}};
}
template <class T>
HWY_INLINE Number<T, 2> MulAdd(const Number<T, 2>& a, const Number<T, 2>& b, const Number<T, 2>& c) {
  return {{hn::NegMulAdd(a.part[1], b.part[1], hn::MulAdd(a.part[0], b.part[0], c.part[0])),
           hn::MulAdd(a.part[1], b.part[0], hn::MulAdd(a.part[0], b.part[1], c.part[1]))}};
}
/// c - a b
template <class T>
HWY_INLINE Number<T, 1> NegMulAdd(const Number<T, 1>& a, const Number<T, 1>& b, const Number<T, 1>& c) {
  return {{hn::NegMulAdd(a.part[0], b.part[0], c.part[0])}};
}
template <class T>
HWY_INLINE Number<T, 2> NegMulAdd(const Number<T, 2>& a, const Number<T, 2>& b, const Number<T, 2>& c) {
  return {{hn::MulAdd(a.part[1], b.part[1], hn::NegMulAdd(a.part[0], b.part[0], c.part[0])),
           hn::NegMulAdd(a.part[1], b.part[0], hn::NegMulAdd(a.part[0], b.part[1], c.part[1]))}};
}
/// a b + c for a real a
template <class T, size_t planes>
HWY_INLINE Number<T, planes> MulAdd(V<T> a, const Number<T, planes>& b, const Number<T, planes>& c) {
  Number<T, planes> sum;
  for (size_t i = 0; i < planes; ++i) sum.part[i] = hn::MulAdd(a, b.part[i], c.part[i]);
  return sum;
}
/// a b for a real b
template <class T, size_t planes>
HWY_INLINE Number<T, planes> Mul(const Number<T, planes>& a, V<T> b) {
  Number<T, planes> product;
  for (size_t i = 0; i < planes; ++i) product.part[i] = hn::Mul(a.part[i], b);
  return product;
}

/// Coefficient i of the table at p, in every lane or one for each.
template <class T, bool own>
HWY_INLINE V<T> At(const T* p, size_t i) {
  const Tag<T> d;
  if constexpr (own) return hn::Load(d, p + i * hn::Lanes(d));
  return hn::Set(d, p[i]);
}
template <class T, bool own, size_t planes>
HWY_INLINE Number<T, planes> NumberAt(const T* p, size_t i) {
  Number<T, planes> number;
  for (size_t k = 0; k < planes; ++k) number.part[k] = At<T, own>(p, i + k);
  return number;
}

/// The increment of a HiPPO factor, in the rows after x: real or complex, and with the complex ones what rounding took.
template <class T, size_t planes, size_t vectors>
struct Row {
  static constexpr size_t parts = 1 + (planes == 1 ? 1 : 3);
  T* p;

  HWY_INLINE T* At(size_t part, size_t v) const {
    const size_t W = hn::Lanes(Tag<T>());
    return p + (part * vectors + v) * W;
  }
  HWY_INLINE V<T> Load(size_t part, size_t v) const { return hn::Load(Tag<T>(), At(part, v)); }
  HWY_INLINE void Store(size_t part, size_t v, V<T> value) const { hn::Store(value, Tag<T>(), At(part, v)); }
  HWY_INLINE Number<T, planes> Increment(size_t v) const {
    Number<T, planes> number;
    for (size_t i = 0; i < planes; ++i) number.part[i] = Load(1 + i, v);
    return number;
  }
  HWY_INLINE void SetIncrement(size_t v, const Number<T, planes>& number) const {
    for (size_t i = 0; i < planes; ++i) Store(1 + i, v, number.part[i]);
  }

  /// x + Re(w r), and with `last` + B u: the state after a factor.
  template <bool last>
  HWY_INLINE V<T> Advance(size_t v, const Number<T, planes>& r, const T* weight, V<T> B, V<T> u) const {
    const Tag<T> d;
    V<T> x = Load(0, v);
    if constexpr (planes == 1) {
      x = hn::Add(x, r.part[0]);
    } else {  // 10^6 sub-steps would round it the same way each time
      const V<T> real = hn::MulAdd(hn::Set(d, weight[0]), r.part[0], Load(3, v));
      const V<T> more = hn::NegMulAdd(hn::Set(d, weight[1]), r.part[1], real);
      const V<T> sum = hn::Add(x, more);
      Store(3, v, last ? hn::Zero(d) : hn::Sub(more, hn::Sub(sum, x)));
      x = sum;
    }
    if constexpr (last) x = hn::MulAdd(B, u, x);
    Store(0, v, x);
    return x;
  }
};

}  // namespace
}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
