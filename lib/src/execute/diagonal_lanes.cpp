#include "../detail/denormals.hpp"
#include "../detail/tally.hpp"
#include "../simd/diagonal.hpp"

#include <longstate/execute/diagonal_lanes.hpp>

#include <algorithm>
#include <cmath>

namespace longstate {
namespace {

using Complex = std::complex<double>;

// Samples: u and y of one channel, W numbers each for a sample, stay in the first cache; of many channels the frames of two
// chunks beside the tables in the second.
constexpr Index chunk_of_one = 256, chunk_of_many = 64;
constexpr auto ahead = static_cast<Index>(simd::ahead);

/// Multiply-adds of an entry over n samples: m at once, the read-outs, the inputs and the power of lambda.
Index steps_work(Index n) {
  const auto step = [](Index m) { return m == 0 ? 0 : 2 * m + 2 * (m - 1) + 4; };
  return n / ahead * step(ahead) + step(n % ahead);
}

/// lambda^m; e^-infinity, an eigenvalue of zero, has no angle.
Complex power(Complex mu, Index m) {
  if (m == 0) return 1;
  return std::isinf(mu.real()) ? Complex(0) : std::exp(static_cast<double>(m) * mu);
}

/// What rounding takes from the logarithm of a power. (In double the correction would be a rounding error of its own.)
template <class T>
Complex drift(Complex exact) {
  const std::complex<T> rounded(exact);
  if (std::is_same_v<T, double> || rounded == std::complex<T>(0)) return 0;
  // near 0: the logarithms themselves could differ by a turn
  return std::log(exact / Complex(rounded));
}

template <class T>
void strided_copy(const T* from, Index stride, Index n, T* to, Index to_stride) {
  if (stride == 1 && to_stride == 1) {
    std::copy_n(from, n, to);
    return;
  }
  for (Index k = 0; k < n; ++k) to[k * to_stride] = from[k * stride];
}

/// Writes a complex number in a lane of two rows of W.
template <class T, class Column>
void put(Column&& column, Index pair, Index width, Index lane, Complex value) {
  column(2 * pair * width + lane) = static_cast<T>(value.real());
  column((2 * pair + 1) * width + lane) = static_cast<T>(value.imag());
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
      chunk_(one_channel_ ? chunk_of_one : chunk_of_many),
      rows_(one_channel_ ? (entries_ + width_ - 1) / width_ : entries_),
      powers_(static_cast<std::size_t>(shared_ ? 1 : blocks()), Matrix<T>::Zero(2 * ahead * width_, rows_)),
      c_(powers_),
      drift_(powers_),
      through_(powers_.size(),
               Matrix<T>::Zero(one_channel_ ? static_cast<Index>(simd::through_period<T>()) : width_, ahead)),
      B_(2 * entries_, static_cast<Index>(layer.size())),
      inverse_B_(B_),
      states_(static_cast<std::size_t>(blocks()), Matrix<T>::Zero(2 * width_, rows_)),
      u_(Matrix<T>::Zero(width_, chunk_ + ahead)),
      y_(Matrix<T>::Zero(width_, chunk_)) {
  fetch_.reserve(static_cast<std::size_t>(2 * copies_ * (chunk_ / blocks() + 1)));
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
  const Index before = system.convention == Convention::control ? 1 : 0;  // the output sees the state before the sample
  const Index s = shared_ ? 0 : copy;
  Vector<double> H = Vector<double>::Zero(ahead);
  H(0) = system.D(0, 0);
  for (Index n = 0; n < entries_; ++n) {
    const Complex mu = system.mu(n), b = system.B(n, 0), c = 2.0 * system.C(0, n) * b;
    const Place at = place(copy, n);
    const auto table = static_cast<std::size_t>(table_of(at.block));
    for (Index i = 0; i < ahead; ++i) {
      const Complex next = power(mu, i + 1);
      put<T>(powers_[table].col(at.row), i, width_, at.lane, next);
      put<T>(drift_[table].col(at.row), i, width_, at.lane, drift<T>(next));
      put<T>(c_[table].col(at.row), i, width_, at.lane, std::conj(c * power(mu, i + 1 - before)));
      if (i >= before) H(i) += (c * power(mu, i - before)).real();
    }
    const Complex inverse = 1.0 / b;
    B_.col(s).template segment<2>(2 * n) << static_cast<T>(b.real()), static_cast<T>(b.imag());
    inverse_B_.col(s).template segment<2>(2 * n) << static_cast<T>(inverse.real()), static_cast<T>(inverse.imag());
  }
  const Place channel = place(copy, 0);
  Matrix<T>& through = through_[static_cast<std::size_t>(table_of(channel.block))];
  for (Index j = 0; j < ahead; ++j) {
    if (!one_channel_) through(channel.lane, j) = static_cast<T>(H(j));
    for (Index k = 0; one_channel_ && k < through.rows(); ++k)
      through(k, j) = k % ahead >= j ? static_cast<T>(H(j)) : 0;
  }
}

template <class T>
void DiagonalLanes<T>::take(const StateRef<T>& x) {
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
void DiagonalLanes<T>::give(StateRef<T> x) const {
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
  const auto table = static_cast<std::size_t>(table_of(block));
  return {powers_[table].data(),
          c_[table].data(),
          drift_[table].data(),
          through_[table].data(),
          states_[static_cast<std::size_t>(block)].data(),
          static_cast<std::size_t>(rows_),
          one_channel_};
}

template <class T>
void DiagonalLanes<T>::run_channel(Index channel, ConstSignal<T> u, Signal<T> y) {
  const auto& loops = simd::diagonal_loops<T>();
  const Index n = u.cols();
  const Index vectors = (n + width_ - 1) / width_;
  T* const samples = u_.data() + ahead;
  strided_copy(u.data() + channel, u.outerStride(), n, samples, 1);
  loops.run(rows_of(channel), samples, y_.data(), static_cast<std::size_t>(n), {nullptr, 0});
  detail::count_multiply_adds(rows_ * width_ * steps_work(n) + n * (ahead + width_ / 2));  // and the sums over lanes
  loops.sum(y_.data(), through_[static_cast<std::size_t>(table_of(channel))].data(), samples, y_.data(),
            static_cast<std::size_t>(vectors * width_));
  strided_copy(y_.data(), 1, n, y.data() + channel, y.outerStride());
}

template <class T>
void DiagonalLanes<T>::run_block(Index block, ConstSignal<T> u, Signal<T> y) {
  const auto& loops = simd::diagonal_loops<T>();
  const auto count = [](Index value) { return static_cast<std::size_t>(value); };
  const Index first = block * width_;
  const std::size_t channels = count(std::min(width_, copies_ - first));
  const std::size_t n = count(u.cols());
  loops.to_block(u.data() + first, count(u.outerStride()), channels, n, u_.data());
  loops.run(rows_of(block), u_.data(), y_.data(), n, {fetch_.data(), fetch_.size()});
  detail::count_multiply_adds(rows_ * width_ * steps_work(u.cols()) + width_ * u.cols() * (ahead + 1) / 2);
  loops.to_frames(y_.data(), channels, n, y.data() + first, count(y.outerStride()));
}

/// Asks for a frame of the next chunk.
template <class T>
void DiagonalLanes<T>::fetch(const T* u, const T* y) {
  constexpr Index line = 64 / sizeof(T);
  for (Index c = 0; c < copies_; c += line) {
    fetch_.push_back(u + c);
    fetch_.push_back(y + c);
  }
}

template <class T>
void DiagonalLanes<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  const detail::NoDenormals guard;
  take(x);
  for (Index start = 0; start < u.cols(); start += chunk_) {
    const Index n = std::min(chunk_, u.cols() - start);
    const auto u_part = u.middleCols(start, n);
    auto y_part = y.middleCols(start, n);
    for (Index block = 0; block < blocks(); ++block) {
      if (one_channel_) {
        run_channel(block, u_part, y_part);
        continue;
      }
      fetch_.clear();
      const Index end = std::min(start + chunk_ + chunk_ * (block + 1) / blocks(), u.cols());
      for (Index k = start + chunk_ + chunk_ * block / blocks(); k < end; ++k) fetch(u.col(k).data(), y.col(k).data());
      run_block(block, u_part, y_part);
    }
  }
  give(x);
}

template class DiagonalLanes<float>;
template class DiagonalLanes<double>;

}  // namespace longstate
