#pragma once

/// \file
/// One step of a HiPPO system in O(N), without its matrix.

#include <longstate/config.hpp>
#include <longstate/discretize/discretize.hpp>
#include <longstate/discretize/pade.hpp>
#include <longstate/hippo/operators.hpp>

#include <complex>
#include <optional>
#include <span>
#include <vector>

namespace longstate {

/// Advances x' = A x + B u by one step of any length, the methods as in discretize.hpp:
///
///     gbt and its kind   x <- x + (I - alpha h A)^-1 h (A x + B u)          one product, one solve
///     zoh, foh           x <- e^(hA) x + the integral of the input, held or along a line
///
/// The exponential acts on x, the input and its slope together, by the Pade factors of pade.hpp: no inverse of A, so
/// fourier's zero eigenvalue is like any other, and the update that design notes write as p(t') + E (x - p(t)), p the
/// polynomial of the input, comes out for every measure without a p.
///
/// Cost       gbt O(N); zoh and foh O(N degree/2 substeps) for each copy, where substeps grow as ||A|| dt, which is
///            O(N^2 dt / theta) for the Legendre measures. prepare: O(N degree/2). No matrices: any dt costs the same, up to
///            steps of more than 2^8 sub-steps and more work than e^(hA) itself: such a step is a product with that,
///            O(N^2), and its prepare O(N^3 log(||A|| dt)).
/// Accuracy   1e-12 of the dense step and of 60 digits in double (tests/discretize/hippo_step_test.cpp). In float a step by gbt of more
///            than a tenth of the window, or of ||A|| dt > 300 (fourier: 6), is made in double and rounded once: (I + M)(I - M)^-1 of a large M
///            lies near -I, of which rounding adds up over the samples. In double it adds up where an eigenvalue is zero (fourier):
///            to at most alpha dt ||A|| eps n in n samples (zoh and foh: alpha = 1).
/// Real-time  advance() does not allocate, lock or throw; prepare() allocates the first time that a dt takes a higher degree (after
///            reserve() never), and for a stiff step.
/// Threads    owns its scratch: copy it to use it on another thread.
template <class T>
class LONGSTATE_API HippoStep {
 public:
  /// Throws std::invalid_argument as HippoOperator, choose_pade and gbt_alpha, and for impulse.
  HippoStep(const Measure& measure, Index order, Discretization method, double alpha = 0.5,
            const PadeOptions& pade = {});

  /// Sets the step, in seconds (legs: in log time). Throws std::invalid_argument if it is not positive and finite,
  /// std::domain_error if e^(hA) of a stiff step is beyond the largest number; then nothing is prepared, and dt() is 0.
  void prepare(double dt);

  /// Room for every degree, so that prepare() allocates no more, whatever dt.
  void reserve();

  /// x (N x copies), u over the step: from `first` to `last` along a line with foh, `last` alone otherwise.
  void advance(State<T>& x, ConstFrame<T> first, ConstFrame<T> last);

  /// x <- A_discrete x, one column.
  void transition(Frame<T> x);

  /// A_discrete x - x with digits of its own: the step from zero under the constant force A x.
  Vector<T> increment(const ConstFrame<T>& x);

  const HippoOperator<T>& matrices() const { return A_; }
  double dt() const { return dt_; }
  PadeOptions pade() const { return chosen_; }  ///< zeros with gbt and its kind, and where a step is by its matrix
  bool by_matrix() const { return exponential_.has_value(); }
  /// Whether its factors in T are all there is to a step.
  bool by_sweeps() const { return !exponential_ && !in_double_; }

  Discretization method() const { return method_; }
  /// A step by gbt: alpha, and (I - alpha h A)^-1 in T where alpha > 0 and by_sweeps().
  double alpha() const { return alpha_; }
  const ShiftedHippo<T, T>& implicit() const { return implicit_; }

  /// A factor of e^(hA), with h = dt / substeps: 1 + Re(weight h A (I - h/a A)^-1).
  struct Factor {
    ShiftedHippo<T, std::complex<T>> solver;  ///< (I - h/a A)^-1
    std::complex<T> inverse_pole;             ///< 1/a
    std::complex<T> weight;                   ///< 2 c/a
  };
  /// Those of a step by zoh or foh; none where it is by its matrix.
  std::span<const Factor> factors() const { return {factors_.data(), factors_.size()}; }

  /// Multiply-adds of advance() for each copy, a complex one counted as four.
  double work() const;

  /// A dense step of N^2 multiply-adds in the same unit. A multiply-add of a running sum waits for the one before it; a
  /// dense product's do not, and are vectorised: so many of those take the time of one of these (apps/bench/step.cpp
  /// prints both).
  static constexpr double dense_products_at_once = 2.5;
  static double dense_work(Index order) {
    return static_cast<double>(order) * static_cast<double>(order) / dense_products_at_once;
  }

  /// The same for zoh and foh with ||A dt|| <= norm, before any preparation.
  static double exponential_work(Index order, double norm, const PadeOptions& options = {});

  /// And that of e^(hA) and its integrals as matrices.
  static double matrix_work(Index order, double norm);

 private:
  friend class HippoStep<float>;
  /// Those of the degree in use. Others keep their memory, for a dt that will take them.
  class Factors {
   public:
    void use(std::size_t count) {
      if (all_.size() < count) all_.resize(count);
      used_ = count;
    }
    std::size_t size() const { return used_; }
    const Factor* data() const { return all_.data(); }
    Factor& operator[](std::size_t j) { return all_[j]; }
    auto begin() const { return all_.begin(); }
    auto end() const { return all_.begin() + static_cast<std::ptrdiff_t>(used_); }

   private:
    std::vector<Factor> all_;
    std::size_t used_ = 0;
  };
  /// A stiff step: in double whatever T is, since e^(hA) may turn for ever (fourier).
  struct Exponential {
    Matrix<double> transition, held, rising;  // e^(hA), and what a constant and a rising force come to
    Vector<double> x;
  };
  using Force = const ConstFrame<T>&;  // what multiplies the input: B
  void prepare_step(double dt);
  void prepare_matrix(double dt);
  void advance_by_matrix(Frame<T> x, Force B, T first, T last);
  void advance_gbt(Frame<T> x, Force B, T u);
  void advance_exponential(Frame<T> x, Force B, T first, T last);

  Measure measure_;
  HippoOperator<T> A_;
  Discretization method_;
  double alpha_;
  PadeOptions options_, chosen_;
  double dt_ = 0;
  ShiftedHippo<T, T> implicit_;
  Factors factors_;
  std::optional<Exponential> exponential_;
  std::vector<HippoStep<double>> wide_;  // float: one, for steps in double
  Vector<double> wide_x_, wide_force_;
  bool in_double_ = false;
  Vector<T> rate_;
  Vector<T> carry_;  // what rounding took from x: 10^6 sub-steps would round it the same way each time
  Vector<std::complex<T>> increment_;
};

extern template class HippoStep<float>;
extern template class HippoStep<double>;

}  // namespace longstate
