#pragma once

/// \file
/// The kernels of a layer of diagonal systems, in vector instructions.

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/discretize/structured.hpp>

#include <vector>

namespace longstate {

/// K_c(l) = 2 Re sum_n C_n B_n lambda_n^l of each channel c, one input and one output each: a Vandermonde product, as
/// kernel() makes it in double for one system. Blocks of 64 values,
///
///     K_c(64 b + a) = Re sum_n (2 C_n B_n lambda_n^(64 b)) lambda_n^a,
///
/// are a real matrix product of 2 multiply-adds an entry and value; the powers are made in double.
///
/// Cost       2 multiply-adds an entry (a pair) and value, and 1/16 of that for powers.
/// Accuracy   float: 1e-6 of the largest value. double: 1e-16 (64 + length / 64), since powers are multiplied up; where
///            a long kernel's last digits matter, kernel() takes each from the exponential.
///            (tests/execute/diagonal_kernels_test.cpp)
/// Real-time  run() neither allocates, locks nor calls the system; it throws only on shapes.
/// Threads    owns its scratch: copy it to use it on another thread.
/// See        Gu, Gupta, Goel & Ré, On the Parameterization and Initialization of Diagonal State Space Models, 2022, 3.2.
template <class T>
class LONGSTATE_API DiagonalKernels {
 public:
  /// Throws std::invalid_argument if a system is not diagonal with one input and one output, or if they are not alike, and
  /// std::domain_error if a mode grows beyond the largest number of T within 64 samples. (What passes it later is not finite in K.)
  explicit DiagonalKernels(const std::vector<DiscreteSystem>& layer);

  Index copies() const;

  /// K: length x channels, any length: a channel's kernel in a column, D added as kernel() does.
  /// Throws std::invalid_argument if the columns of K are not the channels.
  void run(Signal<T> K);

 private:
  struct Tables;
  detail::Owned<Tables> tables_;
};

extern template class DiagonalKernels<float>;
extern template class DiagonalKernels<double>;

}  // namespace longstate
