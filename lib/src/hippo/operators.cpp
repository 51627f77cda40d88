#include "../detail/check.hpp"

#include <longstate/hippo/operators.hpp>

#include <cmath>

namespace longstate {

template <class T>
LegSOperator<T>::LegSOperator(Index order) : norm_bound_(0) {
  detail::check_order("LegSOperator", order);
  scale_.resize(order);
  double squares = 0;
  for (Index n = 0; n < order; ++n) {
    const double degree = static_cast<double>(n);
    scale_(n) = static_cast<T>(std::sqrt(2 * degree + 1));
    // Row n: (2n+1) sum_{k<n} (2k+1) = (2n+1) n^2 off the diagonal, (n+1)^2 on it.
    squares += (2 * degree + 1) * degree * degree + (degree + 1) * (degree + 1);
  }
  norm_bound_ = std::sqrt(squares);
}

template <class T>
void LegSOperator<T>::multiply(T factor, Signal<T> x) const {
  for (Index column = 0; column < x.cols(); ++column) {
    T* const entries = &x(0, column);
    T sum = 0;  // sum_{k<n} sqrt(2k+1) x_k
    for (Index n = 0; n < scale_.size(); ++n) {
      const T entry = entries[n];
      entries[n] = -factor * (scale_(n) * sum + static_cast<T>(n + 1) * entry);
      sum += scale_(n) * entry;
    }
  }
}

template <class T>
void LegSOperator<T>::solve(T alpha, Signal<T> x) const {
  for (Index column = 0; column < x.cols(); ++column) {
    T* const entries = &x(0, column);
    T sum = 0;
    for (Index n = 0; n < scale_.size(); ++n) {
      entries[n] = (entries[n] - alpha * scale_(n) * sum) / (1 + alpha * static_cast<T>(n + 1));
      sum += scale_(n) * entries[n];
    }
  }
}

template class LegSOperator<float>;
template class LegSOperator<double>;

}  // namespace longstate
