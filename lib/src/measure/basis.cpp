#include "../detail/check.hpp"
#include "table.hpp"

#include <longstate/measure/basis.hpp>

namespace longstate {
Matrix<double> basis(const Measure& measure, Index order, const ConstFrame<double>& ages) {
  validate(measure);
  detail::check_order("basis", order);
  Matrix<double> h(order, ages.size());
  for (Index j = 0; j < ages.size(); ++j) {
    if (!in_support(measure, ages(j))) {
      detail::fail("basis", "an age of " + std::string(name(measure)) + " must be where its basis is finite", ages(j));
    }
    detail::with_row(measure, [&](const auto& row, const auto& m) { row.basis(m, ages(j), h.col(j)); });
  }
  return h;
}

Vector<double> basis(const Measure& measure, Index order, double age) {
  return basis(measure, order, Vector<double>::Constant(1, age));
}

Vector<double> basis_norms(const Measure& measure, Index order) {
  detail::check_order("basis_norms", order);
  return detail::with_row(measure, [order](const auto& row, const auto& m) {
    Vector<double> norms(order);
    for (Index n = 0; n < order; ++n) norms(n) = row.squared_norm(m, n);
    return norms;
  });
}

}  // namespace longstate
