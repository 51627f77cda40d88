#include "../detail/powers.hpp"
#include "../detail/real_form.hpp"
#include "../detail/with_value.hpp"
#include "../simd/size.hpp"
#include "../system/nplr_resolvent.hpp"

#include <longstate/discretize/phi.hpp>
#include <longstate/execute/transition.hpp>

#include <algorithm>
#include <array>

namespace longstate {
namespace {

using Complex = std::complex<double>;

using simd::size;

template <class T>
using AnyTransition = std::variant<DenseTransition<T>, HippoTransition<T>, NplrTransition<T>, DiagonalTransition<T>,
                                   CompanionTransition<T>>;

template <class T>
AnyTransition<T> make(const DiscreteStateSpace& system) {
  return DenseTransition<T>(system.A);
}

template <class T>
AnyTransition<T> make(const DiscreteHippo& system) {
  return HippoTransition<T>(system);
}

template <class T>
AnyTransition<T> make(const DiscreteNplr& system) {
  return NplrTransition<T>(system);
}

template <class T>
AnyTransition<T> make(const DiscreteDiagonal& system) {
  return DiagonalTransition<T>(detail::powers_of(system.mu, 1));
}

template <class T>
AnyTransition<T> make(const TransferFunction& system) {
  return CompanionTransition<T>(system);
}

const DiscreteSystem& valid(const DiscreteSystem& system) {
  validate(system);
  return system;
}

}  // namespace

template <class T>
void DiagonalTransition<T>::add(const T* x, T* next) const {
  for (Index n = 0; n < lambda_.size(); ++n) {
    const std::complex<double> lambda = lambda_(n);
    const double re = static_cast<double>(x[2 * n]), im = static_cast<double>(x[2 * n + 1]);
    next[2 * n] = static_cast<T>(static_cast<double>(next[2 * n]) + (lambda.real() * re - lambda.imag() * im));
    next[2 * n + 1] = static_cast<T>(static_cast<double>(next[2 * n + 1]) + (lambda.real() * im + lambda.imag() * re));
  }
}

template <class T>
void DiagonalTransition<T>::add(Index first, Index count, const T* x, double* sums) const {
  for (Index n = 0; n < count; ++n) {
    const std::complex<double> lambda = lambda_(first + n);
    const double re = static_cast<double>(x[2 * (first + n)]), im = static_cast<double>(x[2 * (first + n) + 1]);
    sums[2 * n] += lambda.real() * re - lambda.imag() * im;
    sums[2 * n + 1] += lambda.real() * im + lambda.imag() * re;
  }
}

template <class T>
NplrTransition<T>::NplrTransition(const DiscreteNplr& system) {
  const NplrSystem& s = system.continuous;
  const double h = system.dt;
  const detail::NplrResolvent inverse(s.lambda, s.P, system.alpha * h);
  diagonal_ = DiagonalTransition<T>(Vector<Complex>(1.0 + h * s.lambda.cwiseProduct(inverse.R).array()));
  U_ = h * detail::real_columns(inverse.RP);
  const Matrix<Complex> left = s.P.adjoint() * inverse.R.asDiagonal();  // P* R
  V_ = inverse.small.solve(detail::real_rows(left)).transpose();
}

/// Sums in double, rounded once: numbers of `next` and columns of U and V, one or two of every measure, go some at a time.
template <class T>
void NplrTransition<T>::add(const T* x, T* next) const {
  constexpr Index numbers = 64, columns = 4;
  const Index rows = U_.rows(), rank = U_.cols();
  for (Index done = 0; done == 0 || done < rank; done += columns) {
    const Index many = std::min(columns, rank - done);
    std::array<double, columns> seen{};  // V^T x
    for (Index j = 0; j < many; ++j) {
      for (Index n = 0; n < rows; ++n) seen[size(j)] += V_(n, done + j) * static_cast<double>(x[n]);
    }
    for (Index start = 0; start < rows; start += numbers) {
      const Index count = std::min(numbers, rows - start);
      std::array<double, numbers> sums{};
      for (Index j = 0; j < many; ++j) {
        for (Index n = 0; n < count; ++n) sums[size(n)] -= U_(start + n, done + j) * seen[size(j)];
      }
      if (done == 0) diagonal_.add(start / 2, count / 2, x, sums.data());
      for (Index n = 0; n < count; ++n) sums[size(n)] += static_cast<double>(next[start + n]);
      for (Index n = 0; n < count; ++n) next[start + n] = static_cast<T>(sums[size(n)]);
    }
  }
}

template <class T>
HippoStep<T> hippo_step(const DiscreteHippo& system, const PadeOptions& pade) {
  // All methods by the exponential have the same A.
  const Discretization method = is_gbt(system.method) ? system.method : Discretization::zoh;
  HippoStep<T> step(system.measure, system.order(), method, system.alpha, pade);
  step.prepare(system.dt);
  return step;
}

template <class T>
Transition<T>::Transition(const DiscreteSystem& system)
    : A_(std::visit([](const auto& s) { return make<T>(s); }, valid(system))) {}

template <class T>
void Transition<T>::apply(const ConstFrame<T>& x, Frame<T> next) {
  next.setZero();
  add(x, next);
}

template <class T>
void Transition<T>::add(const ConstFrame<T>& x, Frame<T> next) {
  detail::with_value(A_, [&](auto& A) { A.add(x, next); });
}

template class DiagonalTransition<float>;
template class DiagonalTransition<double>;
template class NplrTransition<float>;
template class NplrTransition<double>;
template HippoStep<float> hippo_step(const DiscreteHippo&, const PadeOptions&);
template HippoStep<double> hippo_step(const DiscreteHippo&, const PadeOptions&);
template class Transition<float>;
template class Transition<double>;

Matrix<double> increment(const DiscreteSystem& system) {
  validate(system);
  const Index N = order(system);
  const Matrix<double> I = Matrix<double>::Identity(N, N);
  const auto* hippo = std::get_if<DiscreteHippo>(&system);
  if (!hippo) return dense(system).A - I;
  auto step = hippo_step<double>(*hippo, hippo->pade);
  Matrix<double> result(N, N);
  for (Index n = 0; n < N; ++n) result.col(n) = step.increment(I.col(n));
  return result;
}

DiscreteStateSpace DiscreteSystem::dense() const { return longstate::dense(*this); }

DiscreteStateSpace dense(const DiscreteSystem& system) {
  validate(system);
  if (const auto* same = std::get_if<DiscreteStateSpace>(&system)) return *same;
  const Index N = order(system);
  const Matrix<double> I = Matrix<double>::Identity(N, N);
  DiscreteStateSpace result{Matrix<double>(N, N), input_matrix(system), output_matrix(system),
                            feed_through(system), time_step(system),    convention(system)};
  Transition<double> A(system);
  for (Index n = 0; n < N; ++n) A.apply(I.col(n), result.A.col(n));
  return result;
}

}  // namespace longstate
