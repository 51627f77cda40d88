#pragma once

// Normal plus low rank systems (S4).

#include "diagonal.hpp"

namespace longstate::detail {

/// Diagonal and low rank, A = diag - U V^T, from a DiscreteNplr by the Woodbury identity: with R = (I - alpha h Lambda)^-1,
///
///     A = I + h Lambda R - h R P (I + alpha h P* R P)^-1 P* R,
///
/// in which no difference of large numbers occurs. In double as the diagonal: a stiff step of bilinear has eigenvalues near -1, of
/// which rounding would add up.
template <class T>
class NplrTransition {
 public:
  explicit NplrTransition(const DiscreteNplr& system);

  /// next <- next + A x, one column. Cost 4 + 4 r multiply-adds an entry.
  void add(const T* x, T* next) const;

  const DiagonalTransition<T>& diagonal() const { return diagonal_; }
  const Matrix<double>& U() const { return U_; }  ///< 2 entries x r
  const Matrix<double>& V() const { return V_; }

 private:
  DiagonalTransition<T> diagonal_;
  Matrix<double> U_, V_;
};

extern template class NplrTransition<float>;
extern template class NplrTransition<double>;

}  // namespace longstate::detail
