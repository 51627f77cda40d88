#include "diagonal_step.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/diagonal_step.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

/// At most half a line of the cache: a state lies at any address, and a vector of a whole line would reach into two.
template <class T>
using Tag = hn::CappedTag<T, step_bytes / sizeof(T)>;
template <class T>
using V = hn::Vec<Tag<T>>;

/// A table has both numbers of an entry in a vector, also where the machine has vectors of one.
template <class T>
std::size_t StepLanes() {
  return std::max<std::size_t>(hn::Lanes(Tag<T>()), 2);
}

/// A vector that lies across two lines of the cache costs twice, and a store from which the next sample loads more. Of a state at an odd
/// multiple of half a vector, as memory of malloc is, every second one does so: halves do not.
template <class T, bool halves>
HWY_INLINE V<T> LoadState(const T* from) {
  const Tag<T> d;
#if HWY_TARGET != HWY_SCALAR
  if constexpr (halves) {
    const hn::Half<Tag<T>> half;
    return hn::Combine(d, hn::LoadU(half, from + hn::Lanes(half)), hn::LoadU(half, from));
  }
#endif
  return hn::LoadU(d, from);
}

template <class T, bool halves>
HWY_INLINE void StoreState(V<T> x, T* to) {
  const Tag<T> d;
#if HWY_TARGET != HWY_SCALAR
  if constexpr (halves) {
    const hn::Half<Tag<T>> half;
    hn::StoreU(hn::LowerHalf(half, x), half, to);
    hn::StoreU(hn::UpperHalf(half, x), half, to + hn::Lanes(half));
    return;
  }
#endif
  hn::StoreU(x, d, to);
}

template <class T>
bool HalvesFit(const T* x, std::size_t x_stride, std::size_t copies) {
  constexpr std::size_t half = step_bytes / 2;
  if (hn::Lanes(Tag<T>()) * sizeof(T) < step_bytes) return false;
  return reinterpret_cast<std::uintptr_t>(x) % step_bytes == half &&
         (copies == 1 || x_stride * sizeof(T) % step_bytes == 0);
}

/// The system's table, or its twin: that which no number of the state lies beside.
template <class T>
HWY_INLINE const T* TableApart(const DiagonalFrames<T>& s, std::size_t system, const T* x) {
  const T* const table = s.table + system * s.stride;
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(x + 2 * s.entries);
  return (end - reinterpret_cast<std::uintptr_t>(table)) % page_bytes < page_bytes / 2 ? table + s.twin : table;
}

/// A vector of entries: x to the next sample; what the output reads of it is added to y.
template <class T, bool control>
HWY_INLINE V<T> Advance(const T* HWY_RESTRICT table, V<T> x, V<T> u, V<T>& y) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  const V<T> turned = hn::Reverse2(d, x), c = hn::Load(d, table + 3 * W);
  V<T> next = hn::Mul(hn::Load(d, table + 2 * W), u);  // what is small first
  if constexpr (keeps_rest<T>) {
    next = hn::MulAdd(hn::Load(d, table + 4 * W), x, next);
    next = hn::MulAdd(hn::Load(d, table + 5 * W), turned, next);
  }
  next = hn::MulAdd(hn::Load(d, table + W), turned, next);
  next = hn::MulAdd(hn::Load(d, table), x, next);
  y = hn::MulAdd(c, control ? x : next, y);
  return next;
}

/// Entries one after the other, from a table of vectors of `lanes` numbers: where a vector holds one number, and where entries do not fill
/// one. (To take a part of a vector by a copy of it waits for its stores, longer than this.)
template <class T, bool control>
T StepPairs(const T* table, std::size_t lanes, std::size_t numbers, T u, T* x) {
  T y = 0;
  for (std::size_t n = 0; n < numbers; n += 2) {
    const T* const of = table + n / lanes * lanes * step_numbers<T> + n % lanes;
    const T before[2] = {x[n], x[n + 1]};
    for (std::size_t i = 0; i < 2; ++i) {
      T along = of[2 * lanes + i] * u, across = 0;
      if constexpr (keeps_rest<T>) {
        along += of[4 * lanes + i] * before[i];
        across = of[5 * lanes + i] * before[1 - i];
      }
      x[n + i] = (along + of[i] * before[i]) + (across + of[lanes + i] * before[1 - i]);
      y += of[3 * lanes + i] * (control ? before[i] : x[n + i]);
    }
  }
  return y;
}

