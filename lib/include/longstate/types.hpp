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
///
/// Matrices and vectors are Eigen's, and take part in its expressions as any of them; but each has a name of ours, and none looks
/// at the flags that a file is compiled with. So a program, or two files of one, may be built for other processors than the library,
/// with another alignment of Eigen's or another version of it (3.4 and newer), and hand matrices to and fro:
///
///   - memory is malloc's and free's (Eigen::DontAlign): whoever has taken it, the other may give it back;
///   - a matrix is a pointer and its sizes, a view a pointer, sizes and a stride, each of them a std::ptrdiff_t;
///   - no function of the library has a type of Eigen's in its signature, and Eigen inside the library bears another name, so that
///     the linker does not take one for the other.
///
/// Eigen's own templates are given Eigen's types: Eigen::PartialPivLU<Eigen::MatrixXd> lu(system.A).

#include <longstate/config.hpp>

#include <Eigen/Core>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace longstate {

using Index = std::ptrdiff_t;
static_assert(std::is_same_v<Index, Eigen::Index>,
              "longstate: not with EIGEN_DEFAULT_DENSE_INDEX_TYPE of another type than std::ptrdiff_t");

namespace detail {
template <class T, int columns>
using Plain = Eigen::Matrix<T, Eigen::Dynamic, columns, Eigen::ColMajor | Eigen::DontAlign>;
}  // namespace detail

template <class T>
class Matrix : public detail::Plain<T, Eigen::Dynamic> {
 public:
  using Plain = detail::Plain<T, Eigen::Dynamic>;
  using Plain::Plain;
  using Plain::operator=;
  Matrix() = default;
  Matrix(Plain&& values) noexcept : Plain(std::move(values)) {}
};

template <class T>
class Vector : public detail::Plain<T, 1> {
 public:
  using Plain = detail::Plain<T, 1>;
  using Plain::Plain;
  using Plain::operator=;
  Vector() = default;
  Vector(Plain&& values) noexcept : Plain(std::move(values)) {}
};

/// Of other sizes is another; Eigen's would look beyond the end.
template <class T>
bool operator==(const Matrix<T>& a, const Matrix<T>& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && (a.array() == b.array()).all();
}
template <class T>
bool operator==(const Vector<T>& a, const Vector<T>& b) {
  return a.size() == b.size() && (a.array() == b.array()).all();
}

/// The state of a running system: N x copies. An ordinary value: copy, compare or save it at will.
template <class T>
using State = Matrix<T>;

/// A stretch of a signal, channels x time.
///
/// These are views: no number is copied of a matrix, a block of one, or a Map, whose columns are contiguous. An input that is
/// anything else, an expression (`run(W * in, y, x)`), every other row, or rows that lie one after the other, is first worked out
/// into a temporary by Eigen, which takes memory from the heap, before the call begins. In real time keep a matrix for it:
/// `u.noalias() = W * in; run(u, y, x)`.
template <class T>
class Signal : public Eigen::Ref<detail::Plain<T, Eigen::Dynamic>, 0, Eigen::OuterStride<>> {
 public:
  using View = Eigen::Ref<detail::Plain<T, Eigen::Dynamic>, 0, Eigen::OuterStride<>>;
  using View::View;
  using View::operator=;
};
template <class T>
class ConstSignal : public Eigen::Ref<const detail::Plain<T, Eigen::Dynamic>, 0, Eigen::OuterStride<>> {
 public:
  using View = Eigen::Ref<const detail::Plain<T, Eigen::Dynamic>, 0, Eigen::OuterStride<>>;
  using View::View;
};

/// The state of some copies where it lies: a State, or columns of one.
template <class T>
using StateRef = Signal<T>;

/// One sample of every channel; any vector.
template <class T>
class Frame : public Eigen::Ref<detail::Plain<T, 1>> {
 public:
  using View = Eigen::Ref<detail::Plain<T, 1>>;
  using View::View;
  using View::operator=;
};
template <class T>
class ConstFrame : public Eigen::Ref<const detail::Plain<T, 1>> {
 public:
  using View = Eigen::Ref<const detail::Plain<T, 1>>;
  using View::View;
};

/// The largest order that any function takes: its dense matrix is half a gibibyte.
inline constexpr Index max_order = 8192;

}  // namespace longstate
