#include "negacyclic.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/negacyclic.cpp"  // this file, compiled again for each instruction set
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

template <class T>
using Tag = hn::CappedTag<T, strip>;

/// Complex numbers, one a lane.
template <class T>
struct Lanes {
  hn::Vec<Tag<T>> re, im;
};

template <class T>
HWY_INLINE Lanes<T> Load(const std::complex<T>* from) {
  Lanes<T> z;
  hn::LoadInterleaved2(Tag<T>(), reinterpret_cast<const T*>(from), z.re, z.im);
  return z;
}
template <class T>
HWY_INLINE void Store(Lanes<T> z, std::complex<T>* to) {
  hn::StoreInterleaved2(z.re, z.im, Tag<T>(), reinterpret_cast<T*>(to));
}
template <class T>
HWY_INLINE Lanes<T> Broadcast(std::complex<T> z) {
  return {hn::Set(Tag<T>(), z.real()), hn::Set(Tag<T>(), z.imag())};
}
template <class T>
HWY_INLINE Lanes<T> Multiply(Lanes<T> a, Lanes<T> b) {
  return {hn::NegMulAdd(a.im, b.im, hn::Mul(a.re, b.re)), hn::MulAdd(a.im, b.re, hn::Mul(a.re, b.im))};
}
template <class T>
HWY_INLINE Lanes<T> MultiplyConjugate(Lanes<T> a, Lanes<T> b) {
  return {hn::MulAdd(a.im, b.im, hn::Mul(a.re, b.re)), hn::NegMulAdd(a.re, b.im, hn::Mul(a.im, b.re))};
}

/// Rows of a wide array lie too far apart for the machine to see them coming.
template <class V>
HWY_INLINE void FetchAhead(const V* array, std::size_t stride, std::size_t r, std::size_t rows) {
  constexpr std::size_t ahead = 16;
  if (stride == strip) return;
  const char* const row = reinterpret_cast<const char*>(array + std::min(r + ahead, rows - 1) * stride);
  for (std::size_t line = 0; line < strip * sizeof(V); line += 64) hwy::Prefetch(row + line);
}

template <class T>
struct Loops {
  using C = std::complex<T>;

  static void Pack(const T* low, const T* high, std::size_t stride, std::size_t rows, const C* first, const C* second,
                   C* z) {
    const Tag<T> d;
    for (std::size_t r = 0; r < rows; ++r) {
      const Lanes<T> row = Broadcast(first[r]);
      FetchAhead(low, stride, r, rows);
      for (std::size_t j = 0; j < strip; j += hn::Lanes(d)) {
        const Lanes<T> factor = Multiply(row, Load(second + j));
        const auto x = hn::LoadU(d, low + r * stride + j);
        const Lanes<T> result = high ? Multiply({x, hn::LoadU(d, high + r * stride + j)}, factor)
                                     : Lanes<T>{hn::Mul(x, factor.re), hn::Mul(x, factor.im)};
        Store(result, z + r * strip + j);
      }
    }
  }

  static void Unpack(const C* z, std::size_t rows, const C* first, const C* second, T* low, T* high,
                     std::size_t stride) {
    const Tag<T> d;
    for (std::size_t r = 0; r < rows; ++r) {
      const Lanes<T> row = Broadcast(first[r]);
      FetchAhead(low, stride, r, rows);
      FetchAhead(high, stride, r, rows);
      for (std::size_t j = 0; j < strip; j += hn::Lanes(d)) {
        const Lanes<T> x = MultiplyConjugate(Load(z + r * strip + j), Multiply(row, Load(second + j)));
        hn::StoreU(x.re, d, low + r * stride + j);
        hn::StoreU(x.im, d, high + r * stride + j);
      }
    }
  }

  static void Twist(const C* z, std::size_t rows, const C* first, const C* second, C* out, std::size_t stride) {
    for (std::size_t r = 0; r < rows; ++r) {
      const Lanes<T> row = Broadcast(first[r]);
      FetchAhead(out, stride, r, rows);
      for (std::size_t j = 0; j < strip; j += hn::Lanes(Tag<T>())) {
        const Lanes<T> factor = Multiply(row, Load(second + r * strip + j));
        Store(Multiply(Load(z + r * strip + j), factor), out + r * stride + j);
      }
    }
  }

  static void Untwist(const C* in, std::size_t stride, std::size_t rows, const C* first, const C* second, C* z) {
    for (std::size_t r = 0; r < rows; ++r) {
      const Lanes<T> row = Broadcast(first[r]);
      FetchAhead(in, stride, r, rows);
      for (std::size_t j = 0; j < strip; j += hn::Lanes(Tag<T>())) {
        const Lanes<T> factor = Multiply(row, Load(second + r * strip + j));
        Store(MultiplyConjugate(Load(in + r * stride + j), factor), z + r * strip + j);
      }
    }
  }

  static void Product(C* z, const C* factor, std::size_t count) {
    for (std::size_t k = 0; k < count; k += hn::Lanes(Tag<T>())) Store(Multiply(Load(z + k), Load(factor + k)), z + k);
  }

  static const NegacyclicLoops<T>* All() {
    static constexpr NegacyclicLoops<T> all{Pack, Unpack, Twist, Untwist, Product};
    return &all;
  }
};

}  // namespace

const NegacyclicLoops<float>* NegacyclicFloat() { return Loops<float>::All(); }
const NegacyclicLoops<double>* NegacyclicDouble() { return Loops<double>::All(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(NegacyclicFloat);
HWY_EXPORT(NegacyclicDouble);

template <>
const NegacyclicLoops<float>& negacyclic_loops() {
  return *HWY_DYNAMIC_DISPATCH(NegacyclicFloat)();
}
template <>
const NegacyclicLoops<double>& negacyclic_loops() {
  return *HWY_DYNAMIC_DISPATCH(NegacyclicDouble)();
}

}  // namespace longstate::simd
#endif
