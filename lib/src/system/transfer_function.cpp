#include "check_system.hpp"

#include <longstate/system/transfer_function.hpp>

namespace longstate {

void validate(const TransferFunction& system) {
  constexpr std::string_view where = "TransferFunction";
  detail::check_order(where, system.order());
  detail::check_positive(where, "dt", system.dt);
  detail::check_finite(where, "a", system.a);
  detail::check_ports(where, system.order(), Matrix<double>::Zero(system.order(), 1).eval(), system.C, system.D);
}

DiscreteStateSpace dense(const TransferFunction& system) {
  validate(system);
  const Index order = system.order();
  DiscreteStateSpace result{Matrix<double>::Zero(order, order),
                            Matrix<double>::Zero(order, 1),
                            system.C,
                            system.D,
                            system.dt,
                            system.convention};
  result.A.row(0) = -system.a.transpose();
  result.A.diagonal(-1).setOnes();
  result.B(0, 0) = 1;
  return result;
}

}  // namespace longstate
