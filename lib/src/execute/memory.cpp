#include "memory_design.hpp"

#include "../detail/check.hpp"

#include <longstate/execute/memory.hpp>
#include <longstate/execute/state.hpp>

#include <algorithm>
#include <cmath>

namespace longstate {
namespace {

/// Terms of the Taylor series of e^z that reach double precision for z <= 1.
Index series_degree(double z) {
  double term = 1;
  Index degree = 1;
  for (; degree < 20; ++degree) {
    term *= z / static_cast<double>(degree);
    if (term < 0x1p-56) break;
  }
  return degree + 1;
}

/// A multiply-add of a running sum waits for the one before it; a dense product's do not, and are vectorised: so many of
/// those take the time of one of these (apps/bench/step.cpp prints both).
constexpr double running_sum_cost = 2.5;

double dense_step_work(Index order) {
  const double N = static_cast<double>(order);
  return N * N / running_sum_cost;
}

/// phi_functions(X, 2): about 7 + 3 (s + 1) products, ||X / 2^s|| <= 1.
double dense_exponential_work(Index order, double norm) {
  const double N = static_cast<double>(order);
  return (10 + 3 * std::log2(std::max(1.0, norm))) * N * N * N / running_sum_cost;
}

}  // namespace

template <class T>
Memory<T>::Memory(Measure measure, const MemoryOptions& options) : measure_(measure), options_(options) {
  validate(measure);
  detail::check_order("Memory", options.order);
  detail::check_positive("Memory", "dt", options.dt);
  if (options.channels < 1) detail::fail("Memory", "channels must be at least 1", options.channels);
  if (options.structure != Structure::hippo && options.structure != Structure::dense) {
    detail::fail("Memory", "structure must be hippo or dense", name(options.structure));
  }
  auto design = std::make_shared<Design>(measure, options);
  choose_steps(*design);
  design_ = std::move(design);

  previous_.resize(options.channels);
  slope_.resize(options.channels);
  level_.resize(options.channels);
  term_.resize(options.order, options.channels);
  sampled_.resize(options.order, options.channels);
  node_.resize(options.order);
  legendre_.resize(options.order);
  legendre_before_.resize(options.order);
  reset();
}

template <class T>
void Memory<T>::reset() {
  x_ = State<T>::Zero(order(), channels());
  previous_.setZero();
  samples_ = 0;
  start_ = last_stamp_ = 0;
  even_steps_ = 0;
}

template <class T>
double Memory<T>::window() const {
  return is_time_invariant(measure_) ? timescale(measure_) : elapsed();
}

template <class T>
double Memory<T>::sample_delay() const {
  const bool published_legs = !is_time_invariant(measure_) && options_.method != Discretization::zoh;
  return published_legs ? 0.0 : options_.dt * sample_age(options_.method, options_.alpha);
}

template <class T>
void Memory<T>::check(ConstFrame<T> u) const {
  detail::check_shape("Memory", "a frame", u.rows(), 1, channels(), 1);
  for (Index c = 0; c < u.size(); ++c) {
    if (!std::isfinite(u(c))) {
      detail::fail("Memory",
                   "sample " + std::to_string(samples_) + " of channel " + std::to_string(c) + " must be finite", u(c));
    }
  }
}

template <class T>
void Memory<T>::push(T u) {
  if (channels() != 1) detail::fail("Memory", "push(u) takes one channel; give a frame of", channels());
  push(ConstFrame<T>(Eigen::Map<const Vector<T>>(&u, 1)));
}

template <class T>
void Memory<T>::push(ConstFrame<T> u) {
  check(u);
  const bool passes_time = samples_ > 0 || !design_->lines;
  take(options_.dt, u);
  if (passes_time) ++even_steps_;
}

template <class T>
void Memory<T>::push_block(ConstSignal<T> u) {
  detail::check_shape("Memory", "a block", u.rows(), u.cols(), channels(), u.cols());
  for (Index k = 0; k < u.cols(); ++k) push(u.col(k));
}

template <class T>
void Memory<T>::push_at(double time, ConstFrame<T> u) {
  check(u);
  if (!std::isfinite(time)) detail::fail("Memory", "time must be finite", time);
  if (samples_ == 0) {
    start_ = last_stamp_ = design_->lines ? time : time - options_.dt;
    take(options_.dt, u);
  } else {
    const double before = start_ + elapsed();
    if (!(time > before)) {
      detail::fail("Memory", "time must advance; the one before was " + std::to_string(before), time);
    }
    take(time - before, u);
  }
  last_stamp_ = time;
  even_steps_ = 0;
}

/// The frame that comes dt after the one before. The first of a joined signal is where it starts: no time has passed.
template <class T>
void Memory<T>::take(double dt, ConstFrame<T> u) {
  if (samples_ > 0 || !design_->lines) {
    advance(dt, u);
  } else if (design_->legs) {
    x_.row(0) = u.transpose();
  }
  previous_ = u;
  ++samples_;
}

template <class T>
void Memory<T>::advance(double dt, ConstFrame<T> u) {
  if (design_->legs) {
    advance_legs(elapsed(), dt, u);
  } else if (dt == options_.dt && even_) {
    even_->advance(x_, previous_, u);
  } else if (dt == options_.dt) {
    design_->dense->advance(x_, previous_, u, term_);
  } else {
    advance_uneven(dt, u);
  }
}

/// Decides once how a step of dt is made, and prepares for others.
template <class T>
void Memory<T>::choose_steps(Design& design) {
  if (design.legs) {
    implicit_.prepare(*design.legs, T(0));  // allocates, so that steps do not
    return;
  }
  if (options_.structure == Structure::hippo && has_operator(measure_)) {
    even_.emplace(measure_, options_.order, options_.method, options_.alpha);
    even_->prepare(options_.dt);
    uneven_ = even_;
    if (even_->work() <= dense_step_work(options_.order)) return;
    even_.reset();
  }
  design.dense.emplace(design.system, options_.dt, options_.method, options_.alpha);
}

template <class T>
void Memory<T>::advance_uneven(double dt, ConstFrame<T> u) {
  if (uneven_) {
    const double norm = uneven_->matrices().norm_bound() * dt;
    if (!design_->exact || HippoStep<T>::exponential_work(order(), norm) <= dense_exponential_work(order(), norm)) {
      uneven_->prepare(dt);
      uneven_->advance(x_, previous_, u);
      return;
    }
  }
  const DenseStep<T> step(design_->system, dt, options_.method, options_.alpha);
  step.advance(x_, previous_, u, term_);
}

/// One step of x' = A x + B u in log time over h by the Taylor series of its solution: x^(j) = A x^(j-1) + B u^(j-1).
/// The input starts at level_ with derivative slope_, and so are all its further derivatives (it is exponential).
template <class T>
void Memory<T>::advance_legs_by_taylor(double h) {
  const HippoOperator<T>& A = *design_->legs;
  const Index degree = series_degree(design_->norm * h);
  double power = 1;  // h^j / j!
  term_ = x_;
  for (Index j = 1; j <= degree; ++j) {
    const double ratio = h / static_cast<double>(j);
    power *= ratio;
    A.multiply(static_cast<T>(ratio), term_, sampled_);
    term_.swap(sampled_);
    term_.noalias() += A.B() * (static_cast<T>(power) * (j == 1 ? level_ : slope_)).transpose();
    x_ += term_;
  }
}

template <class T>
void Memory<T>::advance_legs(double t, double dt, ConstFrame<T> u) {
  const Design& d = *design_;
  if (!d.exact) return advance_legs_by_gbt(t, dt, u);
  if (t == 0) {  // the past is this one piece: its own polynomial
    x_.setZero();
    x_.row(0) = u.transpose();
    if (d.lines) {
      x_.row(0) = (u + previous_).transpose() / 2;
      if (order() > 1) x_.row(1) = (u - previous_).transpose() / static_cast<T>(2 * std::sqrt(3.0));
    }
    return;
  }
  const double log_ratio = std::log1p(dt / t);
  const double z = d.norm * log_ratio;
  // The series costs about 18 running sums for each unit of z, the quadrature about 8 sums for each degree.
  const double break_even = std::max(1.0, 8.0 * static_cast<double>(order()) / (4 * 18.0));
  if (z > break_even) {
    advance_legs_by_quadrature(t, dt, u);
  } else {
    const Index substeps = std::max<Index>(1, static_cast<Index>(std::ceil(z)));
    advance_legs_by_series(t, dt, log_ratio, substeps, u);
  }
}

template <class T>
void Memory<T>::advance_legs_by_series(double t, double dt, double log_ratio, Index substeps, ConstFrame<T> u) {
  const double h = log_ratio / static_cast<double>(substeps);
  slope_.setZero();
  level_ = u;
  for (Index step = 0; step < substeps; ++step) {
    if (design_->lines) {  // u = previous + (u - previous)(e^sigma - t) / dt: exponential in log time
      const double now = t * std::exp(h * static_cast<double>(step));
      level_ = previous_ + static_cast<T>((now - t) / dt) * (u - previous_);
      slope_ = static_cast<T>(now / dt) * (u - previous_);
    }
    advance_legs_by_taylor(h);
  }
}

/// A polynomial p of degree < N is its own projection at any time, so x' = p(t') + E (x - p(t)), with p the line (or
/// constant) of this step. E stands for stretching the window from t to t' with nothing new in it:
///     (E x)_n = r int_0^1 p_n(r v) (sum_k x_k p_k(v)) dv,   r = t / t',
/// where N Gauss-Legendre nodes are exact, the integrand being of degree 2N - 2.
template <class T>
void Memory<T>::advance_legs_by_quadrature(double t, double dt, ConstFrame<T> u) {
  const Design& d = *design_;
  const double end = t + dt;
  const T r = static_cast<T>(t / end);
  const auto add_line = [&](T sign, double now) {  // the coefficients of the line on [0, now]
    if (d.lines) {
      slope_ = (u - previous_) * static_cast<T>(now / (2 * dt));
      level_ = previous_ + (u - previous_) * static_cast<T>((now / 2 - t) / dt);
      if (order() > 1) x_.row(1) += sign * slope_.transpose() / static_cast<T>(std::sqrt(3.0));
      x_.row(0) += sign * level_.transpose();
    } else {
      x_.row(0) += sign * u.transpose();
    }
  };

  add_line(-1, t);
  term_.noalias() = d.basis_at_nodes.transpose() * x_;  // the polynomial at each node
  for (Index c = 0; c < channels(); ++c) term_.col(c).array() *= r * d.weights.array();
  node_ = 2 * r * d.nodes.array() - 1;
  legendre_before_.setZero();
  legendre_.setOnes();
  for (Index n = 0; n < order(); ++n) {
    x_.row(n).noalias() = d.legs->B()(n) * (legendre_.transpose() * term_);
    const T degree = static_cast<T>(n);
    const T a = (2 * degree + 1) / (degree + 1);
    const T b = degree / (degree + 1);
    legendre_before_ = a * node_.cwiseProduct(legendre_) - b * legendre_before_;
    legendre_.swap(legendre_before_);
  }
  add_line(1, end);
}

/// The published update: (I - alpha h A)(x' - x) = h (A x + B u), h = dt / t at the end of the step.
template <class T>
void Memory<T>::advance_legs_by_gbt(double t, double dt, ConstFrame<T> u) {
  const HippoOperator<T>& A = *design_->legs;
  const double alpha = gbt_alpha(options_.method, options_.alpha);
  const double h = dt / (t + dt);
  A.multiply(static_cast<T>(h), x_, term_);
  term_.noalias() += A.B() * (static_cast<T>(h) * u).transpose();
  if (alpha > 0) {
    implicit_.prepare(A, static_cast<T>(alpha * h));
    for (Index c = 0; c < channels(); ++c) implicit_.solve(term_.col(c));
  }
  x_ += term_;
}

template <class T>
Vector<T> Memory<T>::reconstruct(const Eigen::Ref<const Vector<double>>& delays, Index channel) const {
  if (channel < 0 || channel >= channels()) {
    detail::fail("Memory::reconstruct", "channel must be from 0 to " + std::to_string(channels() - 1), channel);
  }
  const double theta = window();
  Vector<double> ages = delays;
  if (theta > 0) {
    ages /= theta;
  } else if (!ages.isZero(0)) {
    detail::fail("Memory::reconstruct", "a delay must be 0 before any time has passed", ages.cwiseAbs().maxCoeff());
  }
  // A delay of exactly the window may come out a rounding beyond it.
  if (support(measure_) == 1) {
    for (double& age : ages) {
      if (age > 1 && age < 1 + 1e-12) age = 1;
    }
  }
  const Vector<double> coefficients = x_.col(channel).template cast<double>();
  return read_out(measure_, coefficients, ages).template cast<T>();
}

/// The coefficients, the last frame, and where in time it is, all exact in double.
template <class T>
std::vector<std::byte> Memory<T>::save() const {
  State<double> all = State<double>::Zero(order() + 5, channels());
  all.topRows(order()) = x_.template cast<double>();
  all.row(order()) = previous_.transpose().template cast<double>();
  all.col(0).tail(4) << static_cast<double>(samples_), start_, last_stamp_, static_cast<double>(even_steps_);
  return save_state<double>(all);
}

template <class T>
void Memory<T>::restore(std::span<const std::byte> bytes) {
  const State<double> all = restore_state<double>(bytes);
  detail::check_shape("Memory::restore", "the saved memory", all.rows(), all.cols(), order() + 5, channels());
  x_ = all.topRows(order()).template cast<T>();
  previous_ = all.row(order()).transpose().template cast<T>();
  samples_ = static_cast<Index>(all(order() + 1, 0));
  start_ = all(order() + 2, 0);
  last_stamp_ = all(order() + 3, 0);
  even_steps_ = static_cast<Index>(all(order() + 4, 0));
}

template class Memory<float>;
template class Memory<double>;

}  // namespace longstate
