#include "diagonal_lanes.hpp"

#include "../detail/layer.hpp"
#include "../detail/past_cache.hpp"
#include "../detail/powers.hpp"
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

/// Numbers of simd::DiagonalFrames' table of one system.
template <class T>
Index step_size(Index entries) {
  const auto W = static_cast<Index>(simd::diagonal_step<T>().lanes);
  return (2 * entries + W - 1) / W * W * static_cast<Index>(simd::step_numbers<T>);
}

}  // namespace

template <class T>
Index DiagonalLanes<T>::Shape::chunk() const {
  return one_channel ? chunk_of_one : chunk_of_many;
}

template <class T>
Work DiagonalLanes<T>::Shape::work(Index samples) const {
  const auto of_chunk = [&](Index n) {
    const Index through =
        one_channel ? ahead + width / 2 : width * (ahead + 1) / 2;  // D u and its like; of one, the sums over lanes
    return rows() * width * steps_work<T>(n) + n * through;
  };
  const Index scales = 2 * 8 * rows() * width;
  const Index runs = samples / chunk() * of_chunk(chunk()) + of_chunk(samples % chunk());
  return {.loop = LoopKind::lanes,
          .multiply_adds = blocks() * (scales + runs),
          .frames = samples * (one_channel ? copies : blocks() * width),
          .taken_over = blocks() * 2 * rows() * width};
}

template <class T>
Work DiagonalLanes<T>::Shape::step_work() const {
  constexpr auto each = static_cast<Index>(simd::step_numbers<T>);
  return {.loop = LoopKind::lanes, .multiply_adds = copies * (2 * entries * each + 1), .frames = copies};
}

template <class T>
std::optional<typename DiagonalLanes<T>::Shape> DiagonalLanes<T>::shape(const std::vector<DiscreteSystem>& layer,
                                                                        Index copies) {
  // B and 1 / B, times a state, must be numbers also in float, and so must the powers of lambda.
  constexpr double smallest = 1e-18, largest = 1e18;
  const bool fits = std::all_of(layer.begin(), layer.end(), [&](const DiscreteSystem& any) {
    const auto* s = std::get_if<DiscreteDiagonal>(&any);
    return s && s->inputs() == 1 && s->outputs() == 1 &&
           (s->B.cwiseAbs().array() > smallest && s->B.cwiseAbs().array() < largest).all() &&
           (s->mu.real().array() * static_cast<double>(ahead) < std::log(largest)).all();
  });
  if (!fits) return {};
  const auto width = static_cast<Index>(simd::lanes<T>());
  return Shape{longstate::order(layer.front()) / 2, copies, width, copies < (width + 1) / 2};
}

/// The tables of a step, whose place does not change.
template <class T>
struct DiagonalLanes<T>::Frames {
  static constexpr Index half_page = static_cast<Index>(simd::page_bytes / 2 / sizeof(T));
  Index numbers, twin;
  Aligned<T> table;  // of each system, as simd::DiagonalFrames has them
  AlignedVector<T> D;
  simd::DiagonalFrames<T> of;

  Frames(const std::vector<DiscreteSystem>& layer, const Shape& shape)
      : numbers(step_size<T>(shape.entries)),
        twin(layer.size() == 1 && simd::twin_fits<T>(size(numbers), size(2 * shape.entries)) ? half_page : 0),
        table(Aligned<T>::Zero(twin == 0 ? numbers : 2 * twin, static_cast<Index>(layer.size()))),
        D(table.cols()) {
    for (Index s = 0; s < table.cols(); ++s) {
      fill(std::get<DiscreteDiagonal>(layer[size(s)]), s);
      if (twin > 0) table.col(s).segment(twin, numbers) = table.col(s).head(numbers);
    }
    const bool control = longstate::convention(layer.front()) == Convention::control;
    of = {table.data(),        D.data(), layer.size(),       size(shape.copies),
          size(shape.entries), control,  size(table.rows()), size(twin)};
  }
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  void fill(const DiscreteDiagonal& system, Index index);
};

