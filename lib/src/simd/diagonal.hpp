#pragma once

// The hot loop of diagonal recurrences: raw pointers, the widest instructions of the machine, chosen at run time.

#include "rest.hpp"

#include <hwy/cache_control.h>

#include <algorithm>
#include <cstddef>

namespace longstate::simd {

/// Asks for `count` numbers from memory, without waiting for them.
template <class T>
void prefetch(const T* from, std::size_t count) {
  constexpr std::size_t line = 64 / sizeof(T);
  for (std::size_t i = 0; i < count; i += line) hwy::Prefetch(from + i);
}

/// Samples that go in one step.
inline constexpr std::size_t ahead = 4;

/// The drift of fewer samples than these is less than the rounding of a state.
inline constexpr std::size_t few_samples = 64;

/// Steps whose drift is given back at once. What comes in at the first of them lacks it until the last: 48 times half a unit of float, at
/// most 3.2e-6 of what grows, is within what is promised.
inline constexpr std::size_t steps_of_part = 48;

/// Rows of complex entries, W = lanes<T>() to a row, that all advance alike, m <= ahead samples in one step (look-ahead:
/// Parhi & Messerschmitt 1989):
///
///     y_i = sum over j <= i of H_j u_(i-j) + sum over the rows of Re(c_i x),  i = 0 … m - 1
///     x <- lambda^m x + sum over j < m of lambda^(m-1-j) u_j
///
/// Either a row holds one entry of W channels (u and y: n x W, a row of W for each sample), or W entries of one channel
/// (u: n numbers; y: n x W, of which the sum over each row is the output).
template <class T>
struct DiagonalRows {
  const T*
      table;  ///< rows x 2 x ahead x 2 x W: c_0 … (re, -im), lambda^1 … lambda^ahead (re, im); 64-byte aligned, as all here
  const T* drift;  ///< rows x ahead x 2 x W: the logarithm of each power minus that of the power as T holds it
  const T* H;      ///< ahead x W; of W channels alone
  T* state;        ///< rows x 2 x W: x (re, im)
  std::size_t rows;
  bool one_channel;
};

/// W channels of frames: W numbers every `stride`.
template <class T>
struct Column {
  T* data;
  std::size_t stride, samples;
};

/// What moves between the frames and the first cache while a block of W channels is computed, a sample of each in every step: all at
/// once, and the more so from frames whose stride is a power of two, which share few sets of the caches, it would stop the loop.
template <class T>
struct Traffic {
  Column<const T> in;  ///< of the next block …
  T* to;               ///< … is copied here, samples x W
  const T* later;      ///< of the block after it: asked for as `in` is copied, every in.stride
  Column<T> out;       ///< of the block before …
  const T* from;       ///< … is written from here, samples x W
  const T* soon;       ///< of this block: asked for as `in` is copied, every out.stride, unless it goes past the cache
  bool past_cache;     ///< `out` goes to memory at once; its samples are vectors of 64 bytes, aligned
};

template <class T>
struct DiagonalLoops {
  std::size_t lanes;

  /// y of n samples, in steps of `ahead`, and all of the traffic. What rounding takes from the powers does not add up: few samples take
  /// the power's rest along in every step; of more, with d the sum of the drifts of a part's steps, x <- (1 + d / 2) x before and after it.
  /// One channel's y lacks what the samples of a step add to it, and its rows, min(ahead, W) of them, are joined for `sum`.
  void (*run)(const DiagonalRows<T>& rows, const T* u, T* y, std::size_t n, const Traffic<T>& traffic);

  /// The state in other units: `to` = factor `from`, the same place or apart. factor: rows x 4 x W, (re, im) and what T leaves of it;
  /// from, to: rows x 2 x W.
  void (*scale)(const T* factor, std::size_t rows, const T* from, T* to);

  /// Frames of `channels` <= W numbers, every `stride`, to n rows of W, and back.
  void (*to_block)(const T* frames, std::size_t stride, std::size_t channels, std::size_t n, T* block);
  void (*to_frames)(const T* block, std::size_t channels, std::size_t n, T* frames, std::size_t stride);

  /// One channel: y_k = the sum of row k of `parts`, as `run` left it, and of H_j u_(k-j). n a multiple of W; u: n numbers after
  /// ahead - 1 that are numbers; H: ahead x through_period(), H_j at k where k mod ahead >= j, else 0.
  void (*sum)(const T* parts, const T* H, const T* u, T* y, std::size_t n);
};

/// For the instruction set of this machine.
template <class T>
const DiagonalLoops<T>& diagonal_loops();

/// Numbers of type T in a vector of the machine that runs this.
template <class T>
std::size_t lanes() {
  return diagonal_loops<T>().lanes;
}

/// Of the weights that `sum` takes: they repeat.
template <class T>
std::size_t through_period() {
  return std::max(lanes<T>(), ahead);
}

}  // namespace longstate::simd
