#pragma once

// The hot loop of diagonal recurrences: raw pointers, the widest instructions of the machine, chosen at run time.

#include <hwy/cache_control.h>

#include <cstddef>

namespace longstate::simd {

/// Asks for `count` numbers from memory, without waiting for them.
template <class T>
void prefetch(const T* from, std::size_t count) {
  constexpr std::size_t line = 64 / sizeof(T);
  for (std::size_t i = 0; i < count; i += line) hwy::Prefetch(from + i);
}

/// Numbers of type T in a vector of the machine that runs this.
template <class T>
std::size_t lanes();

/// Rows of complex entries, W = lanes<T>() to a row, that all advance alike:
///
///     x <- lambda x + u,    y += Re(c x)
///
/// Either a row holds one entry of W channels (u and y: n x W, a row of W for each sample), or W entries of one channel
/// (u: n numbers; y: n x W, of which the sum over each row is the output).
template <class T>
struct DiagonalRows {
  const T* table;  ///< rows x 6 x W: lambda (re, im), c (re, -im), drift (re, im); 64-byte aligned, as all here
  T* state;        ///< rows x 2 x W: x (re, im)
  std::size_t rows;
  bool one_channel;
  bool before;  ///< whether y sees x before u is taken up (Convention::control)
};

/// After the n samples x <- (1 + n drift) x: drift is log(lambda) minus the logarithm of lambda as T holds it, so that
/// its rounding does not add up over the samples.
template <class T>
void run_diagonal(const DiagonalRows<T>& rows, const T* u, T* y, std::size_t n);

/// Between n frames, `channels` <= W numbers every `stride`, and rows of W:
/// to_block    u <- frames and y <- D u
/// to_frames   frames <- y
template <class T>
void to_block(const T* frames, std::size_t stride, std::size_t channels, std::size_t n, const T* D, T* u, T* y);
template <class T>
void to_frames(const T* y, std::size_t channels, std::size_t n, T* frames, std::size_t stride);

/// y_k = the sum of row k of `parts`, n x W; n a multiple of W.
template <class T>
void sum_rows(const T* parts, T* y, std::size_t n);

}  // namespace longstate::simd