/// What two vectors at a time leave, the last perhaps a part of one. Apart, so that whoever has none of it pays nothing for it.
template <class T, bool control, bool halves>
HWY_NOINLINE T StepRest(const T* HWY_RESTRICT table, std::size_t numbers, T u, T* HWY_RESTRICT x) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  V<T> y = hn::Zero(d);
  std::size_t n = 0;
  if (W <= numbers) {
    StoreState<T, halves>(Advance<T, control>(table, LoadState<T, halves>(x), hn::Set(d, u), y), x);
    n = W;
    if (n == numbers) return hn::GetLane(hn::SumOfLanes(d, y));
  }
  return hn::GetLane(hn::SumOfLanes(d, y)) +
         StepPairs<T, control>(table + n * step_numbers<T>, W, numbers - n, u, x + n);
}

template <class T, bool control, bool halves>
HWY_INLINE T StepCopy(const T* HWY_RESTRICT table, std::size_t numbers, T u, T* HWY_RESTRICT x) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d), size = step_numbers<T> * W;
  if (W < 2) return StepPairs<T, control>(table, 2, numbers, u, x);
  const V<T> in = hn::Set(d, u);
  V<T> y0 = hn::Zero(d), y1 = hn::Zero(d);
  std::size_t n = 0;
  for (; n + 2 * W <= numbers; n += 2 * W, table += 2 * size) {
    StoreState<T, halves>(Advance<T, control>(table, LoadState<T, halves>(x + n), in, y0), x + n);
    StoreState<T, halves>(Advance<T, control>(table + size, LoadState<T, halves>(x + n + W), in, y1), x + n + W);
  }
  const T y = hn::GetLane(hn::SumOfLanes(d, hn::Add(y0, y1)));
  return n < numbers ? y + StepRest<T, control, halves>(table, numbers - n, u, x + n) : y;
}

template <class T, bool control, bool halves>
void StepCopies(const DiagonalFrames<T>& s, const T* u, T* HWY_RESTRICT y, T* x, std::size_t x_stride) {
  const std::size_t numbers = 2 * s.entries;
  for (std::size_t c = 0, system = 0; c < s.copies; ++c, system = system + 1 == s.systems ? 0 : system + 1) {
    T* const state = x + c * x_stride;
    y[c] = StepCopy<T, control, halves>(TableApart(s, system, state), numbers, u[c], state) + s.D[system] * u[c];
  }
}

template <class T, bool control>
void StepAligned(const DiagonalFrames<T>& s, const T* u, T* y, T* x, std::size_t x_stride) {
  HalvesFit(x, x_stride, s.copies) ? StepCopies<T, control, true>(s, u, y, x, x_stride)
                                   : StepCopies<T, control, false>(s, u, y, x, x_stride);
}

template <class T>
void Step(const DiagonalFrames<T>& s, const T* u, T* y, T* x, std::size_t x_stride) {
  s.control ? StepAligned<T, true>(s, u, y, x, x_stride) : StepAligned<T, false>(s, u, y, x, x_stride);
}

template <class T>
const DiagonalStep<T>* All() {
  static const DiagonalStep<T> all{StepLanes<T>(), Step<T>};
  return &all;
}

}  // namespace

const DiagonalStep<float>* DiagonalStepFloat() { return All<float>(); }
const DiagonalStep<double>* DiagonalStepDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(DiagonalStepFloat);
HWY_EXPORT(DiagonalStepDouble);

template <>
const DiagonalStep<float>& diagonal_step() {
  return *HWY_DYNAMIC_DISPATCH(DiagonalStepFloat)();
}
template <>
const DiagonalStep<double>& diagonal_step() {
  return *HWY_DYNAMIC_DISPATCH(DiagonalStepDouble)();
}

}  // namespace longstate::simd
#endif
