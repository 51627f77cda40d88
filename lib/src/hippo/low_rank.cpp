#include "../detail/check.hpp"

#include <longstate/hippo/low_rank.hpp>
#include <longstate/measure/basis.hpp>

#include <cmath>
#include <numbers>

namespace longstate {

Matrix<double> low_rank_correction(const Measure& measure, Index order) {
  validate(measure);
  detail::check_order("low_rank_correction", order);
  const bool two = std::holds_alternative<LegT>(measure);
  Matrix<double> P(order, two ? 2 : 1);

  if (std::holds_alternative<LegS>(measure) || std::holds_alternative<LegSExp>(measure) || two) {
    for (Index n = 0; n < order; ++n) {
      P(n, 0) = std::sqrt(static_cast<double>(n) + 0.5);
      if (two) P(n, 1) = (n % 2 == 0 ? 1.0 : -1.0) * P(n, 0);
    }
  } else if (const auto* lagt = std::get_if<LagT>(&measure); lagt && lagt->alpha == 0) {
    P.setConstant(std::numbers::sqrt2 / 2);
  } else if (std::holds_alternative<Fourier>(measure)) {
    P = std::numbers::sqrt2 * basis(measure, order, 0.0);
  } else {
    detail::fail("low_rank_correction", "measure must be one of legs legs-exp legt lagt (alpha = 0) fourier",
                 name(measure));
  }
  return P / std::sqrt(timescale(measure));
}

}  // namespace longstate
