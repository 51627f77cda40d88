#include "../detail/check.hpp"
#include "../discretize/methods.hpp"
#include "../measure/table.hpp"
#include "scaled_legendre.hpp"
#include "time_invariant.hpp"

#include <longstate/execute/memory.hpp>
#include <longstate/execute/state.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <string>

namespace longstate {

/// One of the two.
template <class T>
struct Memory<T>::Update {
  Update(const Measure& measure, const MemoryOptions& options);

  std::optional<detail::TimeInvariant<T>> time_invariant;
  std::optional<detail::ScaledLegendre<T>> legs;
};

template <class T>
Memory<T>::Update::Update(const Measure& measure, const MemoryOptions& options) {
  validate(measure);
  detail::check_order("Memory", options.order);
  detail::check_positive("Memory", "dt", options.dt);
  if (options.channels < 1) detail::fail("Memory", "channels must be at least 1", options.channels);
  if (options.structure != Structure::hippo && options.structure != Structure::dense) {
    detail::fail("Memory", "structure must be hippo or dense", name(options.structure));
  }
  if (intersample(options.method) == Intersample::none) {
    throw std::invalid_argument(std::string("longstate::Memory: method must not be ")
                                    .append(name(options.method))
                                    .append(", which holds no signal between samples"));
  }
  if (is_gbt(options.method)) gbt_alpha(options.method, options.alpha);  // checks alpha
  if (is_time_invariant(measure)) {
    time_invariant.emplace(measure, options);
  } else {
    legs.emplace(std::get<LegS>(measure), options);  // the one that varies
  }
}

template <class T>
Memory<T>::Memory(Measure measure, const MemoryOptions& options)
    : measure_(measure),
      options_(options),
      update_(std::make_shared<Update>(measure, options)),
      previous_(options.channels) {
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
  const bool published_legs = !is_time_invariant(measure_) && is_gbt(options_.method);
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
  if (channels() != 1) detail::fail("Memory", "push(u) must be given one channel, more as a frame", channels());
  push(ConstFrame<T>(Eigen::Map<const typename Vector<T>::Plain>(&u, 1)));
}

template <class T>
void Memory<T>::push(ConstFrame<T> u) {
  check(u);
  const bool passes_time = samples_ > 0 || !joins_lines();
  take(options_.dt, u);
  if (passes_time) ++even_steps_;
}

template <class T>
void Memory<T>::push_block(ConstSignal<T> u) {
  detail::check_shape("Memory", "a block", u.rows(), u.cols(), channels(), u.cols());
  auto& legs = update_->legs;
  for (Index k = 0; k < u.cols();) {
    const Index n = legs && samples_ > 0 ? legs->lanes().frames(elapsed(), u.rightCols(u.cols() - k)) : 0;
    if (n == 0) {
      push(u.col(k));
      ++k;
      continue;
    }
    const NoDenormals guard;
    legs->lanes().advance(elapsed(), previous_, u.middleCols(k, n), x_);
    previous_ = u.col(k + n - 1);
    samples_ += n;
    even_steps_ += n;
    k += n;
  }
}

template <class T>
void Memory<T>::push_at(double time, ConstFrame<T> u) {
  check(u);
  if (!std::isfinite(time)) detail::fail("Memory", "time must be finite", time);
  if (samples_ == 0) {
    start_ = last_stamp_ = joins_lines() ? time : time - options_.dt;
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
  const NoDenormals guard;
  if (samples_ > 0 || !joins_lines()) {
    if (update_->legs) {
      update_->legs->advance(elapsed(), dt, previous_, u, x_);
    } else {
      update_->time_invariant->advance(dt, previous_, u, x_);
    }
  } else if (update_->legs) {
    x_.row(0) = u.transpose();
  }
  previous_ = u;
  ++samples_;
}

template <class T>
Vector<T> Memory<T>::reconstruct(const ConstFrame<double>& delays, Index channel) const {
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
  for (Index i = 0; i < ages.size(); ++i) {
    if (ages(i) >= 0 && ages(i) <= support(measure_)) continue;
    std::ostringstream rule;
    rule << "delays(" << i << ") must be ";
    std::isfinite(support(measure_)) ? rule << "from 0 to " << support(measure_) * theta << " s" : rule << "0 or more";
    detail::fail("Memory::reconstruct", rule.str(), delays(i));
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
