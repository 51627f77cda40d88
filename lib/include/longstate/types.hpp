#pragma once

/// \file
/// The shape convention of the whole library, in one place.
///
///     x_k = A x_{k-1} + B u_k        A: N x N    B: N x p
///     y_k = C x_k     + D u_k        C: q x N    D: q x p
///
/// N is the `order`, p the inputs, q the outputs. A signal is channels x time and column-major: a column is one frame,
/// contiguous in memory, which is the layout of interleaved PCM audio. A state is N x copies, a column for each copy of
/// the system that runs. Times are seconds, in double, also where samples are float.

#include <Eigen/Core>

// Eigen objects cross the boundary between this library and its users, and Eigen picks its allocator by the largest
// alignment that the compiler flags suggest. Without one fixed value, a program built with -mavx would free with one
// allocator what the library took from another.
static_assert(EIGEN_MAX_ALIGN_BYTES == 64,
              "longstate: compile with EIGEN_MAX_ALIGN_BYTES=64 (the CMake target and the pkg-config file set it)");

namespace longstate {

using Index = Eigen::Index;

template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

/// The state of a running system: N x copies. An ordinary value: copy, compare or save it at will.
template <class T>
using State = Matrix<T>;

/// The state of some copies where it lies: a State, or columns of one.
template <class T>
using StateRef = Eigen::Ref<State<T>, 0, Eigen::OuterStride<>>;

/// One sample of every channel.
template <class T>
using Frame = Eigen::Ref<Vector<T>>;
template <class T>
using ConstFrame = Eigen::Ref<const Vector<T>>;

/// A stretch of a signal, channels x time.
///
/// These are views: no number is copied of a matrix, a block of one, or a Map, whose columns are contiguous. An input that is
/// anything else, an expression (`run(W * in, y, x)`), every other row, or rows that lie one after the other, is first worked out
/// into a temporary by Eigen, which takes memory from the heap, before the call begins. In real time keep a matrix for it:
/// `u.noalias() = W * in; run(u, y, x)`.
template <class T>
using Signal = Eigen::Ref<Matrix<T>, 0, Eigen::OuterStride<>>;
template <class T>
using ConstSignal = Eigen::Ref<const Matrix<T>, 0, Eigen::OuterStride<>>;

/// The largest order that any function takes: its dense matrix is half a gibibyte.
inline constexpr Index max_order = 8192;

}  // namespace longstate
