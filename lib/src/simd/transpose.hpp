#pragma once

// Between frames (a sample of every channel after the other) and rows (a channel's samples after each other).

#include <cstddef>

namespace longstate::simd {

/// rows[c row_stride + t] = frames[t frame_stride + c], c < channels, t < n
template <class T>
void to_rows(const T* frames, std::size_t frame_stride, std::size_t channels, std::size_t n, T* rows,
             std::size_t row_stride);

/// The other way: the same copy with the names exchanged.
template <class T>
void to_frames(const T* rows, std::size_t row_stride, std::size_t channels, std::size_t n, T* frames,
               std::size_t frame_stride) {
  to_rows(rows, row_stride, n, channels, frames, frame_stride);
}

/// As to_frames, past the cache: in whole lines of 64 bytes, with which each frame begins. hwy::FlushStream() after the last.
template <class T>
void stream_to_frames(const T* rows, std::size_t row_stride, std::size_t channels, std::size_t n, T* frames,
                      std::size_t frame_stride);

}  // namespace longstate::simd
