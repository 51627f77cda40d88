#pragma once

// Between frames (a sample of every channel after the other) and rows (a channel's samples after each other).

#include <cstddef>

namespace longstate::simd {

template <class T>
struct TransposeLoops {
  /// rows[c row_stride + t] = frames[t frame_stride + c], c < channels, t < n
  void (*to_rows)(const T* frames, std::size_t frame_stride, std::size_t channels, std::size_t n, T* rows,
                  std::size_t row_stride);

  /// As to_frames, past the cache: in whole lines of 64 bytes, with which each frame begins. hwy::FlushStream() after the last.
  void (*stream_to_frames)(const T* rows, std::size_t row_stride, std::size_t channels, std::size_t n, T* frames,
                           std::size_t frame_stride);
};

/// For the instruction set of this machine.
template <class T>
const TransposeLoops<T>& transpose_loops();

template <class T>
void to_rows(const T* frames, std::size_t frame_stride, std::size_t channels, std::size_t n, T* rows,
             std::size_t row_stride) {
  transpose_loops<T>().to_rows(frames, frame_stride, channels, n, rows, row_stride);
}

/// The other way: the same copy with the names exchanged.
template <class T>
void to_frames(const T* rows, std::size_t row_stride, std::size_t channels, std::size_t n, T* frames,
               std::size_t frame_stride) {
  to_rows(rows, row_stride, n, channels, frames, frame_stride);
}

}  // namespace longstate::simd
