#include "../detail/check.hpp"
#include "../measure/table.hpp"

#include <longstate/hippo/low_rank.hpp>

#include <cmath>

namespace longstate {
namespace {

Matrix<double> unit_correction(const Measure& measure, Index order) {
  return detail::with_row(measure, [order](const auto& row, const auto& m) { return row.low_rank(m, order); });
}

[[noreturn]] void fail_without_correction(const Measure& measure) {
  std::string rule = "measure must be one of";
  for (const std::string_view known : measure_names()) {
    if (unit_correction(make_measure(known), 1).cols() > 0) rule.append(" ").append(known);
  }
  detail::fail("low_rank_correction", rule + ", with its default parameters", name(measure));
}

}  // namespace

Matrix<double> low_rank_correction(const Measure& measure, Index order) {
  validate(measure);
  detail::check_order("low_rank_correction", order);
  const Matrix<double> P = unit_correction(measure, order);
  if (P.cols() == 0) fail_without_correction(measure);
  return P / std::sqrt(timescale(measure));
}

}  // namespace longstate
