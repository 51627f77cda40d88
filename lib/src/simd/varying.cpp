#include "varying.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/varying.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// after highway.h
#include <hwy/contrib/math/math-inl.h>

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

template <class T>
using Tag = hn::ScalableTag<T>;

// ---- complex numbers as (re, im) in neighbouring lanes

#if HWY_TARGET == HWY_SCALAR  // no pairs in a vector of one: two of them
template <class T>
using One = hn::ScalableTag<T>;

template <class D>
struct Complex {
  using T = hn::TFromD<D>;
  hn::Vec<D> re, im;
  static std::size_t rows() { return 1; }
  static Complex constant(T value) { return {hn::Set(D(), value), hn::Zero(D())}; }
  static Complex load(const std::complex<T>* from) { return {hn::Set(D(), from->real()), hn::Set(D(), from->imag())}; }
  void store(std::complex<T>* to) const { *to = {hn::GetLane(re), hn::GetLane(im)}; }
};
/// a x + b
template <class D>
Complex<D> MulAdd(Complex<D> a, Complex<D> x, Complex<D> b) {
  return {hn::NegMulAdd(a.im, x.im, hn::MulAdd(a.re, x.re, b.re)),
          hn::MulAdd(a.im, x.re, hn::MulAdd(a.re, x.im, b.im))};
}
#else
template <class T>
using One = hn::CappedTag<T, 2>;  // a vector of one number

template <class D>
struct Complex {
  using T = hn::TFromD<D>;
  hn::Vec<D> v;
  static HWY_INLINE std::size_t rows() { return hn::Lanes(D()) / 2; }
  static HWY_INLINE Complex constant(T value) { return {hn::OddEven(hn::Zero(D()), hn::Set(D(), value))}; }
  static HWY_INLINE Complex load(const std::complex<T>* from) {
    return {hn::LoadU(D(), reinterpret_cast<const T*>(from))};
  }
  HWY_INLINE void store(std::complex<T>* to) const { hn::StoreU(v, D(), reinterpret_cast<T*>(to)); }
};
/// a x + b
template <class D>
HWY_INLINE Complex<D> MulAdd(Complex<D> a, Complex<D> x, Complex<D> b) {
  const auto across = hn::Mul(hn::DupOdd(a.v), hn::Reverse2(D(), x.v));
  return {hn::Add(hn::MulAdd(hn::DupEven(a.v), x.v, b.v), hn::OddEven(across, hn::Neg(across)))};
}
#endif

/// All rows by part(complex numbers of a vector, vectors, first row): four vectors at a time, whose chains of sums hide each
/// other's latency, then one, then numbers one at a time.
template <class T, class Part>
HWY_INLINE void EachRows(std::size_t rows, const Part& part) {
  using Many = Complex<Tag<T>>;
  using Single = Complex<One<T>>;
  std::size_t row = 0;
  for (; row + 4 * Many::rows() <= rows; row += 4 * Many::rows())
    part(Many(), std::integral_constant<std::size_t, 4>(), row);
  for (; row + Many::rows() <= rows; row += Many::rows()) part(Many(), std::integral_constant<std::size_t, 1>(), row);
  for (; row < rows; ++row) part(Single(), std::integral_constant<std::size_t, 1>(), row);
}

template <class T>
void Scan(const std::complex<T>* a, std::size_t a_stride, std::complex<T>* b, std::size_t b_stride, std::size_t rows,
          std::size_t n, std::complex<T>* x) {
  EachRows<T>(rows, [=]<class C, std::size_t vectors>(C, std::integral_constant<std::size_t, vectors>,
                                                      std::size_t row) HWY_ATTR {
    C state[vectors];
    for (std::size_t v = 0; v < vectors; ++v) state[v] = C::load(x + row + v * C::rows());
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t v = 0; v < vectors; ++v) {
        const std::size_t at = row + v * C::rows();
        state[v] = MulAdd(C::load(a + k * a_stride + at), state[v], C::load(b + k * b_stride + at));
        state[v].store(b + k * b_stride + at);
      }
    }
    for (std::size_t v = 0; v < vectors; ++v) state[v].store(x + row + v * C::rows());
  });
}

