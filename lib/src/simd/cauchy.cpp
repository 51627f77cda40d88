#include "cauchy.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/cauchy.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

using D = hn::CappedTag<double, cauchy_nodes>;
using V = hn::Vec<D>;

struct Complex {
  V re, im;
};
HWY_INLINE Complex LoadParts(const double* parts, std::size_t stride) {
  return {hn::Load(D(), parts), hn::Load(D(), parts + stride)};
}

/// 1 / ((a - g lambda)(a - g conj lambda)) of all entries, factor by factor: each keeps its digits next to a pole.
HWY_INLINE void Reciprocals(const CauchyLoop& loop, Complex a, Complex g) {
  const D d;
  const std::size_t W = hn::Lanes(d);
  for (std::size_t n = 0; n < loop.entries; ++n) {
    const V re = hn::Set(d, loop.lambda_re[n]), im = hn::Set(d, loop.lambda_im[n]);
    const V shared_re = hn::NegMulAdd(g.re, re, a.re), shared_im = hn::NegMulAdd(g.im, re, a.im);
    const V one_re = hn::MulAdd(g.im, im, shared_re), one_im = hn::NegMulAdd(g.re, im, shared_im);
    const V other_re = hn::NegMulAdd(g.im, im, shared_re), other_im = hn::MulAdd(g.re, im, shared_im);
    const V product_re = hn::NegMulAdd(one_im, other_im, hn::Mul(one_re, other_re));
    const V product_im = hn::MulAdd(one_re, other_im, hn::Mul(one_im, other_re));
    const V norm = hn::MulAdd(product_re, product_re, hn::Mul(product_im, product_im));
    const V scale = hn::Div(hn::Set(d, 1.0), norm);
    hn::Store(hn::Mul(product_re, scale), d, loop.scratch + 2 * n * W);
    hn::Store(hn::Neg(hn::Mul(product_im, scale)), d, loop.scratch + (2 * n + 1) * W);
  }
}

/// The sums of some rows, in registers.
template <std::size_t rows>
HWY_INLINE void SumRows(const CauchyLoop& loop, std::size_t row, Complex a, Complex g, double* sums,
                        std::size_t nodes) {
  const D d;
  const std::size_t W = hn::Lanes(d);
  Complex near[rows], far[rows];
  for (std::size_t i = 0; i < rows; ++i) near[i] = far[i] = {hn::Zero(d), hn::Zero(d)};
  for (std::size_t n = 0; n < loop.entries; ++n) {
    const Complex r = LoadParts(loop.scratch + 2 * n * W, W);
    for (std::size_t i = 0; i < rows; ++i) {
      const V w = hn::Set(d, loop.near[n * loop.rows + row + i]), v = hn::Set(d, loop.far[n * loop.rows + row + i]);
      near[i] = {hn::MulAdd(w, r.re, near[i].re), hn::MulAdd(w, r.im, near[i].im)};
      far[i] = {hn::MulAdd(v, r.re, far[i].re), hn::MulAdd(v, r.im, far[i].im)};
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const V re = hn::NegMulAdd(a.im, near[i].im, hn::Mul(a.re, near[i].re));
    const V im = hn::MulAdd(a.re, near[i].im, hn::Mul(a.im, near[i].re));
    double* const to = sums + 2 * (row + i) * nodes;
    hn::Store(hn::MulAdd(g.im, far[i].im, hn::NegMulAdd(g.re, far[i].re, re)), d, to);
    hn::Store(hn::NegMulAdd(g.im, far[i].re, hn::NegMulAdd(g.re, far[i].im, im)), d, to + nodes);
  }
}

}  // namespace

void Cauchy(const CauchyLoop& loop, const double* a, const double* g, std::size_t nodes, double* sums) {
  for (std::size_t k = 0; k < nodes; k += hn::Lanes(D())) {
    const Complex a_k = LoadParts(a + k, nodes), g_k = LoadParts(g + k, nodes);
    Reciprocals(loop, a_k, g_k);
    std::size_t row = 0;
    for (; row + 4 <= loop.rows; row += 4) SumRows<4>(loop, row, a_k, g_k, sums + k, nodes);
    for (; row < loop.rows; ++row) SumRows<1>(loop, row, a_k, g_k, sums + k, nodes);
  }
}

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(Cauchy);

void cauchy(const CauchyLoop& loop, const double* a, const double* g, std::size_t nodes, double* sums) {
  HWY_DYNAMIC_DISPATCH(Cauchy)(loop, a, g, nodes, sums);
}

}  // namespace longstate::simd
#endif
