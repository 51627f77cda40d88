// fourier: a truncated Fourier series.

#include "table.hpp"

#include <cmath>
#include <numbers>

namespace longstate::detail {
namespace {

void fourier_basis(const Fourier& /*measure*/, double age, Frame<double> h) {
  h(0) = 1;
  for (Index n = 1; n < h.size(); ++n) {
    const Index m = (n + 1) / 2;
    const double phase = 2 * std::numbers::pi * static_cast<double>(m) * age;
    h(n) = std::numbers::sqrt2 * (n % 2 == 1 ? std::cos(phase) : std::sin(phase));
  }
}

Vector<double> fourier_basis_now(const Fourier& measure, Index order) {
  Vector<double> e(order);
  fourier_basis(measure, 0, e);
  return e;
}

Form fourier_matrices(const Fourier& measure, Index order) {
  Waves w{fourier_basis_now(measure, order), Vector<double>((order - 1) / 2), 2, {}};
  for (Index m = 0; m < w.frequency.size(); ++m) w.frequency(m) = 2 * std::numbers::pi * static_cast<double>(m + 1);
  w.B = w.rank_one * w.e;
  return w;
}

Matrix<double> rank_one_of_fourier(const Fourier& measure, Index order) {
  return std::numbers::sqrt2 * fourier_basis_now(measure, order);
}

}  // namespace

const MeasureRow<Fourier>& row(const Fourier&) {
  static constexpr MeasureRow<Fourier> fourier{.name = "fourier",
                                               .theta = &Fourier::window,
                                               .parameters = {},
                                               .support = 1,
                                               .has_finite_basis = finite_everywhere<Fourier>,
                                               .weight = evenly<Fourier>,
                                               .tilt = no_tilt<Fourier>,
                                               .basis = fourier_basis,
                                               .squared_norm = orthonormal<Fourier>,
                                               .kind = OperatorKind::waves,
                                               .matrices = fourier_matrices,
                                               .low_rank = rank_one_of_fourier,
                                               .normal = its_own<Fourier>};
  return fourier;
}

}  // namespace longstate::detail
