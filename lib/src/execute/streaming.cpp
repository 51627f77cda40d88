#include "../simd/streaming.hpp"
#include "../detail/aligned.hpp"
#include "../detail/check.hpp"
#include "../detail/negacyclic.hpp"
#include "../simd/size.hpp"
#include "../simd/transpose.hpp"

#include <longstate/execute/streaming.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

namespace longstate {
namespace {

using simd::size;

void check_arguments(const Matrix<double>& kernels, Index block) {
  if (kernels.size() == 0) detail::fail("StreamingFir", "kernels must have a channel and a tap", kernels.size());
  if (!kernels.allFinite()) detail::fail("StreamingFir", "kernels must be finite", "a value that is not");
  if (block < 16 || block > 65536 || !std::has_single_bit(static_cast<std::size_t>(block))) {
    detail::fail("StreamingFir", "block must be a power of 2 from 16 to 65536", block);
  }
}

/// P, a power of 2 near sqrt(taps B / 2); 0 where parts of B alone are few.
Index choose_long_block(Index taps, Index block) {
  if (taps <= 16 * block) return 0;
  const double best = std::sqrt(static_cast<double>(taps) * static_cast<double>(block) / 2);
  Index length = 4 * block;
  while (static_cast<double>(length) * std::sqrt(2.0) < best) length *= 2;
  return length;
}

/// The partitions of `length` taps from `first` to `end`, as spectra of the kernels of all channels.
template <class T>
struct StreamingLine {
  using C = std::complex<T>;

  Index length, count;
  detail::Negacyclic<T> fft;
  detail::Aligned<C> spectra;  // bins count x channels: partition after partition

  StreamingLine(const Matrix<double>& kernels, Index first, Index end, Index partition, Planning planning)
      : length(partition),
        count(std::max<Index>((end - first + partition - 1) / partition, 0)),
        fft(2 * partition, planning),
        spectra(partition * count, kernels.rows()) {
    const detail::Negacyclic<double> precise(2 * length);
    detail::AlignedVector<double> part(length);
    detail::AlignedVector<std::complex<double>> spectrum(length), scratch(precise.scratch_size());
    for (Index c = 0; c < kernels.rows(); ++c) {
      for (Index k = 0; k < count; ++k) {
        const Index from = first + k * length, taps = std::min(length, end - from);
        part.setZero();
        part.head(taps) = kernels.row(c).segment(from, taps) / static_cast<double>(length);
        precise.forward(part.data(), nullptr, spectrum.data(), scratch.data());
        spectra.col(c).segment(k * length, length) = spectrum.template cast<C>();
      }
    }
  }
};

template <class T>
struct StreamingDesign {
  Index taps, block, long_block;
  detail::Aligned<T> head;  // the first B taps (or fewer) x channels
  StreamingLine<T> near, far;

  StreamingDesign(const Matrix<double>& kernels, Index B, Planning planning)
      : taps(kernels.cols()),
        block(B),
        long_block(choose_long_block(taps, B)),
        head(kernels.leftCols(std::min(taps, B)).transpose().template cast<T>()),
        near(kernels, B, long_block > 0 ? 2 * long_block : taps, B, planning),
        far(kernels, 2 * long_block, long_block > 0 ? taps : 0, long_block > 0 ? long_block : B, planning) {}
};

/// Past blocks of all channels as spectra, and what they still add to the outputs to come.
template <class T>
struct Delays {
  using C = std::complex<T>;

  detail::Aligned<C> spectra;      // bins count x channels: a ring, the newest at `newest`, older ones after it
  detail::Aligned<T> next, later;  // length x channels: to add to the next block, and to the one after
  Index newest = 0;
  detail::AlignedVector<C> sum, scratch;
  detail::AlignedVector<T> high;  // of a result: what goes to `later`

  Delays(const StreamingLine<T>& line, Index channels)
      : spectra(detail::Aligned<C>::Zero(line.length * line.count, channels)),
        next(detail::Aligned<T>::Zero(line.length, channels)),
        later(detail::Aligned<T>::Zero(line.length, channels)),
        sum(line.length),
        scratch(line.fft.scratch_size()),
        high(line.length) {}

  void turn(const StreamingLine<T>& line) {
    if (line.count > 0) newest = (newest + line.count - 1) % line.count;
  }

  /// Channel c: takes in a block (where turn() has put it), and makes what all past blocks add to `to`.
  void convolve(const StreamingLine<T>& line, Index c, const T* block, T* to) {
    const auto& loops = simd::streaming_loops<T>();
    const Index n = line.length, first = line.count - newest;
    const auto at = [n](auto& columns, Index k, Index channel) { return columns.col(channel).data() + k * n; };
    line.fft.forward(block, nullptr, at(spectra, newest, c), scratch.data());
    loops.set(at(spectra, newest, c), at(line.spectra, 0, c), size(first), size(n), sum.data());
    if (newest > 0) loops.add(at(spectra, 0, c), at(line.spectra, first, c), size(newest), size(n), sum.data());
    Eigen::Map<typename Vector<T>::Plain> result(to, n);
    line.fft.inverse(sum.data(), to, high.data(), scratch.data());
    result += later.col(c);
    later.col(c) = high;
  }
};

template <class T>
struct StreamingPast {
  Index position = 0, long_position = 0;  // in the block, and in the long one
  detail::Aligned<T> recent;              // (B before, B of this block) x channels
  detail::Aligned<T> output;              // of a call, at most B x channels
  detail::Aligned<T> filling, full;       // P x channels
  detail::Aligned<T> making;              // P x channels: what far parts will add to the long block after this
  Delays<T> near, far;

