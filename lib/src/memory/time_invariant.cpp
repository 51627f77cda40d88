#include "time_invariant.hpp"

#include "../structure/dense.hpp"

#include <longstate/discretize/phi.hpp>
#include <longstate/system/state_space.hpp>

namespace longstate::detail {

/// x <- A x + B_previous u_{k-1} + B u_k, for one length of step.
template <class T>
struct DenseStep {
  DenseTransition<T> A;
  Vector<T> B, B_previous;  // B_previous is empty where the sample before does not matter

  DenseStep(const StateSpace& system, double dt, Discretization method, double alpha) {
    if (intersample(method) == Intersample::lines) {
      const auto phi = phi_functions(system.A * dt, 2);
      A = DenseTransition<T>(phi[0]);
      B_previous = (dt * (phi[1] - phi[2]) * system.B.col(0)).template cast<T>();
      B = (dt * phi[2] * system.B.col(0)).template cast<T>();
    } else {
      const DiscreteStateSpace step = discretize(system, dt, method, {.alpha = alpha});
      A = DenseTransition<T>(step.A);
      B = step.B.col(0).template cast<T>();
    }
  }

  void advance(State<T>& x, const Vector<T>& previous, const ConstFrame<T>& u, State<T>& next) const {
    next.noalias() = B * u.transpose();
    if (B_previous.size() > 0) next.noalias() += B_previous * previous.transpose();
    for (Index c = 0; c < x.cols(); ++c) A.add(x.col(c).data(), next.col(c).data());
    x.swap(next);
  }
};

template <class T>
TimeInvariant<T>::TimeInvariant(const Measure& measure, const MemoryOptions& options)
    : measure_(measure), options_(options) {
  if (options.structure == Structure::hippo && has_operator(measure)) {
    even_.emplace(measure, options.order, options.method, options.alpha);
    even_->prepare(options.dt);
    uneven_ = even_;
    uneven_->reserve();
    if (even_->work() > HippoStep<T>::dense_work(options.order)) even_.reset();
  }
  if (!even_) dense_ = std::make_shared<const DenseStep<T>>(dense_step(options.dt));
  next_.resize(options.order, options.channels);
}

template <class T>
DenseStep<T> TimeInvariant<T>::dense_step(double dt) const {
  return {coefficient_system(measure_, options_.order), dt, options_.method, options_.alpha};
}

template <class T>
void TimeInvariant<T>::advance(double dt, const Vector<T>& previous, const ConstFrame<T>& u, State<T>& x) {
  if (dt != options_.dt) return advance_uneven(dt, previous, u, x);
  if (even_) return even_->advance(x, previous, u);
  dense_->advance(x, previous, u, next_);
}

template <class T>
bool TimeInvariant<T>::takes_matrix(double dt) const {
  if (!uneven_) return true;
  const double norm = uneven_->matrices().norm_bound() * dt;
  return !is_gbt(options_.method) &&
         HippoStep<T>::exponential_work(options_.order, norm) > HippoStep<T>::matrix_work(options_.order, norm);
}

template <class T>
void TimeInvariant<T>::advance_uneven(double dt, const Vector<T>& previous, const ConstFrame<T>& u, State<T>& x) {
  if (takes_matrix(dt)) return dense_step(dt).advance(x, previous, u, next_);
  uneven_->prepare(dt);
  uneven_->advance(x, previous, u);
}

template class TimeInvariant<float>;
template class TimeInvariant<double>;

}  // namespace longstate::detail
