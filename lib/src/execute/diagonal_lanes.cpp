#include "../detail/denormals.hpp"
#include "../simd/diagonal.hpp"

#include <longstate/execute/diagonal_lanes.hpp>

#include <algorithm>
#include <cmath>

namespace longstate {
namespace {

using Complex = std::complex<double>;

constexpr Index chunk = 64;  // samples: a vector of each for u and y, 8 KiB, stays in the first cache
constexpr Index table_rows = 6;

/// What rounding takes from log(lambda). (In double the correction would be a rounding error of its own.)
template <class T>
Complex drift(Complex mu, std::complex<T> lambda) {
  if (std::is_same_v<T, double> || lambda == std::complex<T>(0)) return 0;
  // log(e^mu / lambda) is near 0: the logarithms themselves could differ by a turn
  return std::log(std::exp(mu) / Complex(lambda));
}

}  // namespace

template <class T>
bool DiagonalLanes<T>::fits(const std::vector<DiscreteSystem>& layer) {
  constexpr double smallest = 1e-18, largest = 1e18;  // B and 1 / B, times a state, must be numbers also in float
  return std::all_of(layer.begin(), layer.end(), [&](const DiscreteSystem& any) {
    const auto* s = std::get_if<DiscreteDiagonal>(&any);
    return s && s->inputs() == 1 && s->outputs() == 1 &&
           (s->B.cwiseAbs().array() > smallest && s->B.cwiseAbs().array() < largest).all();
  });
}

template <class T>
DiagonalLanes<T>::DiagonalLanes(const std::vector<DiscreteSystem>& layer, Index copies)
    : copies_(copies),
      entries_(longstate::order(layer.front()) / 2),
      width_(static_cast<Index>(simd::lanes<T>())),
      shared_(layer.size() == 1),
      one_channel_(copies_ < (width_ + 1) / 2),
      before_(convention(layer.front()) == Convention::control),
      rows_(one_channel_ ? (entries_ + width_ - 1) / width_ : entries_),
      tables_(static_cast<std::size_t>(shared_ ? 1 : blocks()), Matrix<T>::Zero(table_rows * width_, rows_)),
      D_(Matrix<T>::Zero(width_, blocks())),
      B_(2 * entries_, static_cast<Index>(layer.size())),
      inverse_B_(B_),
      states_(static_cast<std::size_t>(blocks()), Matrix<T>::Zero(2 * width_, rows_)),
      u_(Matrix<T>::Zero(width_, chunk)),
      y_(u_) {
  for (Index c = 0; c < copies_; ++c) {
    fill(std::get<DiscreteDiagonal>(layer[shared_ ? 0 : static_cast<std::size_t>(c)]), c);
  }
}

template <class T>
typename DiagonalLanes<T>::Place DiagonalLanes<T>::place(Index copy, Index entry) const {
  if (one_channel_) return {copy, entry / width_, entry % width_};
  return {copy / width_, entry, copy % width_};
}

template <class T>
void DiagonalLanes<T>::fill(const DiscreteDiagonal& system, Index copy) {
  const Place channel = place(copy, 0);
  D_(one_channel_ ? 0 : channel.lane, channel.block) = static_cast<T>(system.D(0, 0));
  for (Index n = 0; n < entries_; ++n) {
    const Place at = place(copy, n);
    auto column = tables_[static_cast<std::size_t>(table_of(at.block))].col(at.row);
    const Complex mu = system.mu(n);
    // e^-infinity, an eigenvalue of zero, has no angle
    const std::complex<T> lambda(std::isinf(mu.real()) ? Complex(0) : std::exp(mu));
    const Complex b = system.B(n, 0);
    const Complex c = 2.0 * system.C(0, n) * b;
    const Complex lost = drift(mu, lambda);
    const T values[] = {lambda.real(),
                        lambda.imag(),
                        static_cast<T>(c.real()),
                        static_cast<T>(-c.imag()),
                        static_cast<T>(lost.real()),
                        static_cast<T>(lost.imag())};
    for (Index i = 0; i < table_rows; ++i) column(i * width_ + at.lane) = values[i];
    const Index s = shared_ ? 0 : copy;
    const Complex inverse = 1.0 / b;
    B_.col(s).template segment<2>(2 * n) << static_cast<T>(b.real()), static_cast<T>(b.imag());
    inverse_B_.col(s).template segment<2>(2 * n) << static_cast<T>(inverse.real()), static_cast<T>(inverse.imag());
  }
}

template <class T>
void DiagonalLanes<T>::take(const State<T>& x) {
  for (Index c = 0; c < copies_; ++c) {
    const T* const factor = inverse_B_.col(shared_ ? 0 : c).data();
    const T* const from = x.col(c).data();
    for (Index n = 0; n < entries_; ++n) {
      const Place at = place(c, n);
      T* const z = states_[static_cast<std::size_t>(at.block)].col(at.row).data() + at.lane;
      z[0] = factor[2 * n] * from[2 * n] - factor[2 * n + 1] * from[2 * n + 1];
      z[width_] = factor[2 * n] * from[2 * n + 1] + factor[2 * n + 1] * from[2 * n];
    }
  }
}

template <class T>
void DiagonalLanes<T>::give(State<T>& x) const {
  for (Index c = 0; c < copies_; ++c) {
    const T* const factor = B_.col(shared_ ? 0 : c).data();
    T* const to = x.col(c).data();
    for (Index n = 0; n < entries_; ++n) {
      const Place at = place(c, n);
      const T* const z = states_[static_cast<std::size_t>(at.block)].col(at.row).data() + at.lane;
      to[2 * n] = factor[2 * n] * z[0] - factor[2 * n + 1] * z[width_];
      to[2 * n + 1] = factor[2 * n] * z[width_] + factor[2 * n + 1] * z[0];
    }
  }
}

template <class T>
simd::DiagonalRows<T> DiagonalLanes<T>::rows_of(Index block) {
  return {tables_[static_cast<std::size_t>(table_of(block))].data(), states_[static_cast<std::size_t>(block)].data(),
          static_cast<std::size_t>(rows_), one_channel_, before_};
}

template <class T>
void DiagonalLanes<T>::run_channel(Index channel, ConstSignal<T> u, Signal<T> y) {
  const Index n = u.cols();
  const Index vectors = (n + width_ - 1) / width_;
  u_.reshaped().head(n) = u.row(channel);
  y_.leftCols(vectors * width_).setZero();
  simd::run_diagonal(rows_of(channel), u_.data(), y_.data(), static_cast<std::size_t>(n));
  simd::sum_rows(y_.data(), y_.data(), static_cast<std::size_t>(vectors * width_));
  y.row(channel) = y_.reshaped().head(n) + D_(0, channel) * u_.reshaped().head(n);
}

template <class T>
void DiagonalLanes<T>::run_block(Index block, ConstSignal<T> u, Signal<T> y) {
  const auto count = [](Index value) { return static_cast<std::size_t>(value); };
  const Index first = block * width_;
  const std::size_t channels = count(std::min(width_, copies_ - first));
  const std::size_t n = count(u.cols());
  simd::to_block(u.data() + first, count(u.outerStride()), channels, n, D_.col(block).data(), u_.data(), y_.data());
  simd::run_diagonal(rows_of(block), u_.data(), y_.data(), n);
  simd::to_frames(y_.data(), channels, n, y.data() + first, count(y.outerStride()));
}

template <class T>
void DiagonalLanes<T>::run(ConstSignal<T> u, Signal<T> y, State<T>& x) {
  const detail::NoDenormals guard;
  take(x);
  for (Index start = 0; start < u.cols(); start += chunk) {
    const Index n = std::min(chunk, u.cols() - start);
    const auto u_part = u.middleCols(start, n);
    auto y_part = y.middleCols(start, n);
    for (Index block = 0; block < blocks(); ++block) {
      if (one_channel_) {
        run_channel(block, u_part, y_part);
        continue;
      }
      // While this block multiplies, a share of the next frames travels from memory to the cache.
      const Index end = std::min(start + chunk + chunk * (block + 1) / blocks(), u.cols());
      for (Index k = start + chunk + chunk * block / blocks(); k < end; ++k) {
        simd::prefetch(u.col(k).data(), static_cast<std::size_t>(u.rows()));
        simd::prefetch(y.col(k).data(), static_cast<std::size_t>(y.rows()));
      }
      run_block(block, u_part, y_part);
    }
  }
  give(x);
}

template class DiagonalLanes<float>;
template class DiagonalLanes<double>;

}  // namespace longstate
