#include "diagonal_lanes.hpp"

#include "../detail/layer.hpp"
#include "../detail/past_cache.hpp"
#include "../detail/powers.hpp"
#include "../detail/tally.hpp"
#include "../simd/diagonal.hpp"
#include "../simd/diagonal_step.hpp"
#include "../simd/size.hpp"
#include "../simd/transpose.hpp"

#include <longstate/no_denormals.hpp>

#include <hwy/cache_control.h>

#include <algorithm>
#include <cmath>

namespace longstate::detail {
namespace {

using Complex = std::complex<double>;

using simd::size;

// Samples that go together. Their u and y stay in the first cache: of one channel, W numbers for each sample; of W channels twice,
// since those of the next block come while they go.
constexpr Index chunk_of_one = 512, chunk_of_many = 128;
constexpr auto ahead = static_cast<Index>(simd::ahead);

/// Multiply-adds of an entry over n samples: m at once, the read-outs, the inputs and the power of lambda.
template <class T>
Index steps_work(Index n) {
  const Index power = simd::keeps_rest<T> && size(n) < simd::few_samples ? 12 : 4;  // with its rest, or alone
  const auto step = [&](Index m) { return m == 0 ? 0 : 2 * m + 2 * (m - 1) + power; };
  return n / ahead * step(ahead) + step(n % ahead);
}

template <class T>
void strided_copy(const T* from, Index stride, Index n, T* to, Index to_stride) {
  if (stride == 1 && to_stride == 1) {
    std::copy_n(from, n, to);
    return;
  }
  for (Index k = 0; k < n; ++k) to[k * to_stride] = from[k * stride];
}

template <class T>
using Pairs = Eigen::Matrix<T, 2, Eigen::Dynamic>;

/// Writes a complex number in a lane of two rows of W.
template <class T, class Column>
void put(Column&& column, Index pair, Index width, Index lane, Complex value) {
  column(2 * pair * width + lane) = static_cast<T>(value.real());
  column((2 * pair + 1) * width + lane) = static_cast<T>(value.imag());
}

/// The same, and in two more rows what T leaves of it.
template <class Column>
void put_whole(Column&& column, Index width, Index lane, std::complex<long double> value) {
  using T = typename std::decay_t<Column>::Scalar;
  const std::complex<long double> held{std::complex<T>(value)};
  put<T>(column, 0, width, lane, Complex(held));
  put<T>(column, 1, width, lane, Complex(value - held));
}

}  // namespace

template <class T>
bool DiagonalLanes<T>::fits(const std::vector<DiscreteSystem>& layer) {
  // B and 1 / B, times a state, must be numbers also in float, and so must the powers of lambda.
  constexpr double smallest = 1e-18, largest = 1e18;
  return std::all_of(layer.begin(), layer.end(), [&](const DiscreteSystem& any) {
    const auto* s = std::get_if<DiscreteDiagonal>(&any);
    return s && s->inputs() == 1 && s->outputs() == 1 &&
           (s->B.cwiseAbs().array() > smallest && s->B.cwiseAbs().array() < largest).all() &&
           (s->mu.real().array() * static_cast<double>(ahead) < std::log(largest)).all();
  });
}

template <class T>
DiagonalLanes<T>::DiagonalLanes(const std::vector<DiscreteSystem>& layer, Index copies)
    : copies_(copies),
      systems_(static_cast<Index>(layer.size())),
      entries_(longstate::order(layer.front()) / 2),
      width_(static_cast<Index>(simd::lanes<T>())),
      one_channel_(copies_ < (width_ + 1) / 2),
      chunk_(one_channel_ ? chunk_of_one : chunk_of_many),
      rows_(one_channel_ ? (entries_ + width_ - 1) / width_ : entries_),
      tables_(size(tables_of(static_cast<Index>(layer.size()), one_channel_ ? 1 : width_, copies)),
              Aligned<T>::Zero(4 * ahead * width_, rows_)),
      drift_(tables_.size(), Aligned<T>::Zero(2 * ahead * width_, rows_)),
      through_(tables_.size(),
               Aligned<T>::Zero(one_channel_ ? static_cast<Index>(simd::through_period<T>()) : width_, ahead)),
      B_(tables_.size(), Aligned<T>::Zero(4 * width_, rows_)),
      inverse_B_(B_),
      numbers_(Aligned<T>::Zero(width_, 2 * rows_)),
      states_(size(blocks()), Aligned<T>::Zero(2 * width_, rows_)),
      control_(longstate::convention(layer.front()) == Convention::control),
      step_(&simd::diagonal_step<T>()),
      steps_(Aligned<T>::Zero(step_size(), systems_)),
      feed_through_(systems_) {
  u_[0] = u_[1] = Aligned<T>::Zero(width_, chunk_ + ahead);
  y_[0] = y_[1] = Aligned<T>::Zero(width_, chunk_);
  const Index lanes_filled = static_cast<Index>(tables_.size()) * (one_channel_ ? 1 : width_);
  for (Index c = 0; c < lanes_filled; ++c) {
    fill(std::get<DiscreteDiagonal>(layer[size(system_of(c))]), c);
  }
  for (Index s = 0; s < systems_; ++s) fill_step(std::get<DiscreteDiagonal>(layer[size(s)]), s);
}

template <class T>
Index DiagonalLanes<T>::step_size() const {
  const auto W = static_cast<Index>(step_->lanes);
  return (2 * entries_ + W - 1) / W * W * static_cast<Index>(simd::step_numbers<T>);
}

template <class T>
void DiagonalLanes<T>::fill_step(const DiscreteDiagonal& system, Index index) {
  const auto W = static_cast<Index>(step_->lanes);
  feed_through_(index) = static_cast<T>(system.D(0, 0));
  const auto put = [&](Index n, Index number, double first, double second) {
    const Index lane = 2 * n % W, vector = 2 * n / W;
    T* const to = &steps_((vector * static_cast<Index>(simd::step_numbers<T>) + number) * W + lane, index);
    to[0] = static_cast<T>(first);
    to[1] = static_cast<T>(second);
  };
  for (Index n = 0; n < entries_; ++n) {
    const Complex exact = power_of(system.mu(n), 1), held(rounded_power<T>(exact)), rest = rest_of_power<T>(exact);
    const Complex b = system.B(n, 0), c = 2.0 * system.C(0, n);
    put(n, 0, held.real(), held.real());
    put(n, 1, -held.imag(), held.imag());
    put(n, 2, b.real(), b.imag());
    put(n, 3, c.real(), -c.imag());
    if (!simd::keeps_rest<T>) continue;
    put(n, 4, rest.real(), rest.real());
    put(n, 5, -rest.imag(), rest.imag());
  }
}

template <class T>
void DiagonalLanes<T>::step(const T* u, T* y, T* x, Index x_stride) const noexcept {
  step_->run({steps_.data(), feed_through_.data(), size(systems_), size(copies_), size(entries_), control_}, u, y, x,
             size(x_stride));
  count_multiply_adds(copies_ * (steps_.rows() + 1));
}

template <class T>
typename DiagonalLanes<T>::Place DiagonalLanes<T>::place(Index copy, Index entry) const {
  if (one_channel_) return {copy, entry / width_, entry % width_};
  return {copy / width_, entry, copy % width_};
}

template <class T>
void DiagonalLanes<T>::fill(const DiscreteDiagonal& system, Index copy) {
  const Index before = system.convention == Convention::control ? 1 : 0;  // the output sees the state before the sample
  Vector<double> H = Vector<double>::Zero(ahead);
  H(0) = system.D(0, 0);
  for (Index n = 0; n < entries_; ++n) {
    const Complex mu = system.mu(n), b = system.B(n, 0), c = 2.0 * system.C(0, n) * b;
    const Place at = place(copy, n);
    const auto table = size(table_of(at.block));
    for (Index i = 0; i < ahead; ++i) {
      const Complex next = power_of(mu, i + 1);
      put<T>(tables_[table].col(at.row), ahead + i, width_, at.lane, Complex(rounded_power<T>(next)));
      put<T>(drift_[table].col(at.row), i, width_, at.lane, drift<T>(next));
      put<T>(tables_[table].col(at.row), i, width_, at.lane, std::conj(c * power_of(mu, i + 1 - before)));
      if (i >= before) H(i) += (c * power_of(mu, i - before)).real();
    }
    const std::complex<long double> exact(b);
    put_whole(B_[table].col(at.row), width_, at.lane, exact);
    put_whole(inverse_B_[table].col(at.row), width_, at.lane, 1.0L / exact);
  }
  const Place channel = place(copy, 0);
  Aligned<T>& through = through_[size(table_of(channel.block))];
  for (Index j = 0; j < ahead; ++j) {
    if (!one_channel_) through(channel.lane, j) = static_cast<T>(H(j));
    for (Index k = 0; one_channel_ && k < through.rows(); ++k)
      through(k, j) = k % ahead >= j ? static_cast<T>(H(j)) : 0;
  }
}

template <class T>
std::size_t DiagonalLanes<T>::channels_of(Index block) const {
  return size(std::min(width_, copies_ - block * width_));
}

template <class T>
T* DiagonalLanes<T>::state_of(Index block, Index row) {
  return states_[size(block)].col(row).data();
}

/// Numbers of the state in lanes, W for each number of a row.
template <class T>
void DiagonalLanes<T>::gather(const StateRef<T>& x, Index block) {
  if (one_channel_) {
    numbers_.rightCols(2).setZero();  // lanes past the last entry: their outputs count as 0 times what is in them
    for (Index n = 0; n < entries_; n += width_) {
      const Index entries = std::min(width_, entries_ - n);
      const Eigen::Map<const Pairs<T>> pairs(x.col(block).data() + 2 * n, 2, entries);
      numbers_.block(0, 2 * n / width_, entries, 2) = pairs.transpose();
    }
    return;
  }
  const Index first = block * width_, stride = x.outerStride();
  simd::to_frames(x.data() + first * stride, size(stride), channels_of(block), size(2 * entries_), numbers_.data(),
                  size(width_));
}

template <class T>
void DiagonalLanes<T>::scatter(StateRef<T> x, Index block) const {
  if (one_channel_) {
    for (Index n = 0; n < entries_; n += width_) {
      const Index entries = std::min(width_, entries_ - n);
      Eigen::Map<Pairs<T>> pairs(x.col(block).data() + 2 * n, 2, entries);
      pairs = numbers_.block(0, 2 * n / width_, entries, 2).transpose();
    }
    return;
  }
  const Index first = block * width_, stride = x.outerStride();
  simd::to_rows(numbers_.data(), size(width_), channels_of(block), size(2 * entries_), x.data() + first * stride,
                size(stride));
}

template <class T>
void DiagonalLanes<T>::take(const StateRef<T>& x) {
  for (Index block = 0; block < blocks(); ++block) {
    gather(x, block);
    scale(inverse_B_, block, numbers_.data(), state_of(block, 0));
  }
}

template <class T>
void DiagonalLanes<T>::give(StateRef<T> x) {
  for (Index block = 0; block < blocks(); ++block) {
    scale(B_, block, state_of(block, 0), numbers_.data());
    scatter(x, block);
  }
}

template <class T>
void DiagonalLanes<T>::scale(const std::vector<Aligned<T>>& factors, Index block, const T* from, T* to) const {
  simd::diagonal_loops<T>().scale(factors[size(table_of(block))].data(), size(rows_), from, to);
  count_multiply_adds(8 * rows_ * width_);
}

template <class T>
simd::DiagonalRows<T> DiagonalLanes<T>::rows_of(Index block) {
  const auto table = size(table_of(block));
  return {tables_[table].data(), drift_[table].data(), through_[table].data(),
          state_of(block, 0),    size(rows_),          one_channel_};
}

template <class T>
void DiagonalLanes<T>::run_channel(Index channel, ConstSignal<T> u, Signal<T> y) {
  const auto& loops = simd::diagonal_loops<T>();
  const Index n = u.cols();
  const Index whole = (n + width_ - 1) / width_ * width_;
  T* const samples = u_[0].data() + ahead;
  T* const parts = y_[0].data();
  strided_copy(u.data() + channel, u.outerStride(), n, samples, 1);
  loops.run(rows_of(channel), samples, parts, size(n), {});
  count_multiply_adds(rows_ * width_ * steps_work<T>(n) + n * (ahead + width_ / 2));  // and the sums over lanes
  const bool direct = y.outerStride() == 1 && whole == n;
  T* const sums = direct ? y.data() : parts;
  loops.sum(parts, through_[size(table_of(channel))].data(), samples, sums, size(whole));
  if (!direct) strided_copy(sums, 1, n, y.data() + channel, y.outerStride());
}

template <class T>
void DiagonalLanes<T>::run_block(Index block, ConstSignal<T> u, Signal<T> y) {
  const auto& loops = simd::diagonal_loops<T>();
  const Index first = block * width_;
  const std::size_t channels = channels_of(block);
  loops.to_block(u.data() + first, size(u.outerStride()), channels, size(u.cols()), u_[0].data());
  advance(block, u_[0].data(), y_[0].data(), u.cols(), {});
  loops.to_frames(y_[0].data(), channels, size(u.cols()), y.data() + first, size(y.outerStride()));
}

template <class T>
void DiagonalLanes<T>::advance(Index block, const T* u, T* y, Index n, const simd::Traffic<T>& traffic) {
  simd::diagonal_loops<T>().run(rows_of(block), u, y, size(n), traffic);
  count_multiply_adds(rows_ * width_ * steps_work<T>(n) + width_ * n * (ahead + 1) / 2);
}

/// One after another, chunk after chunk; the inputs of one come in and its outputs go out while others are computed.
template <class T>
void DiagonalLanes<T>::run_full_blocks(ConstSignal<T> u, Signal<T> y) {
  struct Tile {
    Index block, start, samples;
  };
  const auto tile = [&](Index block, Index start) {
    return Tile{block, start, std::clamp<Index>(u.cols() - start, 0, chunk_)};
  };
  const auto after = [&](const Tile& t) {
    return t.block + 1 < copies_ / width_ ? tile(t.block + 1, t.start) : tile(0, t.start + chunk_);
  };
  const auto input = [&](const Tile& t) { return u.data() + t.start * u.outerStride() + t.block * width_; };
  const auto output = [&](const Tile& t) { return y.data() + t.start * y.outerStride() + t.block * width_; };

  const auto& loops = simd::diagonal_loops<T>();
  const std::size_t stride = size(u.outerStride()), y_stride = size(y.outerStride()), width = size(width_);
  simd::Traffic<T> traffic{};
  traffic.past_cache = width_ * Index(sizeof(T)) == line_bytes && pass_cache<T>(y);
  Tile now = tile(0, 0);
  loops.to_block(input(now), stride, width, size(now.samples), u_[0].data());
  for (int side = 0; now.samples > 0; side = 1 - side) {
    const Tile next = after(now), later = after(next);
    if (next.samples > 0) {
      traffic.in = {input(next), stride, size(next.samples)};
      traffic.later = later.samples == next.samples ? input(later) : input(next);
    } else {
      traffic.in = {};
    }
    traffic.to = u_[1 - side].data();
    traffic.soon = output(now);
    advance(now.block, u_[side].data(), y_[side].data(), now.samples, traffic);
    traffic.out = {output(now), y_stride, size(now.samples)};
    traffic.from = y_[side].data();
    now = next;
  }
  loops.to_frames(traffic.from, width, traffic.out.samples, traffic.out.data, y_stride);
  if (traffic.past_cache) hwy::FlushStream();
}

template <class T>
void DiagonalLanes<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  const NoDenormals guard;
  take(x);
  const Index full = one_channel_ ? 0 : copies_ / width_;
  if (full > 0) run_full_blocks(u, y);
  for (Index start = 0; start < u.cols() && full < blocks(); start += chunk_) {
    const Index n = std::min(chunk_, u.cols() - start);
    const auto u_part = u.middleCols(start, n);
    auto y_part = y.middleCols(start, n);
    for (Index block = full; block < blocks(); ++block) {
      one_channel_ ? run_channel(block, u_part, y_part) : run_block(block, u_part, y_part);
    }
  }
  give(x);
}

template class DiagonalLanes<float>;
template class DiagonalLanes<double>;

}  // namespace longstate::detail
