#include "check_system.hpp"

#include <longstate/hippo/hippo.hpp>
#include <longstate/measure/basis.hpp>
#include <longstate/system/hippo_system.hpp>

namespace longstate {

void validate(const HippoSystem& system) {
  validate(system.measure);
  detail::check_order("HippoSystem", system.order());
  if (!is_time_invariant(system.measure)) {
    detail::fail("HippoSystem", "measure must be time-invariant (legs-exp is, with the matrices of legs)",
                 name(system.measure));
  }
  detail::check_ports("HippoSystem", system.order(), Matrix<double>::Zero(system.order(), 1).eval(), system.C,
                      system.D);
}

HippoSystem hippo_delay_system(const Measure& measure, Index order, double delay) {
  const StateSpace system = delay_system(measure, order, delay);
  return {measure, system.C, system.D};
}

HippoSystem hippo_coefficient_system(const Measure& measure, Index order) {
  detail::check_order("hippo_coefficient_system", order);
  HippoSystem system{measure, Matrix<double>::Identity(order, order), Matrix<double>::Zero(order, 1)};
  validate(system);
  return system;
}

StateSpace dense(const HippoSystem& system) {
  validate(system);
  Hippo matrices = hippo(system.measure, system.order());
  return {std::move(matrices.A), matrices.B, system.C, system.D};
}

}  // namespace longstate
