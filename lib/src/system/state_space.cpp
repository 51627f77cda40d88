#include "../detail/check.hpp"

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
  if (s.B.cols() < 1) detail::fail(where, "B must have at least one column", detail::shape(s.B.rows(), s.B.cols()));
  if (s.C.rows() < 1) detail::fail(where, "C must have at least one row", detail::shape(s.C.rows(), s.C.cols()));
  detail::check_shape(where, "B", s.B.rows(), s.B.cols(), order, s.B.cols());
  detail::check_shape(where, "C", s.C.rows(), s.C.cols(), s.C.rows(), order);
  detail::check_shape(where, "D", s.D.rows(), s.D.cols(), s.C.rows(), s.B.cols());
  const auto check_finite = [&](char matrix, const Matrix<double>& values) {
    if (!values.allFinite()) detail::fail(where, std::string(1, matrix) + " must be finite", "nan or infinity in it");
  };
  check_finite('A', s.A);
  check_finite('B', s.B);
  check_finite('C', s.C);
  check_finite('D', s.D);
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
