#include "memory_design.hpp"

#include "../detail/check.hpp"
#include "../detail/denormals.hpp"
#include "../discretize/methods.hpp"
#include "../measure/table.hpp"

#include <longstate/execute/memory.hpp>
#include <longstate/execute/state.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace longstate {
namespace {

/// Terms of the Taylor series of e^z that reach double precision for z <= 1.
Index taylor_terms(double z) {
  double term = 1;
  Index degree = 1;
  for (; degree < 20; ++degree) {
    term *= z / static_cast<double>(degree);
    if (term < 0x1p-56) break;
  }
  return degree + 1;
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
  legendre_step_.resize(options.order);
  sign_.resize(options.order);
  if (design_->legs) {
    lanes_.emplace();
    prepare_lanes();
  }
  reset();
}

template <class T>
State<T> Memory<T>::faded() const {
  Memory next = *this;
  next.previous_.setZero();
  next.push(next.previous_);
  return next.x_;
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
  const bool published_legs = !is_time_invariant(measure_) && !design_->exact;
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
  for (Index k = 0; k < u.cols();) {
    if (const Index n = frames_for_lanes(u.rightCols(u.cols() - k)); n > 0) {
      push_in_lanes(u.middleCols(k, n));
      k += n;
    } else {
      push(u.col(k));
      ++k;
    }
  }
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
  const detail::NoDenormals guard;
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
    uneven_->reserve();
    if (even_->work() <= HippoStep<T>::dense_work(options_.order)) return;
    even_.reset();
  }
  design.dense.emplace(design.system, options_.dt, options_.method, options_.alpha);
}

