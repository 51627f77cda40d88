#pragma once

/// \file
/// Products and solves with HiPPO matrices in O(N), without the matrix.
///
/// legs, legs-exp, legt, lmu and lagt are semiseparable: below the diagonal the entries are a product of a row's factor
/// and a column's, and above it, too, with other factors,
///
///     A_nk = below_n g_k (n > k),   diagonal_n (n = k),   above_n h_k (n < k),
///
/// so a product needs two running sums. (legs, lagt: above = 0. Gu et al. 2020, app. E.2, for legs.) fourier is 2 x 2
/// blocks and one outer product. chebt has neither form that is stable, and stays dense (docs/hippo.md).

#include <longstate/config.hpp>
#include <longstate/measure/measure.hpp>
#include <longstate/types.hpp>

#include <complex>

namespace longstate {

/// Whether a measure's A has a form with products and solves in O(N): all but chebt.
LONGSTATE_API bool has_operator(const Measure& measure);

/// A and B of a measure, theta included (legs: for log time), without A.
///
/// Cost       O(N) time and memory; no allocation in multiply.
/// Accuracy   products and solves 1e-13 of the largest entry of the dense ones in double, up to N = 1,024 and
///            alpha from 1e-6 to 10 theta (tests/hippo/operators_test.cpp).
/// Threads    const methods may run at the same time.
template <class T>
class LONGSTATE_API HippoOperator {
 public:
  /// Throws std::invalid_argument for an invalid measure, one without this form (chebt), or an order outside
  /// [1, max_order].
  HippoOperator(const Measure& measure, Index order);

  Index order() const { return B_.size(); }
  const Vector<T>& B() const { return B_; }

  /// An upper bound of the 2-norm of A, after a diagonal scaling for lmu and lagt: a Frobenius norm; O(N^2) for the
  /// Legendre measures.
  double norm_bound() const { return norm_bound_; }

  /// A^T in the same form (with the same B).
  HippoOperator transposed() const;

  /// y <- factor A x, each column; y must not be x.
  void multiply(T factor, const ConstSignal<T>& x, Signal<T> y) const;

  /// What A is made of, as above. What a form has not is empty.
  struct Numbers {
    Vector<T> diagonal, below, g, above, h;  ///< semiseparable; above and h are empty where A is lower triangular
    Vector<T> e, frequency;  ///< fourier: A = blocks - rank_one e e^T, a frequency for each pair (cos, sin)
    T rank_one = 0;

    bool is_fourier() const { return e.size() > 0; }
    bool is_triangular() const { return above.size() == 0 && !is_fourier(); }
  };
  const Numbers& numbers() const { return numbers_; }

 private:
  Vector<T> B_;
  double norm_bound_ = 0;
  Numbers numbers_;
};

/// (I - alpha A)^-1 for one alpha, of type S: T, or std::complex<T> for a pole of a rational function.
///
/// Semiseparable: with the sums s_n = sum_{k<n} g_k x_k and q_n = sum_{k>n} h_k x_k of the solution, q_n is an affine
/// function phi_n s_{n+1} + psi_n, where phi depends on alpha alone. One sweep from the end makes psi, one from the
/// start x. fourier: 2 x 2 inverses and the Sherman-Morrison formula.
///
/// Cost       O(N) to prepare and to solve; no allocation once prepared for an order.
template <class T, class S>
class LONGSTATE_API ShiftedHippo {
 public:
  /// For Re alpha >= 0. The operator need not outlive this.
  void prepare(const HippoOperator<T>& A, S alpha);

  /// x <- (I - alpha A)^-1 x, one column.
  void solve(Frame<S> x) const;

  /// What solve() works with (src/hippo/operators.cpp).
  struct Numbers {
    Vector<S> inverse, from_below, from_above,
        to_above;  ///< semiseparable; the last two empty where A is lower triangular
    Vector<T> g;
    Vector<S> cosine, sine, blocks_e;  ///< fourier
    Vector<T> e;
    S gain = 0;
  };
  const Numbers& numbers() const { return numbers_; }

 private:
  Numbers numbers_;
};

extern template class HippoOperator<float>;
extern template class HippoOperator<double>;
extern template class ShiftedHippo<float, float>;
extern template class ShiftedHippo<double, double>;
extern template class ShiftedHippo<float, std::complex<float>>;
extern template class ShiftedHippo<double, std::complex<double>>;

}  // namespace longstate
