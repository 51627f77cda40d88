#pragma once

// Steps of legs, x' = (A x + B u) dt / t with B_n = b_n = sqrt(2n + 1), A_nn = -(n + 1), A_nk = -b_n b_k (k < n), in lanes of
// vectors: of channels, or of samples.
//
// Both kinds of step are one sweep over n. What is below the diagonal goes into w, which starts as the input and loses
// b_n times what has been passed:
//
//   gbt      z_n = (b_n w - (n + 1) x_n) / (1/h + alpha (n + 1)),      w -= b_n (x_n + alpha z_n),     x_n += z_n
//   taylor   t_0 = x, t_j(n) = h (b_n w_j - (n + 1) t_(j-1)(n)),       w_j -= b_n t_(j-1)(n),          x_n += sum of t_j(n) / j!
//            w_j starts as h^(j-1) times the (j-1)-th derivative of the input:                         all degrees in one sweep
//
// With lanes of samples, a lane runs one entry behind the lane before it, whose result it takes: a systolic array, so
// that one channel fills the vectors, too, and N + lanes sweeps make `lanes` samples.

#include <cstddef>

namespace longstate::simd {

/// Taylor steps up to this degree.
inline constexpr std::size_t legs_degrees = 13;

template <class T>
struct LegsLoops {
  std::size_t lanes;    ///< `width` below is a multiple of it
  std::size_t samples;  ///< that a sweep over samples makes

  /// One step of `width` channels. u: width; x: width x N, columns without gaps; w: width x degree. Aligned.
  void (*gbt)(const T* b, std::size_t N, T alpha, T inverse_h, const T* u, T* x, std::size_t width);
  void (*taylor)(const T* b, std::size_t N, std::size_t degree, T h, const T* w, T* x, std::size_t width);

  /// `samples` steps of one channel. x: N. reversed: the N values b, the last first, between `samples` zeros on either side.
  /// inverse_h, h, u: samples; w: samples x degree.
  void (*gbt_samples)(const T* reversed, std::size_t N, T alpha, const T* inverse_h, const T* u, T* x);
  void (*taylor_samples)(const T* reversed, std::size_t N, std::size_t degree, const T* h, const T* w, T* x);
};

/// For the instruction set of this machine.
template <class T>
const LegsLoops<T>& legs_loops();

}  // namespace longstate::simd
