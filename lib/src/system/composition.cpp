#include "../detail/balance.hpp"
#include "../detail/check.hpp"

#include <longstate/system/composition.hpp>

#include <vector>

namespace longstate {
namespace {

void check_alike(std::string_view /*where*/, const StateSpace& /*a*/, const StateSpace& /*b*/) {}

void check_alike(std::string_view where, const DiscreteStateSpace& a, const DiscreteStateSpace& b) {
  if (a.dt != b.dt || a.convention != b.convention) {
    detail::fail(where, "the systems must agree in dt and convention", "two that differ");
  }
}

/// The second system sees the first one's output: that of its new state in the sequence convention.
bool sees_new_state(const StateSpace& /*system*/) { return false; }
bool sees_new_state(const DiscreteStateSpace& system) { return system.convention == Convention::sequence; }

template <class System>
System in_series(const System& first, const System& second) {
  validate(first);
  validate(second);
  check_alike("series", first, second);
  if (first.outputs() != second.inputs()) {
    detail::fail("series",
                 "the second must have as many inputs as the first has outputs, " + std::to_string(first.outputs()),
                 second.inputs());
  }
  const Index n = first.order();
  const Index m = second.order();
  const bool new_state = sees_new_state(first);
  System result = first;  // dt and convention
  result.A = Matrix<double>::Zero(n + m, n + m);
  result.A.topLeftCorner(n, n) = first.A;
  result.A.bottomRightCorner(m, m) = second.A;
  result.A.bottomLeftCorner(m, n) = second.B * first.C;
  if (new_state) result.A.bottomLeftCorner(m, n) = second.B * (first.C * first.A);
  result.B.resize(n + m, first.inputs());
  result.B << first.B, second.B * (new_state ? Matrix<double>(first.C * first.B + first.D) : first.D);
  result.C.resize(second.outputs(), n + m);
  result.C << second.D * first.C, second.C;
  result.D = second.D * first.D;
  return result;
}

/// Block diagonal A, the outputs added; B side by side, or one upon the other for a common input.
template <class System>
System added(std::span<const System> systems, bool common_input, std::string_view where) {
  if (systems.empty()) detail::fail(where, "there must be at least one system", 0);
  Index order = 0;
  Index inputs = 0;
  for (const System& s : systems) {
    validate(s);
    check_alike(where, systems.front(), s);
    if (s.outputs() != systems.front().outputs() || (common_input && s.inputs() != systems.front().inputs())) {
      detail::fail(where, "the systems must agree in outputs (and inputs, in parallel)", "two that differ");
    }
    order += s.order();
    inputs = common_input ? s.inputs() : inputs + s.inputs();
  }
  System result = systems.front();
  result.A = Matrix<double>::Zero(order, order);
  result.B = Matrix<double>::Zero(order, inputs);
  result.C.resize(systems.front().outputs(), order);
  result.D = Matrix<double>::Zero(systems.front().outputs(), inputs);
  Index n = 0;
  Index input = 0;
  for (const System& s : systems) {
    result.A.block(n, n, s.order(), s.order()) = s.A;
    result.B.block(n, input, s.order(), s.inputs()) = s.B;
    result.C.middleCols(n, s.order()) = s.C;
    result.D.middleCols(input, s.inputs()) += s.D;
    n += s.order();
    if (!common_input) input += s.inputs();
  }
  return result;
}

template <class System>
System in_units(const System& system, const Vector<double>& d) {
  validate(system);
  detail::check_shape("rescale_states", "d", d.rows(), d.cols(), system.order(), 1);
  if (!(d.allFinite() && (d.array() > 0).all())) {
    detail::fail("rescale_states", "d must be positive and finite", "a number that is not");
  }
  System result = detail::rescaled(system, d);
  validate(result);  // a number may have passed the largest
  return result;
}

/// The states that `moved` ones move, by the entries of A that are not zero, and they themselves.
std::vector<bool> reached(const Matrix<double>& A, std::vector<bool> moved) {
  std::vector<Index> open;
  for (Index n = 0; n < A.rows(); ++n) {
    if (moved[static_cast<std::size_t>(n)]) open.push_back(n);
  }
  while (!open.empty()) {
    const Index from = open.back();
    open.pop_back();
    for (Index to = 0; to < A.rows(); ++to) {
      if (A(to, from) == 0 || moved[static_cast<std::size_t>(to)]) continue;
      moved[static_cast<std::size_t>(to)] = true;
      open.push_back(to);
    }
  }
  return moved;
}

template <class System>
System connected_part(const System& s) {
  validate(s);
  std::vector<bool> moved, seen;
  for (Index n = 0; n < s.order(); ++n) {
    moved.push_back((s.B.row(n).array() != 0).any());
    seen.push_back((s.C.col(n).array() != 0).any());
  }
  moved = reached(s.A, moved);
  seen = reached(s.A.transpose(), seen);
  std::vector<Index> kept;
  for (Index n = 0; n < s.order(); ++n) {
    if (moved[static_cast<std::size_t>(n)] && seen[static_cast<std::size_t>(n)]) kept.push_back(n);
  }
  if (kept.empty()) return s;
  System part = s;
  part.A = s.A(kept, kept);
  part.B = s.B(kept, Eigen::all);
  part.C = s.C(Eigen::all, kept);
  return part;
}

template <class System>
Vector<double> units_of(const System& system) {
  validate(system);
  const detail::Balanced<System> balanced(system);
  return detail::unit_between(balanced.system.B.cwiseAbs().maxCoeff(), balanced.system.C.cwiseAbs().maxCoeff()) *
         balanced.d;
}

}  // namespace

StateSpace series(const StateSpace& first, const StateSpace& second) { return in_series(first, second); }
DiscreteStateSpace series(const DiscreteStateSpace& first, const DiscreteStateSpace& second) {
  return in_series(first, second);
}

StateSpace parallel(const StateSpace& a, const StateSpace& b) {
  const StateSpace both[] = {a, b};
  return added<StateSpace>(both, true, "parallel");
}
DiscreteStateSpace parallel(const DiscreteStateSpace& a, const DiscreteStateSpace& b) {
  const DiscreteStateSpace both[] = {a, b};
  return added<DiscreteStateSpace>(both, true, "parallel");
}

StateSpace sum_of_channels(std::span<const StateSpace> systems) { return added(systems, false, "sum_of_channels"); }
DiscreteStateSpace sum_of_channels(std::span<const DiscreteStateSpace> systems) {
  return added(systems, false, "sum_of_channels");
}

StateSpace connected(const StateSpace& system) { return connected_part(system); }
DiscreteStateSpace connected(const DiscreteStateSpace& system) { return connected_part(system); }

StateSpace rescale_states(const StateSpace& system, const Vector<double>& d) { return in_units(system, d); }
DiscreteStateSpace rescale_states(const DiscreteStateSpace& system, const Vector<double>& d) {
  return in_units(system, d);
}

Vector<double> balanced_units(const StateSpace& system) { return units_of(system); }
Vector<double> balanced_units(const DiscreteStateSpace& system) { return units_of(system); }

}  // namespace longstate
