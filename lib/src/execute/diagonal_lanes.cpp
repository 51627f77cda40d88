#include "../detail/denormals.hpp"
#include "../detail/layer.hpp"
#include "../detail/tally.hpp"
#include "../simd/diagonal_shared.hpp"
#include "../simd/transpose.hpp"

#include <longstate/execute/diagonal_lanes.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace longstate {
namespace {

using Complex = std::complex<double>;

// Samples: u and y of one channel, W numbers each for a sample, stay in the first cache; of many channels the frames of two
// chunks beside the tables in the second.
constexpr Index chunk_of_one = 256, chunk_of_many = 64;
constexpr auto ahead = static_cast<Index>(simd::ahead);

// Blocks that go together: u and sums of a tile stay in the first cache beside a part of the tables, tables and states of a panel
// in the second. What rounding takes from the powers is given back every so many tiles.
constexpr Index tile_samples = 16, panel_bytes = 256 << 10, tiles_to_give_back = 16;
constexpr Index past_cache_bytes = 1 << 20;  // outputs beyond are not read from the cache soon

constexpr Index line = 64;  // bytes

/// Whether frames begin with a line of the cache. (Groups read and write them in pieces; of halves of lines, half of the time went
/// in memory.)
template <class T>
bool in_lines(const T* first, Index stride) {
  return reinterpret_cast<std::uintptr_t>(first) % line == 0 && stride * static_cast<Index>(sizeof(T)) % line == 0;
}

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

template <class T>
using Pairs = Eigen::Matrix<T, 2, Eigen::Dynamic>;

/// z = a b of W lanes, each a row of real parts and one of imaginary ones.
template <class T>
void multiply(Index width, const T* a, const T* b, T* z) {
  using Lanes = Eigen::Array<T, Eigen::Dynamic, 1>;
  const Eigen::Map<const Lanes> a_re(a, width), a_im(a + width, width), b_re(b, width), b_im(b + width, width);
  Eigen::Map<Lanes>(z, width) = a_re * b_re - a_im * b_im;
  Eigen::Map<Lanes>(z + width, width) = a_re * b_im + a_im * b_re;
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
bool DiagonalLanes<T>::shares(Index systems, Index copies) {
  const auto width = static_cast<Index>(simd::lanes<T>()), most = static_cast<Index>(simd::shared_loops<T>().most);
  return most > 2 && copies % (most * width * detail::tables_of(systems, width, copies)) == 0;
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
      tables_(static_cast<std::size_t>(
                  detail::tables_of(static_cast<Index>(layer.size()), one_channel_ ? 1 : width_, copies)),
              Matrix<T>::Zero(4 * ahead * width_, rows_)),
      drift_(tables_.size(), Matrix<T>::Zero(2 * ahead * width_, rows_)),
      through_(tables_.size(),
               Matrix<T>::Zero(one_channel_ ? static_cast<Index>(simd::through_period<T>()) : width_, ahead)),
      B_(tables_.size(), Matrix<T>::Zero(2 * width_, rows_)),
      inverse_B_(B_),
      numbers_(Matrix<T>::Zero(width_, 2 * rows_)),
      u_(Matrix<T>::Zero(width_, chunk_ + ahead)),
      y_(Matrix<T>::Zero(width_, chunk_)) {
  fetch_.resize(static_cast<std::size_t>(2 * copies_ * (chunk_ / blocks() + 1)));
  const Index lanes_filled = static_cast<Index>(tables_.size()) * (one_channel_ ? 1 : width_);
  for (Index c = 0; c < lanes_filled; ++c) {
    fill(std::get<DiscreteDiagonal>(layer[static_cast<std::size_t>(system_of(c))]), c);
  }
  group_blocks();
}

template <class T>
void DiagonalLanes<T>::group_blocks() {
  const auto tables = static_cast<Index>(tables_.size());
  const Index whole = one_channel_ ? 0 : copies_ / width_;
  const auto most = static_cast<Index>(simd::shared_loops<T>().most);
  const Index number = width_ * static_cast<Index>(sizeof(T));
  const Index bytes = rows_ * number * (4 * ahead + 2 * (whole / tables));  // of a table and its blocks' states
  const Index of_panel = std::max<Index>(panel_bytes / bytes, 1);
  slots_.resize(static_cast<std::size_t>(blocks()));
  const auto add = [&](Group group) {
    for (Index k = 0; k < group.count; ++k) {
      slots_[static_cast<std::size_t>(group.first + k * tables)] = {static_cast<Index>(groups_.size()), k};
    }
    groups_.push_back(group);
    states_.push_back(Matrix<T>::Zero(2 * width_ * group.count, rows_));
  };
  for (Index table = 0; table < tables; ++table) {
    for (Index block = table; block < whole;) {
      Index count = most;
      while (block + (count - 1) * tables >= whole) count /= 2;
      add({block, count, table / of_panel});
      block += count * tables;
    }
  }
  whole_groups_ = static_cast<Index>(groups_.size());
  for (Index block = whole; block < blocks(); ++block) add({block, 1, 0});
  tile_sums_ = Matrix<T>::Zero(width_ * most, tile_samples);
  tile_u_[0] = tile_u_[1] = tile_sums_;
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
    const auto table = static_cast<std::size_t>(table_of(at.block));
    for (Index i = 0; i < ahead; ++i) {
      const Complex next = power(mu, i + 1);
      put<T>(tables_[table].col(at.row), ahead + i, width_, at.lane, next);
      put<T>(drift_[table].col(at.row), i, width_, at.lane, drift<T>(next));
      put<T>(tables_[table].col(at.row), i, width_, at.lane, std::conj(c * power(mu, i + 1 - before)));
      if (i >= before) H(i) += (c * power(mu, i - before)).real();
    }
    put<T>(B_[table].col(at.row), 0, width_, at.lane, b);
    put<T>(inverse_B_[table].col(at.row), 0, width_, at.lane, 1.0 / b);
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
std::size_t DiagonalLanes<T>::channels_of(Index block) const {
  return static_cast<std::size_t>(std::min(width_, copies_ - block * width_));
}

template <class T>
T* DiagonalLanes<T>::state_of(Index block, Index row) {
  const Slot& slot = slots_[static_cast<std::size_t>(block)];
  return states_[static_cast<std::size_t>(slot.group)].col(row).data() + 2 * slot.place * width_;
}

/// Numbers of the state in lanes, W for each number of a row.
template <class T>
void DiagonalLanes<T>::gather(const StateRef<T>& x, Index block) {
  if (one_channel_) {
    for (Index n = 0; n < entries_; n += width_) {
      const Index entries = std::min(width_, entries_ - n);
      const Eigen::Map<const Pairs<T>> pairs(x.col(block).data() + 2 * n, 2, entries);
      numbers_.block(0, 2 * n / width_, entries, 2) = pairs.transpose();
    }
    return;
  }
  const Index first = block * width_, stride = x.outerStride();
  simd::to_frames(x.data() + first * stride, static_cast<std::size_t>(stride), channels_of(block),
                  static_cast<std::size_t>(2 * entries_), numbers_.data(), static_cast<std::size_t>(width_));
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
  simd::to_rows(numbers_.data(), static_cast<std::size_t>(width_), channels_of(block),
                static_cast<std::size_t>(2 * entries_), x.data() + first * stride, static_cast<std::size_t>(stride));
}

template <class T>
void DiagonalLanes<T>::take(const StateRef<T>& x) {
  for (Index block = 0; block < blocks(); ++block) {
    gather(x, block);
    const Matrix<T>& factor = inverse_B_[static_cast<std::size_t>(table_of(block))];
    for (Index row = 0; row < rows_; ++row) {
      multiply<T>(width_, factor.col(row).data(), numbers_.col(2 * row).data(), state_of(block, row));
    }
  }
}

template <class T>
void DiagonalLanes<T>::give(StateRef<T> x) {
  for (Index block = 0; block < blocks(); ++block) {
    const Matrix<T>& factor = B_[static_cast<std::size_t>(table_of(block))];
    for (Index row = 0; row < rows_; ++row) {
      multiply<T>(width_, factor.col(row).data(), state_of(block, row), numbers_.col(2 * row).data());
    }
    scatter(x, block);
  }
}

template <class T>
simd::DiagonalRows<T> DiagonalLanes<T>::rows_of(Index block) {
  const auto table = static_cast<std::size_t>(table_of(block));
  return {tables_[table].data(),
          drift_[table].data(),
          through_[table].data(),
          state_of(block, 0),
          2 * static_cast<std::size_t>(
                  groups_[static_cast<std::size_t>(slots_[static_cast<std::size_t>(block)].group)].count * width_),
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
  const std::size_t channels = channels_of(block);
  const std::size_t n = count(u.cols());
  loops.to_block(u.data() + first, count(u.outerStride()), channels, n, u_.data());
  loops.run(rows_of(block), u_.data(), y_.data(), n, {fetch_.data(), fetched_});
  detail::count_multiply_adds(rows_ * width_ * steps_work(u.cols()) + width_ * u.cols() * (ahead + 1) / 2);
  loops.to_frames(y_.data(), channels, n, y.data() + first, count(y.outerStride()));
}

/// Asks for a frame of the next chunk.
template <class T>
void DiagonalLanes<T>::fetch(const T* u, const T* y) {
  for (Index c = 0; c < copies_; c += line / static_cast<Index>(sizeof(T))) {
    fetch_[fetched_++] = u + c;
    fetch_[fetched_++] = y + c;
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
      fetched_ = 0;
      const Index end = std::min(start + chunk_ + chunk_ * (block + 1) / blocks(), u.cols());
      for (Index k = start + chunk_ + chunk_ * block / blocks(); k < end; ++k) fetch(u.col(k).data(), y.col(k).data());
      run_block(block, u_part, y_part);
    }
  }
  give(x);
}

template <class T>
typename DiagonalLanes<T>::Tile DiagonalLanes<T>::after(Tile tile, Index whole) const {
  const auto panel = [&](Index group) { return groups_[static_cast<std::size_t>(group)].panel; };
  const Index here = panel(tile.group);
  if (tile.group + 1 < whole_groups_ && panel(tile.group + 1) == here) return {tile.group + 1, tile.start};
  if (tile.start + tile_samples >= whole) return {tile.group + 1, 0};
  while (tile.group > 0 && panel(tile.group - 1) == here) --tile.group;
  return {tile.group, tile.start + tile_samples};
}

/// None after the last group.
template <class T>
template <class Number>
simd::Frames<Number> DiagonalLanes<T>::frames(Number* first, Index stride, Tile tile, Index whole) const {
  if (tile.group == whole_groups_) return {first, 0, 0, 0, 0};
  const auto size = [](Index value) { return static_cast<std::size_t>(value); };
  const Group& group = groups_[size(tile.group)];
  return {first + tile.start * stride + group.first * width_, size(std::min(tile_samples, whole - tile.start)),
          size(group.count), size(stride), tables_.size() * size(width_)};
}

/// Frames begin with a line of the cache.
template <class T>
void DiagonalLanes<T>::run_tiles(ConstSignal<T> u, Signal<T> y) {
  const auto& loops = simd::shared_loops<T>();
  const Index whole = u.cols();
  const auto inputs = [&](Tile tile) { return frames(u.data(), u.outerStride(), tile, whole); };
  const auto next = [&](Tile tile) { return tile.group < whole_groups_ ? after(tile, whole) : tile; };
  constexpr auto number = static_cast<Index>(sizeof(T));
  const bool past_cache = width_ * number == line && y.size() * number > past_cache_bytes;

  Tile now{0, 0}, then = next(now);
  loops.copy(inputs(now), tile_u_[0].data());
  for (int side = 0; now.group < whole_groups_; side = 1 - side) {
    const Tile later = next(then);
    const Group& group = groups_[static_cast<std::size_t>(now.group)];
    const simd::DiagonalRows<T> rows = rows_of(group.first);
    const simd::Frames<T> to = frames(y.data(), y.outerStride(), now, whole);
    loops.run(rows, {tile_u_[side].data(), tile_sums_.data(), to, past_cache, inputs(then), inputs(later),
                     tile_u_[1 - side].data()});
    const Index n = static_cast<Index>(to.samples), tiles = now.start / tile_samples % tiles_to_give_back;
    detail::count_multiply_adds(group.count * width_ * (rows_ * steps_work(n) + n * (ahead + 1) / 2));
    if (tiles + 1 == tiles_to_give_back || now.start + n == whole) {
      loops.give_back(rows, to.blocks, static_cast<std::size_t>((tiles * tile_samples + n) / ahead));
    }
    now = then;
    then = later;
  }
  if (past_cache) hwy::FlushStream();
}

/// Samples that fill no step, and the copies that fill no block.
template <class T>
void DiagonalLanes<T>::run_rest(ConstSignal<T> u, Signal<T> y, Index done) {
  fetched_ = 0;
  for (Index block = 0; block < blocks(); ++block) {
    const bool whole = (block + 1) * width_ <= copies_;
    for (Index start = whole ? done : 0; start < u.cols(); start += chunk_) {
      const Index n = std::min(chunk_, u.cols() - start);
      run_block(block, u.middleCols(start, n), y.middleCols(start, n));
    }
  }
}

template <class T>
void DiagonalLanes<T>::run_together(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  const bool aligned = in_lines(u.data(), u.outerStride()) && in_lines(y.data(), y.outerStride());
  if (whole_groups_ == 0 || !aligned) return run(u, y, x);
  const detail::NoDenormals guard;
  take(x);
  const Index whole = u.cols() / ahead * ahead;
  if (whole > 0) run_tiles(u.leftCols(whole), y.leftCols(whole));
  run_rest(u, y, whole);
  give(x);
}

template class DiagonalLanes<float>;
template class DiagonalLanes<double>;

}  // namespace longstate
