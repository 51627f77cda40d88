#pragma once

/// \file
/// Products and solves with HiPPO matrices in O(N), without the matrix. LegS is lower triangular of a kind whose rows
/// below the diagonal are multiples of each other, so one running sum does it (Gu et al. 2020, app. E.2).

#include <longstate/types.hpp>

namespace longstate {

/// The LegS operator of one order, A_nk = -sqrt((2n+1)(2k+1)) for n > k, -(n+1) for n = k.
///
/// Cost       O(N) for each column in both functions; no allocation.
/// Threads    const methods may run at the same time.
template <class T>
class LegSOperator {
 public:
  /// Throws std::invalid_argument for an order outside [1, max_order].
  explicit LegSOperator(Index order);

  Index order() const { return scale_.size(); }

  /// An upper bound of the 2-norm of A: its Frobenius norm, about 0.71 N^2 (the 2-norm tends to 2 N^2 / pi).
  double norm_bound() const { return norm_bound_; }

  /// sqrt(2n+1): B, and the norms of the basis.
  const Vector<T>& B() const { return scale_; }

  /// x <- factor A x, each column of x (N x copies).
  void multiply(T factor, Signal<T> x) const;

  /// x <- (I - alpha A)^-1 x, each column of x (N x copies), alpha >= 0.
  void solve(T alpha, Signal<T> x) const;

 private:
  Vector<T> scale_;
  double norm_bound_;
};

extern template class LegSOperator<float>;
extern template class LegSOperator<double>;

}  // namespace longstate
