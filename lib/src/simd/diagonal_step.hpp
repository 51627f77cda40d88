#pragma once

// One sample of diagonal systems, in the caller's own layout of the state: raw pointers, the widest instructions of the machine.

#include "rest.hpp"

#include <cstddef>

namespace longstate::simd {

/// Of one input and output each. Copy c runs system c mod `systems`; its state x, 2 entries numbers (re, im), lies at c x_stride.
///
///     x <- lambda x + B u,    y = sum of Re(c x) + D u    (y before x, with x as it was, for `control`)
template <class T>
struct DiagonalFrames {
  const T* table;  ///< of each system: vectors x step_numbers<T> x W, 64-byte aligned, zeros past the last entry
  const T* D;      ///< of each system
  std::size_t systems, copies, entries;
  bool control;
  std::size_t stride;  ///< numbers from a system's table to the next
  std::size_t twin;    ///< numbers from a table to another like it, half a page on, or 0; see twin_fits
};

/// A load waits for an earlier store that lies a multiple of a page away, as if it were of the same place. Where a state so lies beside
/// the table of one system, its twin is read. (Tables of many would share few sets of the cache.)
inline constexpr std::size_t page_bytes = 4096;

template <class T>
constexpr bool twin_fits(std::size_t table, std::size_t state) {
  return (table + state) * sizeof(T) <= page_bytes / 2;
}

/// The widest vector that is taken.
inline constexpr std::size_t step_bytes = 32;

/// Of a vector of entries, each for both of its lanes: lambda (re, re), lambda (-im, im), B (re, im), c (re, -im), and where T keeps it
/// (rest.hpp) what it leaves of lambda, as lambda.
template <class T>
inline constexpr std::size_t step_numbers = keeps_rest<T> ? 6 : 4;

template <class T>
struct DiagonalStep {
  std::size_t lanes;  ///< W, at least 2

  /// u, y: a number for each copy; y may not be u.
  void (*run)(const DiagonalFrames<T>& frames, const T* u, T* y, T* x, std::size_t x_stride);
};

/// For the instruction set of this machine. (Kept by who steps: to ask anew costs a third of a small step.)
template <class T>
const DiagonalStep<T>& diagonal_step();

}  // namespace longstate::simd
