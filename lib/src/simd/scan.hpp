#pragma once

// The hot loop of the selective scan.

#include <cstddef>

namespace longstate::simd {

/// W = lanes<T>() channels (simd/diagonal.hpp) with N entries each; all 64-byte aligned but b and c.
template <class T>
struct ScanBlock {
  const T* A;          ///< N x W
  const T* inverse_A;  ///< N x W, of zoh; null: euler
  T* x;                ///< N x W
  std::size_t order;
};

/// u, delta: n x W; b, c: n rows of N, every `stride`; y: n x W, added to.
template <class T>
void run_scan(const ScanBlock<T>& block, const T* u, const T* delta, const T* b, std::size_t b_stride, const T* c,
              std::size_t c_stride, T* y, std::size_t n);

}  // namespace longstate::simd
