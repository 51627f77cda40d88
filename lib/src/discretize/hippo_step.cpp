#include "../detail/check.hpp"
#include "../detail/multiply.hpp"
#include "../measure/table.hpp"

#include <longstate/discretize/hippo_step.hpp>
#include <longstate/discretize/phi.hpp>

#include <algorithm>
#include <cmath>

namespace longstate {
namespace {

constexpr Index few_substeps = 1 << 8;  // of O(N) each, without memory of their own, whatever a matrix would save
// A step that float can take by gbt, and its ||A|| dt; that of waves, which do not fade, apart.
constexpr double part_of_window = 0.1, most_norm = 300, most_turn = 6;

}  // namespace

template <class T>
HippoStep<T>::HippoStep(const Measure& measure, Index order, Discretization method, double alpha,
                        const PadeOptions& pade)
    : measure_(measure),
      A_(measure, order),
      method_(method),
      alpha_(is_gbt(method) ? gbt_alpha(method, alpha) : alpha),
      options_(pade),
      rate_(order) {
  if (intersample(method) == Intersample::none) detail::fail("HippoStep", "method must not be", name(method));
  choose_pade(0, pade);  // checks it
  if (is_gbt(method)) {
    if (std::is_same_v<T, float>) {
      wide_.emplace_back(measure, order, method, alpha).prepare(1);  // allocates, so that steps do not
      wide_x_.resize(order);
      wide_force_.resize(order);
    }
    return;
  }
  increment_.resize(order);
  carry_.resize(order);
}

template <class T>
void HippoStep<T>::prepare(double dt) {
  if (dt == dt_) return;
  detail::check_positive("HippoStep", "dt", dt);
  if (!std::isfinite(A_.norm_bound() * dt)) detail::fail("HippoStep", "dt must be so short that A dt is finite", dt);
  dt_ = 0;  // until all is there
  prepare_step(dt);
  dt_ = dt;
}

template <class T>
void HippoStep<T>::prepare_step(double dt) {
  if (is_gbt(method_)) {
    const bool turns = detail::operator_kind(measure_) == detail::OperatorKind::waves;
    const double most = turns ? most_turn : most_norm;
    in_double_ = !wide_.empty() && (A_.norm_bound() * dt > most || dt > part_of_window * timescale(measure_));
    if (in_double_) return wide_.front().prepare(dt);
    if (alpha_ > 0) implicit_.prepare(A_, static_cast<T>(alpha_ * dt));
    return;
  }
  exponential_.reset();
  const double norm = A_.norm_bound() * dt;
  const PadeOptions pade = choose_pade(norm, options_);
  if (options_.substeps == 0 && pade.substeps > few_substeps &&
      exponential_work(A_.order(), norm, options_) > matrix_work(A_.order(), norm)) {
    return prepare_matrix(dt);
  }
  const auto poles = pade_poles(pade.degree);
  factors_.use(poles.size());
  const double h = dt / static_cast<double>(pade.substeps);
  for (std::size_t j = 0; j < poles.size(); ++j) {
    const std::complex<double> a = poles[j];
    const std::complex<double> c(0, 2 * a.real() / a.imag());
    factors_[j].inverse_pole = std::complex<T>(1.0 / a);
    factors_[j].weight = std::complex<T>(2.0 * c / a);
    factors_[j].solver.prepare(A_, std::complex<T>(h / a));
  }
  chosen_ = pade;
}

template <class T>
void HippoStep<T>::reserve() {
  if (is_gbt(method_)) {
    if (alpha_ > 0) implicit_.prepare(A_, T(1));
  } else {
    constexpr Index highest_degree = 16;
    const std::size_t most = pade_poles(options_.degree != 0 ? options_.degree : highest_degree).size();
    factors_.use(most);
    for (std::size_t j = 0; j < most; ++j) factors_[j].solver.prepare(A_, std::complex<T>(1));
  }
  const double dt = dt_;
  dt_ = 0;
  factors_.use(0);
  if (dt > 0) prepare(dt);
}

template <class T>
void HippoStep<T>::prepare_matrix(double dt) {
  const HippoOperator<double> A(measure_, A_.order());
  const Matrix<double> I = Matrix<double>::Identity(A.order(), A.order());
  Matrix<double> X(A.order(), A.order());
  A.multiply(dt, I, X);
  const auto phi = phi_functions(X, 2);
  factors_.use(0);
  exponential_ = {phi[0], dt * phi[1], dt * phi[2], Vector<double>(A.order())};
  chosen_ = {};
}

template <class T>
void HippoStep<T>::advance(State<T>& x, ConstFrame<T> first, ConstFrame<T> last) {
  const bool gbt = is_gbt(method_), line = intersample(method_) == Intersample::lines;
  for (Index c = 0; c < x.cols(); ++c) {
    if (gbt) {
      advance_gbt(x.col(c), A_.B(), last(c));
    } else {
      advance_exponential(x.col(c), A_.B(), line ? first(c) : last(c), last(c));
    }
  }
}

template <class T>
void HippoStep<T>::transition(Frame<T> x) {
  if (is_gbt(method_)) {
    advance_gbt(x, A_.B(), T(0));
  } else {
    advance_exponential(x, A_.B(), T(0), T(0));
  }
}

template <class T>
Vector<T> HippoStep<T>::increment(const ConstFrame<T>& x) {
  Vector<T> force(x.size());
  Vector<T> result = Vector<T>::Zero(x.size());
  A_.multiply(T(1), x, force);
  if (is_gbt(method_)) {
    advance_gbt(result, force, T(1));
  } else {
    advance_exponential(result, force, T(1), T(1));
  }
  return result;
}

template <class T>
void HippoStep<T>::advance_gbt(Frame<T> x, Force B, T u) {
  if constexpr (std::is_same_v<T, float>) {
    if (in_double_) {
      wide_x_ = x.template cast<double>();
      wide_force_ = B.template cast<double>();
      wide_.front().advance_gbt(wide_x_, wide_force_, static_cast<double>(u));
      x = wide_x_.cast<T>();
      return;
    }
  }
  const T h = static_cast<T>(dt_);
  A_.multiply(h, x, rate_);
  rate_ += (h * u) * B;
  if (alpha_ > 0) implicit_.solve(rate_);
  x += rate_;
}

template <class T>
void HippoStep<T>::advance_by_matrix(Frame<T> x, Force B, T first, T last) {
  Exponential& e = *exponential_;
  const double held = static_cast<double>(first), rise = static_cast<double>(last) - held;
  for (Index n = 0; n < x.size(); ++n) {
    e.x(n) = 0;
    for (Index k = 0; k < x.size(); ++k) {
      e.x(n) += e.transition(n, k) * static_cast<double>(x(k)) +
                (e.held(n, k) * held + e.rising(n, k) * rise) * static_cast<double>(B(k));
    }
  }
  x = e.x.template cast<T>();
}

template <class T>
void HippoStep<T>::advance_exponential(Frame<T> x, Force B, T first, T last) {
  if (exponential_) return advance_by_matrix(x, B, first, last);
  const double parts = static_cast<double>(chosen_.substeps);
  const T h = static_cast<T>(dt_ / parts);
  const T rise = static_cast<T>((last - first) / parts);
  const Index order = x.size();
  carry_.setZero();
  for (Index part = 0; part < chosen_.substeps; ++part) {
    T u = first + static_cast<T>(part) * rise;
    for (const Factor& factor : factors_) {
      A_.multiply(h, x, rate_);
      // (I - hA/a)^-1 ( h (A x + B u) + h/a B rise ): the rise of u within the step, seen through the same factor.
      const T real = h * (u + factor.inverse_pole.real() * rise);
      const T imaginary = h * factor.inverse_pole.imag() * rise;
      for (Index n = 0; n < order; ++n) {
        increment_(n) = {rate_(n) + real * B(n), imaginary * B(n)};
      }
      factor.solver.solve(increment_);
      for (Index n = 0; n < order; ++n) {
        const T increment =
            factor.weight.real() * increment_(n).real() - factor.weight.imag() * increment_(n).imag() + carry_(n);
        const T sum = x(n) + increment;
        carry_(n) = increment - (sum - x(n));
        x(n) = sum;
      }
      u += factor.weight.real() * rise;
    }
  }
}

template <class T>
double HippoStep<T>::exponential_work(Index order, double norm, const PadeOptions& options) {
  const PadeOptions pade = choose_pade(norm, options);
  constexpr double factor = 28;  // for each entry: the product 4, the complex sweeps 16 (20 for two of them), the sum 4
  const Index pairs = pade.degree / 2;
  return factor * static_cast<double>(pade.substeps) * static_cast<double>(pairs) * static_cast<double>(order);
}

/// phi_functions(X, 2): about 7 + 3 (s + 1) products, ||X / 2^s|| <= 1.
template <class T>
double HippoStep<T>::matrix_work(Index order, double norm) {
  const double products = 10 + 3 * std::log2(std::max(1.0, norm));
  return products * static_cast<double>(order) * dense_work(order);
}

template <class T>
double HippoStep<T>::work() const {
  constexpr double factor = 18;  // a product and a real solve, which are too short to overlap
  if (exponential_) return 3 * static_cast<double>(A_.order() * A_.order());
  return is_gbt(method_) ? factor * static_cast<double>(A_.order())
                         : exponential_work(A_.order(), A_.norm_bound() * dt_, options_);
}

template class HippoStep<float>;
template class HippoStep<double>;

}  // namespace longstate