  StreamingPast(const StreamingDesign<T>& d, Index channels)
      : recent(
            detail::Aligned<T>::Zero(2 * d.block + 16, channels)),  // no power of 2: columns must not share cache lines
        output(d.block + 16, channels),
        filling(detail::Aligned<T>::Zero(d.long_block, channels)),
        full(filling),
        making(filling),
        near(d.near, channels),
        far(d.far, channels) {}
};

}  // namespace

template <class T>
struct StreamingFir<T>::Loops {
  Loops(const Matrix<double>& kernels, Index block, Planning planning)
      : design(make_design(kernels, block, planning)), past(*design, kernels.rows()) {}
  static std::shared_ptr<const StreamingDesign<T>> make_design(const Matrix<double>& kernels, Index block,
                                                               Planning planning) {
    check_arguments(kernels, block);
    return std::make_shared<const StreamingDesign<T>>(kernels, block, planning);
  }
  void run(const ConstSignal<T>& u, Signal<T> y);
  void end_block();
  void end_long_block();

  Index channels() const { return design->head.cols(); }

  std::shared_ptr<const StreamingDesign<T>> design;
  StreamingPast<T> past;
};

template <class T>
StreamingFir<T>::StreamingFir(const Matrix<double>& kernels, Index block, Planning planning)
    : loops_(std::make_shared<Loops>(kernels, block, planning)) {}

template <class T>
Index StreamingFir<T>::taps() const {
  return loops_->design->taps;
}
template <class T>
Index StreamingFir<T>::channels() const {
  return loops_->channels();
}
template <class T>
Index StreamingFir<T>::block() const {
  return loops_->design->block;
}
template <class T>
Index StreamingFir<T>::long_block() const {
  return loops_->design->long_block;
}

template <class T>
void StreamingFir<T>::reset() {
  loops_->past = StreamingPast<T>(*loops_->design, channels());
}

template <class T>
void StreamingFir<T>::run(ConstSignal<T> u, Signal<T> y) {
  constexpr std::string_view where = "StreamingFir::run";
  detail::check_shape(where, "u", u.rows(), u.cols(), channels(), u.cols());
  detail::check_shape(where, "y", y.rows(), y.cols(), channels(), u.cols());
  loops_->run(u, y);
}

template <class T>
void StreamingFir<T>::Loops::run(const ConstSignal<T>& u, Signal<T> y) {
  const NoDenormals guard;
  const auto& loops = simd::streaming_loops<T>();
  const StreamingDesign<T>& d = *design;
  for (Index done = 0; done < u.cols();) {
    const Index n = std::min(d.block - past.position, u.cols() - done);
    simd::to_rows(u.col(done).data(), size(u.outerStride()), size(channels()), size(n),
                  &past.recent(d.block + past.position, 0), size(past.recent.rows()));
    for (Index c = 0; c < channels(); ++c) {
      auto out = past.output.col(c).head(n);
      out = past.near.next.col(c).segment(past.position, n);
      if (d.long_block > 0) out += past.far.next.col(c).segment(past.long_position, n);
      loops.direct(d.head.col(c).data(), size(d.head.rows()), &past.recent(d.block + past.position, c),
                   past.output.col(c).data(), size(n));
    }
    simd::to_frames(past.output.data(), size(past.output.rows()), size(channels()), size(n), y.col(done).data(),
                    size(y.outerStride()));
    if (d.long_block > 0) {
      past.filling.middleRows(past.long_position, n) = past.recent.middleRows(d.block + past.position, n);
      past.long_position += n;
    }
    past.position += n;
    done += n;
    if (past.position == d.block) end_block();
  }
}

/// A block is full: what it and those before add to the next, and some channels of the long block before this.
template <class T>
void StreamingFir<T>::Loops::end_block() {
  const StreamingDesign<T>& d = *design;
  if (d.near.count > 0) {
    past.near.turn(d.near);
    for (Index c = 0; c < channels(); ++c) {
      past.near.convolve(d.near, c, &past.recent(d.block, c), past.near.next.col(c).data());
    }
  }
  past.recent.topRows(d.block) = past.recent.middleRows(d.block, d.block);
  past.position = 0;
  if (d.long_block == 0) return;
  const Index parts = d.long_block / d.block, part = past.long_position / d.block;
  for (Index c = (part - 1) * channels() / parts; c < part * channels() / parts; ++c) {
    past.far.convolve(d.far, c, past.full.col(c).data(), past.making.col(c).data());
  }
  if (part == parts) end_long_block();
}

template <class T>
void StreamingFir<T>::Loops::end_long_block() {
  past.far.next.swap(past.making);
  past.full.swap(past.filling);
  past.far.turn(design->far);
  past.long_position = 0;
}

template class StreamingFir<float>;
template class StreamingFir<double>;

}  // namespace longstate
