#pragma once

// Cauchy sums of conjugate pairs, the generating functions of nplr systems.

#include <cstddef>

namespace longstate::simd {

/// For nodes k, real and imaginary parts apart, in vectors of nodes:
///
///     sums_ik = sum over n of (a_k near_in - g_k far_in) / ((a_k - g_k lambda_n)(a_k - g_k conj lambda_n))
///
/// Two real multiply-adds by two for a row, entry and node, and one complex reciprocal for an entry and node, which is kept.
struct CauchyLoop {
  const double* lambda_re;
  const double* lambda_im;
  std::size_t entries;
  const double* near;  ///< rows x entries
  const double* far;   ///< rows x entries
  std::size_t rows;
  double* scratch;  ///< cauchy_scratch(entries), 64-byte aligned, as the following
};

/// nodes: a multiple of 8. a, g: nodes x 2 (re, im); sums: nodes x 2 rows (re, im of each).
void cauchy(const CauchyLoop& loop, const double* a, const double* g, std::size_t nodes, double* sums);

inline constexpr std::size_t cauchy_nodes = 8;
inline std::size_t cauchy_scratch(std::size_t entries) { return 2 * cauchy_nodes * entries; }

}  // namespace longstate::simd
