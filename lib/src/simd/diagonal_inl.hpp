// What the loops over diagonal rows share, compiled again for each instruction set (Highway's way of guarding it).
#if defined(LONGSTATE_SIMD_DIAGONAL_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef LONGSTATE_SIMD_DIAGONAL_INL_HPP
#undef LONGSTATE_SIMD_DIAGONAL_INL_HPP
#else
#define LONGSTATE_SIMD_DIAGONAL_INL_HPP
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

/// x <- (1 + drift) x
template <class V>
HWY_INLINE void GiveBack(V drift_re, V drift_im, V& re, V& im) {
  const V more_re = hn::NegMulAdd(drift_im, im, hn::Mul(drift_re, re));
  const V more_im = hn::MulAdd(drift_im, re, hn::Mul(drift_re, im));
  re = hn::Add(re, more_re);
  im = hn::Add(im, more_im);
}

}  // namespace

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
