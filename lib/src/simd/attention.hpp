#pragma once

// The hot loops of attention beside the products of product.hpp.

#include <cstddef>

namespace longstate::simd {

template <class T>
struct AttentionLoops {
  /// s_j = K_j . q for n keys of `size` numbers, every `stride`.
  void (*dots)(const T* K, std::size_t stride, std::size_t size, std::size_t n, const T* q, T* s);

  /// y += sum over j of p_j V_j, n values of `size` numbers, every `stride`.
  void (*add)(const T* V, std::size_t stride, std::size_t size, std::size_t n, const T* p, T* y);

  /// The largest of n numbers.
  T (*max)(const T* s, std::size_t n);

  /// s_j <- e^(s_j - max), 0 for -infinity; returns their sum.
  T (*exponentials)(T* s, std::size_t n, T max);
};

/// For the instruction set of this machine.
template <class T>
const AttentionLoops<T>& attention_loops();

}  // namespace longstate::simd
