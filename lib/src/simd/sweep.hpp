#pragma once

// Recurrences whose step is a sweep over the state with running sums, nplr and HiPPO, in lanes of channels.

#include "rest.hpp"

#include <bit>
#include <cstddef>

namespace longstate::simd {

inline constexpr std::size_t rest_every = 16;

enum class SweepForm { nplr, triangular, semiseparable, fourier };

/// One system for all channels, or one for each lane of a vector. A step is x <- A x + B u; A is a product of factors
/// 1 + Re(w S), S = h A_c (I - h/a A_c)^-1 with A_c the HiPPO matrix (hippo_step.hpp), taken `substeps` times; nplr has one
/// A = Lambda - U V^T.
///
/// Tables hold a number of every quantity, W of them where systems differ. `planes` numbers, (re, im), stand for one that
/// is complex where the factors are: 1 with gbt and its kind, 2 with zoh and foh.
///
///   nplr           row: lambda (2), its rest (2; rest.hpp), then U (2), V (2) for each of `rank`. The rest counts in every rest_every-th
///                  sample, for all of these: to first order it moves the eigenvalues of so many steps as if it counted in each.
///   triangular     factor, row: h below, h diagonal, g, from below (p), inverse (p)
///   semiseparable  the same, then h above, h, from above (p), to above (p)
///   fourier        factor: h/theta 2, gain (p); row, a pair: e (2), h frequency, cosine (p), sine (p), blocks e (2 p)
///   ports          D; then for each number of the state: B, C
///
/// One channel of a triangular or semiseparable measure has entries in its lanes (`scan`): the running sums are prefix scans in
/// log2 W steps within a vector, and carries between vectors (Hillis & Steele 1986; Blelloch 1990 for scans of s <- m s + v). A row
/// of W entries of a factor then has W numbers of each quantity:
///
///   h below, h diagonal, g, from below (p), inverse (p), solve: m over 1, 2, 4, … W / 2 entries (p each), m over those before (p),
///   m over all (p); semiseparable also: h above, h, from above (p), to above (p), and the three of its solve, from the end
///
/// and ports D, W times, then B, C of each row.
///
/// State: a row of lanes for each number of x (nplr, fourier: two to a row of the table; `scan`: for W of them), each followed by
/// sweep_scratch() rows of the loops' own.
template <class T>
struct Sweep {
  SweepForm form;
  std::size_t planes;
  bool own;      ///< tables and ports hold W numbers for one
  bool scan;     ///< entries in the lanes
  bool control;  ///< the output sees the state before the sample
  std::size_t rows;
  std::size_t rank;               ///< of nplr: 1 or 2
  std::size_t factors, substeps;  ///< of HiPPO
  const T* tables;                ///< 64-byte aligned, as all here
  const T* ports;
  const T* weights;  ///< w of each factor (re, im), with two planes
};

constexpr std::size_t sweep_scratch(SweepForm form, std::size_t planes, bool scan) {
  if (form == SweepForm::nplr) return 0;
  if (scan) return planes + 1;
  return planes == 1 ? 1 : 3;  // the increment; with zoh and foh complex, and what rounding took
}

/// Multiply-adds of a sample and lane of W, as the loops make them; an addition or product alone takes the place of one.
template <class T>
std::size_t sweep_work(const Sweep<T>& s, std::size_t W) {
  const std::size_t p = s.planes, product = p * p, advance = p == 1 ? 1 : 5;  // x and what rounding took
  const bool pairs = s.form == SweepForm::nplr || s.form == SweepForm::fourier;
  const std::size_t ports = (pairs ? 4 : 2) * s.rows + 1;
  if (s.form == SweepForm::nplr) return s.rows * ((keeps_rest<T> ? 5 : 4) + 4 * s.rank) + ports;
  std::size_t factor = 0;  // of a row
  if (s.form == SweepForm::fourier) {
    factor = 2 * (2 + 3 * p + product + advance + 1);
  } else {
    const std::size_t steps = std::bit_width(W) - 1;
    const std::size_t sum = s.scan ? steps + 3 : 1;                    // with the product of each entry
    const std::size_t solve = s.scan ? p + product * (steps + 2) : p;  // one more than the read-out of the sum
    factor = sum + 2 + p + solve + product + advance;
    if (s.form == SweepForm::semiseparable) {
      factor += sum + 1 + (s.scan ? product * (steps + 3) : product) + product;
    }
  }
  return s.rows * factor * s.factors * s.substeps + ports;
}

template <class T>
struct SweepLoops {
  std::size_t vectors;  ///< of W channels that may go together, where they share a system: 1, 2, … up to this

  /// n samples of vectors x W channels. u, y: for each vector n x W, `stride` numbers between vectors.
  void (*run)(const Sweep<T>& sweep, T* state, std::size_t vectors, const T* u, T* y, std::size_t n,
              std::size_t stride);
};

/// For the instruction set of this machine.
template <class T>
const SweepLoops<T>& sweep_loops();

/// n samples of one channel, with `scan`, for the instruction set of this machine. u, y: n.
template <class T>
void sweep_scan(const Sweep<T>& sweep, T* state, const T* u, T* y, std::size_t n);

}  // namespace longstate::simd
