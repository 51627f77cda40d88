#include "../detail/check.hpp"
#include "../measure/table.hpp"

#include <longstate/hippo/hippo.hpp>

#include <utility>

namespace longstate {
namespace {

Hippo with_entries(detail::Dense d) { return {std::move(d.A), std::move(d.B)}; }

Hippo with_entries(const detail::Semiseparable& s) {
  const Index order = s.diagonal.size();
  Matrix<double> A = Matrix<double>::Zero(order, order);
  for (Index k = 0; k < order; ++k) {
    for (Index n = 0; n < k && s.above.size() > 0; ++n) A(n, k) = s.above(n) * s.h(k);
    A(k, k) = s.diagonal(k);
    for (Index n = k + 1; n < order; ++n) A(n, k) = s.below(n) * s.g(k);
  }
  return {std::move(A), s.B};
}

Hippo with_entries(const detail::Waves& w) {
  Matrix<double> A = -w.rank_one * w.e * w.e.transpose();
  for (Index m = 0; m < w.frequency.size(); ++m) {
    const Index cosine = 2 * m + 1, sine = cosine + 1;
    A(cosine, sine) -= w.frequency(m);
    A(sine, cosine) += w.frequency(m);
  }
  return {std::move(A), w.B};
}

}  // namespace

Hippo hippo(const Measure& measure, Index order) {
  validate(measure);
  detail::check_order("hippo", order);
  detail::Form form =
      detail::with_row(measure, [order](const auto& row, const auto& m) { return row.matrices(m, order); });
  Hippo result = std::visit([](auto&& f) { return with_entries(std::forward<decltype(f)>(f)); }, std::move(form));
  const double theta = timescale(measure);
  if (theta != 1) {
    result.A /= theta;
    result.B /= theta;
  }
  return result;
}

}  // namespace longstate
