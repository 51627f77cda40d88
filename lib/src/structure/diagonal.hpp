#pragma once

// Diagonal systems of complex entries.

#include <longstate/discretize/structured.hpp>

#include <complex>

namespace longstate::detail {

/// Complex entries as (re, im), x_n <- lambda_n x_n.
///
/// The products are made in double and rounded once, also where the state is float: a mode that turns fast and fades
/// slowly has lambda near the unit circle but far from 1, so that no difference from the identity helps, and an error of
/// 3e-8 in |lambda|, or a rounding in every product, adds up over its thousands of samples (S4D-LegS, N = 64: 2e-5).
template <class T>
class DiagonalTransition {
 public:
  DiagonalTransition() = default;
  explicit DiagonalTransition(const Vector<std::complex<double>>& lambda) : lambda_(lambda) {}

  explicit DiagonalTransition(const DiscreteDiagonal& system);

  /// next <- next + A x, one column; next must not be x. Cost 4 multiply-adds an entry.
  void add(const T* x, T* next) const;
  /// Adds lambda_n x_n of `count` entries from `first` on, in double, to 2 count sums.
  void add(Index first, Index count, const T* x, double* sums) const;

  const Vector<std::complex<double>>& lambda() const { return lambda_; }

 private:
  Vector<std::complex<double>> lambda_;
};

extern template class DiagonalTransition<float>;
extern template class DiagonalTransition<double>;

}  // namespace longstate::detail