template <class T>
void DiagonalLanes<T>::Frames::fill(const DiscreteDiagonal& system, Index index) {
  const auto W = static_cast<Index>(simd::diagonal_step<T>().lanes);
  D(index) = static_cast<T>(system.D(0, 0));
  const auto put = [&](Index n, Index number, double first, double second) {
    const Index lane = 2 * n % W, vector = 2 * n / W;
    T* const to = &table((vector * static_cast<Index>(simd::step_numbers<T>) + number) * W + lane, index);
    to[0] = static_cast<T>(first);
    to[1] = static_cast<T>(second);
  };
  for (Index n = 0; n < system.mu.size(); ++n) {
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
DiagonalLanes<T>::DiagonalLanes(const std::vector<DiscreteSystem>& layer, const Shape& shape)
    : shape_(shape),
      systems_(static_cast<Index>(layer.size())),
      tables_(size(tables_of(systems_, shape.one_channel ? 1 : shape.width, shape.copies)),
              Aligned<T>::Zero(4 * ahead * shape.width, shape.rows())),
      drift_(tables_.size(), Aligned<T>::Zero(2 * ahead * shape.width, shape.rows())),
      through_(
          tables_.size(),
          Aligned<T>::Zero(shape.one_channel ? static_cast<Index>(simd::through_period<T>()) : shape.width, ahead)),
      B_(tables_.size(), Aligned<T>::Zero(4 * shape.width, shape.rows())),
      inverse_B_(B_),
      numbers_(Aligned<T>::Zero(shape.width, 2 * shape.rows())),
      states_(size(blocks()), Aligned<T>::Zero(2 * shape.width, shape.rows())),
      step_(&simd::diagonal_step<T>()),
      frames_(std::make_shared<const Frames>(layer, shape)) {
  u_[0] = u_[1] = Aligned<T>::Zero(shape.width, shape.chunk() + ahead);
  y_[0] = y_[1] = Aligned<T>::Zero(shape.width, shape.chunk());
  const Index lanes_filled = static_cast<Index>(tables_.size()) * (shape.one_channel ? 1 : shape.width);
  for (Index c = 0; c < lanes_filled; ++c) {
    fill(std::get<DiscreteDiagonal>(layer[size(system_of(c))]), c);
  }
}

template <class T>
void DiagonalLanes<T>::step(const ConstFrame<T>& u, Frame<T>& y, StateRef<T>& x) const noexcept {
  step_->run(frames_->of, u.data(), y.data(), x.data(), size(x.outerStride()));
}

template <class T>
typename DiagonalLanes<T>::Place DiagonalLanes<T>::place(Index copy, Index entry) const {
  if (shape_.one_channel) return {copy, entry / shape_.width, entry % shape_.width};
  return {copy / shape_.width, entry, copy % shape_.width};
}

template <class T>
void DiagonalLanes<T>::fill(const DiscreteDiagonal& system, Index copy) {
  const Index before = system.convention == Convention::control ? 1 : 0;  // the output sees the state before the sample
  Vector<double> H = Vector<double>::Zero(ahead);
  H(0) = system.D(0, 0);
  for (Index n = 0; n < shape_.entries; ++n) {
    const Complex mu = system.mu(n), b = system.B(n, 0), c = 2.0 * system.C(0, n) * b;
    const Place at = place(copy, n);
    const auto table = size(table_of(at.block));
    for (Index i = 0; i < ahead; ++i) {
      const Complex next = power_of(mu, i + 1);
      put<T>(tables_[table].col(at.row), ahead + i, shape_.width, at.lane, Complex(rounded_power<T>(next)));
      put<T>(drift_[table].col(at.row), i, shape_.width, at.lane, drift<T>(next));
      put<T>(tables_[table].col(at.row), i, shape_.width, at.lane, std::conj(c * power_of(mu, i + 1 - before)));
      if (i >= before) H(i) += (c * power_of(mu, i - before)).real();
    }
    const std::complex<long double> exact(b);
    put_whole(B_[table].col(at.row), shape_.width, at.lane, exact);
    put_whole(inverse_B_[table].col(at.row), shape_.width, at.lane, 1.0L / exact);
  }
  const Place channel = place(copy, 0);
  Aligned<T>& through = through_[size(table_of(channel.block))];
  for (Index j = 0; j < ahead; ++j) {
    if (!shape_.one_channel) through(channel.lane, j) = static_cast<T>(H(j));
    for (Index k = 0; shape_.one_channel && k < through.rows(); ++k)
      through(k, j) = k % ahead >= j ? static_cast<T>(H(j)) : 0;
  }
}

template <class T>
std::size_t DiagonalLanes<T>::channels_of(Index block) const {
  return size(std::min(shape_.width, shape_.copies - block * shape_.width));
}

template <class T>
T* DiagonalLanes<T>::state_of(Index block, Index row) {
  return states_[size(block)].col(row).data();
}

/// Numbers of the state in lanes, W for each number of a row.
template <class T>
void DiagonalLanes<T>::gather(const StateRef<T>& x, Index block) {
  if (shape_.one_channel) {
    numbers_.rightCols(2).setZero();  // lanes past the last entry: their outputs count as 0 times what is in them
    for (Index n = 0; n < shape_.entries; n += shape_.width) {
      const Index entries = std::min(shape_.width, shape_.entries - n);
      const Eigen::Map<const Pairs<T>> pairs(x.col(block).data() + 2 * n, 2, entries);
      numbers_.block(0, 2 * n / shape_.width, entries, 2) = pairs.transpose();
    }
    return;
  }
  const Index first = block * shape_.width, stride = x.outerStride();
  simd::to_frames(x.data() + first * stride, size(stride), channels_of(block), size(2 * shape_.entries),
                  numbers_.data(), size(shape_.width));
}

template <class T>
void DiagonalLanes<T>::scatter(StateRef<T> x, Index block) const {
  if (shape_.one_channel) {
    for (Index n = 0; n < shape_.entries; n += shape_.width) {
      const Index entries = std::min(shape_.width, shape_.entries - n);
      Eigen::Map<Pairs<T>> pairs(x.col(block).data() + 2 * n, 2, entries);
      pairs = numbers_.block(0, 2 * n / shape_.width, entries, 2).transpose();
    }
    return;
  }
  const Index first = block * shape_.width, stride = x.outerStride();
  simd::to_rows(numbers_.data(), size(shape_.width), channels_of(block), size(2 * shape_.entries),
                x.data() + first * stride, size(stride));
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
  simd::diagonal_loops<T>().scale(factors[size(table_of(block))].data(), size(shape_.rows()), from, to);
}

template <class T>
simd::DiagonalRows<T> DiagonalLanes<T>::rows_of(Index block) {
  const auto table = size(table_of(block));
  return {tables_[table].data(), drift_[table].data(), through_[table].data(),
          state_of(block, 0),    size(shape_.rows()),  shape_.one_channel};
}

template <class T>
void DiagonalLanes<T>::run_channel(Index channel, ConstSignal<T> u, Signal<T> y) {
  const auto& loops = simd::diagonal_loops<T>();
  const Index n = u.cols();
  const Index whole = (n + shape_.width - 1) / shape_.width * shape_.width;
  T* const samples = u_[0].data() + ahead;
  T* const parts = y_[0].data();
  strided_copy(u.data() + channel, u.outerStride(), n, samples, 1);
  loops.run(rows_of(channel), samples, parts, size(n), {});
  const bool direct = y.outerStride() == 1 && whole == n;
  T* const sums = direct ? y.data() : parts;
  loops.sum(parts, through_[size(table_of(channel))].data(), samples, sums, size(whole));
  if (!direct) strided_copy(sums, 1, n, y.data() + channel, y.outerStride());
}

template <class T>
void DiagonalLanes<T>::run_block(Index block, ConstSignal<T> u, Signal<T> y) {
  const auto& loops = simd::diagonal_loops<T>();
  const Index first = block * shape_.width;
  const std::size_t channels = channels_of(block);
  loops.to_block(u.data() + first, size(u.outerStride()), channels, size(u.cols()), u_[0].data());
  advance(block, u_[0].data(), y_[0].data(), u.cols(), {});
  loops.to_frames(y_[0].data(), channels, size(u.cols()), y.data() + first, size(y.outerStride()));
}

template <class T>
void DiagonalLanes<T>::advance(Index block, const T* u, T* y, Index n, const simd::Traffic<T>& traffic) {
  simd::diagonal_loops<T>().run(rows_of(block), u, y, size(n), traffic);
}

/// One after another, chunk after chunk; the inputs of one come in and its outputs go out while others are computed.
template <class T>
void DiagonalLanes<T>::run_full_blocks(ConstSignal<T> u, Signal<T> y) {
  struct Tile {
    Index block, start, samples;
  };
  const auto tile = [&](Index block, Index start) {
    return Tile{block, start, std::clamp<Index>(u.cols() - start, 0, shape_.chunk())};
  };
  const auto after = [&](const Tile& t) {
    return t.block + 1 < shape_.copies / shape_.width ? tile(t.block + 1, t.start) : tile(0, t.start + shape_.chunk());
  };
  const auto input = [&](const Tile& t) { return u.data() + t.start * u.outerStride() + t.block * shape_.width; };
  const auto output = [&](const Tile& t) { return y.data() + t.start * y.outerStride() + t.block * shape_.width; };

  const auto& loops = simd::diagonal_loops<T>();
  const std::size_t stride = size(u.outerStride()), y_stride = size(y.outerStride()), width = size(shape_.width);
  simd::Traffic<T> traffic{};
  traffic.past_cache = shape_.width * Index(sizeof(T)) == line_bytes && pass_cache<T>(y);
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
  const Index full = shape_.one_channel ? 0 : shape_.copies / shape_.width;
  if (full > 0) run_full_blocks(u, y);
  for (Index start = 0; start < u.cols() && full < blocks(); start += shape_.chunk()) {
    const Index n = std::min(shape_.chunk(), u.cols() - start);
    const auto u_part = u.middleCols(start, n);
    auto y_part = y.middleCols(start, n);
    for (Index block = full; block < blocks(); ++block) {
      shape_.one_channel ? run_channel(block, u_part, y_part) : run_block(block, u_part, y_part);
    }
  }
  give(x);
}

template class DiagonalLanes<float>;
template class DiagonalLanes<double>;

}  // namespace longstate::detail
