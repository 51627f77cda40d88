#include "check_system.hpp"

#include <longstate/hippo/hippo.hpp>
#include <longstate/measure/basis.hpp>
#include <longstate/system/state_space.hpp>

namespace longstate {
namespace {

template <class System>
void check_system(std::string_view where, const System& s) {
  const Index order = s.A.rows();
  detail::check_order(where, order);
  detail::check_shape(where, "A", s.A.rows(), s.A.cols(), order, order);
  detail::check_finite(where, "A", s.A);
  detail::check_ports(where, order, s.B, s.C, s.D);
}

}  // namespace

std::string_view name(Convention convention) { return convention == Convention::sequence ? "sequence" : "control"; }

Convention make_convention(std::string_view wanted) {
  if (wanted == "sequence") return Convention::sequence;
  if (wanted == "control") return Convention::control;
  detail::fail("make_convention", "convention must be sequence or control", detail::quoted(wanted));
}

void validate(const StateSpace& system) { check_system("StateSpace", system); }

void validate(const DiscreteStateSpace& system) {
  check_system("DiscreteStateSpace", system);
  detail::check_positive("DiscreteStateSpace", "dt", system.dt);
}

StateSpace coefficient_system(const Measure& measure, Index order) {
  if (!is_time_invariant(measure)) {
    detail::fail("coefficient_system", "measure must be time-invariant (legs-exp is, with the matrices of legs)",
                 name(measure));
  }
  Hippo matrices = hippo(measure, order);
  return {std::move(matrices.A), matrices.B, Matrix<double>::Identity(order, order), Matrix<double>::Zero(order, 1)};
}

StateSpace delay_system(const Measure& measure, Index order, double delay) {
  StateSpace system = coefficient_system(measure, order);
  const double age = delay / timescale(measure);
  if (!in_support(measure, age)) {
    detail::fail("delay_system", "delay must be within the window of " + std::string(name(measure)), delay);
  }
  system.C = basis(measure, order, age).transpose();
  system.D = Matrix<double>::Zero(1, 1);
  return system;
}

}  // namespace longstate
