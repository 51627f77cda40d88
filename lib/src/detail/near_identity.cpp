#include "near_identity.hpp"

#include "product.hpp"

namespace longstate::detail {

void NearIdentity::settle() {
  for (Index i = 0; i < ones_.size(); ++i) {
    if (ones_(i) == 0 || rest_(i, i) > -0.5) continue;
    ones_(i) = 0;
    rest_(i, i) += 1;
  }
}

void NearIdentity::square() {
  const Matrix<double> sides = ones_.asDiagonal() * rest_ + rest_ * ones_.asDiagonal();
  rest_ = product(rest_, rest_) + sides;
  settle();
}

Matrix<double> NearIdentity::times(const Matrix<double>& Z) const { return ones_.asDiagonal() * Z + product(rest_, Z); }

Matrix<double> NearIdentity::times_from_left(const Matrix<double>& C) const {
  return C * ones_.asDiagonal() + C * rest_;
}

Vector<double> NearIdentity::sizes_times(const Vector<double>& x) const {
  const auto diagonal = (ones_ + rest_.diagonal()).cwiseAbs() - rest_.diagonal().cwiseAbs();
  return rest_.cwiseAbs() * x + diagonal.cwiseProduct(x);
}

}  // namespace longstate::detail
