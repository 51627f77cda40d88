#pragma once

// The hot loop of the selective scan.

#include <cstddef>

namespace longstate::simd {

/// W = lanes<T>() channels (simd/diagonal.hpp) with N entries each; all 64-byte aligned but b and c.
template <class T>
struct ScanBlock {
  const T* A;          ///< N x W
  const T* inverse_A;  ///< N x W, of zoh; null: euler
  const T* D;          ///< W
  T* x;                ///< N x W
  std::size_t order;
};

/// u, delta, y: n x W; b, c: n rows of N, every `stride`.
template <class T>
using ScanLoop = void (*)(const ScanBlock<T>& block, const T* u, const T* delta, const T* b, std::size_t b_stride,
                          const T* c, std::size_t c_stride, T* y, std::size_t n);

/// For the instruction set of this machine.
template <class T>
ScanLoop<T> scan_loop();

}  // namespace longstate::simd