template <class T>
void ScanProducts(std::complex<T>* a, std::size_t a_stride, std::complex<T>* b, std::size_t b_stride, std::size_t rows,
                  std::size_t n) {
  EachRows<T>(rows, [=]<class C, std::size_t vectors>(C, std::integral_constant<std::size_t, vectors>, std::size_t row)
                        HWY_ATTR {
                          C state[vectors], product[vectors];
                          for (std::size_t v = 0; v < vectors; ++v) {
                            state[v] = C::constant(0);
                            product[v] = C::constant(1);
                          }
                          for (std::size_t k = 0; k < n; ++k) {
                            for (std::size_t v = 0; v < vectors; ++v) {
                              const std::size_t at = row + v * C::rows();
                              const C step = C::load(a + k * a_stride + at);
                              state[v] = MulAdd(step, state[v], C::load(b + k * b_stride + at));
                              product[v] = MulAdd(step, product[v], C::constant(0));
                              state[v].store(b + k * b_stride + at);
                              product[v].store(a + k * a_stride + at);
                            }
                          }
                        });
}

template <class T>
void AddFrom(const std::complex<T>* a, std::size_t a_stride, std::complex<T>* b, std::size_t b_stride, std::size_t rows,
             std::size_t n, const std::complex<T>* x) {
  EachRows<T>(rows, [=]<class C, std::size_t vectors>(C, std::integral_constant<std::size_t, vectors>,
                                                      std::size_t row) HWY_ATTR {
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t at = row + v * C::rows();
      const C state = C::load(x + at);
      for (std::size_t k = 0; k < n; ++k) {
        MulAdd(C::load(a + k * a_stride + at), state, C::load(b + k * b_stride + at)).store(b + k * b_stride + at);
      }
    }
  });
}

// ---- steps, with real and imaginary parts in vectors of their own

using D = Tag<double>;
using V = hn::Vec<D>;

HWY_INLINE void LoadParts(const std::complex<double>* from, V& re, V& im) {
#if HWY_TARGET == HWY_SCALAR
  re = hn::Set(D(), from->real());
  im = hn::Set(D(), from->imag());
#else
  hn::LoadInterleaved2(D(), reinterpret_cast<const double*>(from), re, im);
#endif
}
HWY_INLINE void StoreParts(V re, V im, std::complex<double>* to) {
#if HWY_TARGET == HWY_SCALAR
  *to = {hn::GetLane(re), hn::GetLane(im)};
#else
  hn::StoreInterleaved2(re, im, D(), reinterpret_cast<double*>(to));
#endif
}

/// Steps of all entries and samples by step(lambda's four parts, delta, a's parts, gain's parts).
template <class Step>
HWY_INLINE void Steps(const double* lambda, std::size_t rows, const double* delta, std::size_t n,
                      std::complex<double>* a, std::complex<double>* b, const Step& step) {
  const D d;
  for (std::size_t row = 0; row < rows; row += hn::Lanes(d)) {
    V parts[4];
    for (std::size_t i = 0; i < 4; ++i) parts[i] = hn::LoadU(d, lambda + i * rows + row);
    for (std::size_t k = 0; k < n; ++k) {
      V a_re, a_im, gain_re, gain_im, b_re, b_im;
      step(parts, hn::Set(d, delta[k]), a_re, a_im, gain_re, gain_im);
      StoreParts(a_re, a_im, a + k * rows + row);
      LoadParts(b + k * rows + row, b_re, b_im);
      StoreParts(hn::NegMulAdd(gain_im, b_im, hn::Mul(gain_re, b_re)),
                 hn::MulAdd(gain_im, b_re, hn::Mul(gain_re, b_im)), b + k * rows + row);
    }
  }
}