template <class T>
void Memory<T>::advance_uneven(double dt, ConstFrame<T> u) {
  if (uneven_) {
    const double norm = uneven_->matrices().norm_bound() * dt;
    if (!design_->exact || HippoStep<T>::exponential_work(order(), norm) <= HippoStep<T>::matrix_work(order(), norm)) {
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
  const Index degree = taylor_terms(design_->norm * h);
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

/// The projection of both parts of the new window [0, t'], r = t / t': the old polynomial on [0, r], where it is
/// sum_k x_k p_k(v / r), and the line (or constant) of this step on [r, 1], each by the N Gauss-Legendre nodes of its
/// part, which are exact: the integrands are of degree 2N - 2 and N.
template <class T>
void Memory<T>::advance_legs_by_quadrature(double t, double dt, ConstFrame<T> u) {
  const Design& d = *design_;
  const double end = t + dt;
  const T r = static_cast<T>(t / end);
  const T rest = static_cast<T>(dt / end);
  const auto mirrored = [&](Index j) { return d.nodes(order() - 1 - j); };  // 1 - node, to its last digit

  for (Index c = 0; c < channels(); ++c) {  // one by one: Eigen's product of matrices takes memory for its blocks
    term_.col(c).noalias() = d.basis_at_nodes.transpose() * x_.col(c);  // the polynomial at each node
  }
  x_.setZero();
  for (Index j = 0; j < order(); ++j) {
    term_.row(j) *= r * d.weights(j);
    place_node(j, r * d.nodes(j), mirrored(j) + d.nodes(j) * rest);
  }
  add_projection();
  for (Index j = 0; j < order(); ++j) {
    const T weight = rest * d.weights(j);
    const T part = d.lines ? d.nodes(j) : T(1);
    term_.row(j) = weight * (previous_ + part * (u - previous_)).transpose();
    place_node(j, r + rest * d.nodes(j), rest * mirrored(j));
  }
  add_projection();
}

/// Node j at v, with 1 - v given to its last digit, too: P_n(2v - 1) is taken from the nearer end, t = 2 min(v, 1 - v),
/// in differences, since 2v - 1 would lose the digits of a small t, of which P_n takes n^2 times as many
/// (measure/polynomials.hpp has the recurrence).
template <class T>
void Memory<T>::place_node(Index j, T v, T one_less_v) {
  const bool low = v < T(0.5);
  node_(j) = 2 * (low ? v : one_less_v);
  sign_(j) = low ? T(-1) : T(1);
}

/// x_n += sqrt(2n+1) sum_j P_n(2 v_j - 1) term_j, all n. Uses up the terms.
template <class T>
void Memory<T>::add_projection() {
  legendre_.setOnes();
  legendre_step_.setZero();
  for (Index n = 0; n < order(); ++n) {
    if (n > 0) {
      const T degree = static_cast<T>(n - 1);
      legendre_step_ = (degree * legendre_step_ - (2 * degree + 1) * node_.cwiseProduct(legendre_)) / static_cast<T>(n);
      legendre_ += legendre_step_;
      for (Index c = 0; c < channels(); ++c) term_.col(c).array() *= sign_.array();  // (-1)^n at the low end
    }
    for (Index c = 0; c < channels(); ++c) x_(n, c) += design_->legs->B()(n) * legendre_.dot(term_.col(c));
  }
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

namespace {

/// Where in time a memory is, as it is saved: in the first channel's column, after the coefficients and the last frame.
struct Place {
  double samples, start, last_stamp, even_steps;
};
constexpr Index place_size = 4, settings_size = 7;

/// A parameter of a measure besides theta, 0 where it has none, and its name.
struct MeasureParameter {
  std::string name;
  double value;
};
MeasureParameter parameter(const Measure& measure, std::size_t i) {
  return detail::with_row(measure, [i](const auto& row, const auto& m) {
    const auto& p = row.parameters[i];
    return p.value ? MeasureParameter{std::string(p.name).append(" of ").append(row.name), m.*p.value}
                   : MeasureParameter{"measure", 0};
  });
}

/// What a saved memory must agree in with the one that goes on from it.
Vector<double> settings(const Measure& measure, const MemoryOptions& options) {
  Vector<double> numbers(settings_size);
  numbers << static_cast<double>(measure.index()), timescale(measure), parameter(measure, 0).value,
      parameter(measure, 1).value, options.dt, static_cast<double>(options.method),
      detail::takes_alpha(options.method) ? options.alpha : 0;
  return numbers;
}

void check_settings(const Measure& measure, const Vector<double>& saved, const Vector<double>& own) {
  const std::string memory_names[settings_size] = {
      "measure", "window (or timescale)", parameter(measure, 0).name, parameter(measure, 1).name, "dt",
      "method",  "alpha of gbt"};
  for (Index i = 0; i < settings_size; ++i) {
    if (saved(i) == own(i)) continue;
    const bool named = i == 0 || i == 5;
    std::ostringstream rule;
    rule.precision(17);
    rule << "the saved memory must be of the same " << memory_names[i];
    if (!named) rule << ", " << own(i);
    if (named) detail::fail("Memory::restore", rule.str(), "another");
    detail::fail("Memory::restore", rule.str(), saved(i));
  }
}

void check_place(const Place& place) {
  const auto is_count = [](double value) { return value >= 0 && value <= 0x1p53 && value == std::floor(value); };
  const auto require = [](bool holds, const char* rule, double got) {
    if (!holds) detail::fail("Memory::restore", rule, got);
  };
  require(is_count(place.samples), "the number of samples must be a whole one from 0 to 2^53", place.samples);
  require(is_count(place.even_steps), "the number of even steps must be a whole one from 0 to 2^53", place.even_steps);
  require(place.even_steps <= place.samples, "the even steps must be at most the samples", place.even_steps);
  require(place.last_stamp >= place.start, "the last stamp must not be before the start", place.last_stamp);
}

}  // namespace

/// The coefficients, the last frame, where in time it is, and what it is a memory of, all exact in double.
template <class T>
std::vector<std::byte> Memory<T>::save() const {
  State<double> all = State<double>::Zero(order() + 1 + place_size + settings_size, channels());
  all.topRows(order()) = x_.template cast<double>();
  all.row(order()) = previous_.transpose().template cast<double>();
  all.col(0).tail(place_size + settings_size) << static_cast<double>(samples_), start_, last_stamp_,
      static_cast<double>(even_steps_), settings(measure_, options_);
  return save_state<double>(all);
}

template <class T>
void Memory<T>::restore(std::span<const std::byte> bytes) {
  const State<double> all = restore_state<double>(bytes);
  constexpr Index extra = place_size + settings_size;
  detail::check_shape("Memory::restore", "the saved memory", all.rows(), all.cols(), order() + 1 + extra, channels());
  check_settings(measure_, all.col(0).tail(settings_size), settings(measure_, options_));
  const auto tail = all.col(0).tail(extra);
  const Place place{tail(0), tail(1), tail(2), tail(3)};
  check_place(place);
  const Matrix<T> values = all.topRows(order() + 1).template cast<T>();
  if (!values.allFinite() || !all.bottomRightCorner(extra, channels() - 1).isZero(0)) {
    detail::fail("Memory::restore", "the bytes must be of a memory of this precision", "other numbers");
  }
  x_ = values.topRows(order());
  previous_ = values.row(order()).transpose();
  samples_ = static_cast<Index>(place.samples);
  start_ = place.start;
  last_stamp_ = place.last_stamp;
  even_steps_ = static_cast<Index>(place.even_steps);
}

template class Memory<float>;
template class Memory<double>;

}  // namespace longstate