/// a - 1 keeps its digits near 0: e^x cos t - 1 = m - 2 sin^2(t / 2) (m + 1), e^x sin t = (m + 1) 2 sin(t / 2) cos(t / 2),
/// m = e^x - 1.
void ZohSteps(const double* lambda, std::size_t rows, const double* delta, std::size_t n, std::complex<double>* a,
              std::complex<double>* b) {
  const D d;
  const V one = hn::Set(d, 1.0);
  Steps(lambda, rows, delta, n, a, b, [&](const V* parts, V step, V& a_re, V& a_im, V& gain_re, V& gain_im) HWY_ATTR {
    const V m = hn::Expm1(d, hn::Mul(parts[0], step));
    const V half = hn::Mul(hn::Mul(parts[1], hn::Set(d, 0.5)), step);
    // less its turns: 2 pi in two parts, for any angle whose turns a double counts
    const V turns = hn::Round(hn::Mul(half, hn::Set(d, 0.15915494309189535)));
    const V angle = hn::NegMulAdd(turns, hn::Set(d, 2.4492935982947064e-16),
                                  hn::NegMulAdd(turns, hn::Set(d, 6.283185307179586), half));
    const V sine = hn::Sin(d, angle);
    const V twice = hn::Mul(hn::Add(sine, sine), hn::Add(m, one));
    const V less_one = hn::NegMulAdd(twice, sine, m);
    a_re = hn::Add(less_one, one);
    a_im = hn::Mul(twice, hn::Cos(d, angle));
    gain_re = hn::NegMulAdd(a_im, parts[3], hn::Mul(less_one, parts[2]));
    gain_im = hn::MulAdd(a_im, parts[2], hn::Mul(less_one, parts[3]));
  });
}

void BilinearSteps(const double* lambda, std::size_t rows, const double* delta, std::size_t n, std::complex<double>* a,
                   std::complex<double>* b) {
  const D d;
  const V one = hn::Set(d, 1.0);
  Steps(lambda, rows, delta, n, a, b, [&](const V* parts, V step, V& a_re, V& a_im, V& gain_re, V& gain_im) HWY_ATTR {
    const V half = hn::Mul(hn::Set(d, 0.5), step);
    const V re = hn::Mul(parts[0], half), im = hn::Mul(parts[1], half);
    // 1 / (1 - z) = conj(1 - z) / |1 - z|^2
    const V down = hn::Sub(one, re);
    const V scale = hn::Div(one, hn::MulAdd(down, down, hn::Mul(im, im)));
    const V inverse_re = hn::Mul(down, scale), inverse_im = hn::Mul(im, scale);
    const V up = hn::Add(one, re);
    a_re = hn::NegMulAdd(im, inverse_im, hn::Mul(up, inverse_re));
    a_im = hn::MulAdd(im, inverse_re, hn::Mul(up, inverse_im));
    gain_re = hn::Mul(step, inverse_re);
    gain_im = hn::Mul(step, inverse_im);
  });
}

template <class T>
const VaryingLoops<T>* All() {
  static constexpr VaryingLoops<T> all{Scan<T>, ScanProducts<T>, AddFrom<T>};
  return &all;
}

}  // namespace

const VaryingLoops<float>* VaryingFloat() { return All<float>(); }
const VaryingLoops<double>* VaryingDouble() { return All<double>(); }
VaryingSteps StepsOfZoh() { return ZohSteps; }
VaryingSteps StepsOfBilinear() { return BilinearSteps; }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(VaryingFloat);
HWY_EXPORT(VaryingDouble);
HWY_EXPORT(StepsOfZoh);
HWY_EXPORT(StepsOfBilinear);

template <>
const VaryingLoops<float>& varying_loops() {
  return *HWY_DYNAMIC_DISPATCH(VaryingFloat)();
}
template <>
const VaryingLoops<double>& varying_loops() {
  return *HWY_DYNAMIC_DISPATCH(VaryingDouble)();
}
VaryingSteps zoh_steps() { return HWY_DYNAMIC_DISPATCH(StepsOfZoh)(); }
VaryingSteps bilinear_steps() { return HWY_DYNAMIC_DISPATCH(StepsOfBilinear)(); }

}  // namespace longstate::simd
#endif
