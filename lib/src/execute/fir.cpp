#include "../detail/aligned.hpp"
#include "../detail/check.hpp"
#include "../detail/layer.hpp"
#include "../detail/negacyclic.hpp"
#include "../simd/transpose.hpp"
#include "threaded.hpp"

#include <longstate/execute/fir.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>

namespace longstate {
namespace {

constexpr Index group = 16;  // channels: a cache line of a frame

Index checked_block(const Matrix<double>& kernels, Index block) {
  constexpr Index longest = Index{1} << 26;
  if (kernels.size() == 0) detail::fail("Fir", "kernels must have a channel and a tap", kernels.size());
  if (!kernels.allFinite()) detail::fail("Fir", "kernels must be finite", "a value that is not");
  if (block < 0 || block > longest) detail::fail("Fir", "block must be from 0 to 2^26", block);
  return block != 0 ? block : std::max<Index>(kernels.cols(), 1024);
}

template <class T>
struct FirDesign {
  Index taps, block;
  Matrix<T> kernels;  // taps x channels
  detail::Negacyclic<T> fft;
  detail::Aligned<std::complex<T>> spectra;  // bins x channels, over the bins

  FirDesign(const Matrix<double>& given, Index block_size, Planning planning)
      : taps(given.cols()),
        block(checked_block(given, block_size)),
        kernels(given.transpose().template cast<T>()),
        fft(block + taps - 1, planning),
        spectra(fft.bins(), given.rows()) {
    const detail::Negacyclic<double> precise(fft.length());
    detail::AlignedVector<double> kernel = detail::AlignedVector<double>::Zero(fft.length());
    detail::AlignedVector<std::complex<double>> spectrum(fft.bins()), scratch(precise.scratch_size());
    for (Index c = 0; c < given.rows(); ++c) {
      kernel.head(taps) = given.row(c) / static_cast<double>(fft.bins());
      precise.forward(kernel.data(), &kernel(fft.bins()), spectrum.data(), scratch.data());
      spectra.col(c) = spectrum.template cast<std::complex<T>>();
    }
  }
};

}  // namespace

template <class T>
struct Fir<T>::Loops {
  explicit Loops(std::shared_ptr<const FirDesign<T>> made)
      : design_(std::move(made)),
        rows_(design_->fft.length() + 32, std::min(group, copies())),  // no power of 2: rows must not share cache lines
        result_(design_->fft.length()),
        transform_(design_->fft.scratch_size()) {}

  Index copies() const { return design_->spectra.cols(); }
  void run(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x);
  void run_group(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x, Index first);
  void run_channel(Index n, const T* in, T* out, StateRef<T> x, Index channel);

  std::shared_ptr<const FirDesign<T>> design_;
  detail::Aligned<T> rows_;          // of a group of channels: the input, then the output
  detail::AlignedVector<T> result_;  // a block's output, and what it adds to later ones
  detail::AlignedVector<std::complex<T>> transform_;
};

template <class T>
Fir<T>::Fir(const Matrix<double>& kernels, Index block, Planning planning)
    : loops_(std::make_shared<Loops>(std::make_shared<const FirDesign<T>>(kernels, block, planning))) {}

template <class T>
Index Fir<T>::taps() const {
  return loops_->design_->taps;
}
template <class T>
Index Fir<T>::copies() const {
  return loops_->copies();
}
template <class T>
Index Fir<T>::block() const {
  return loops_->design_->block;
}
template <class T>
Index Fir<T>::fft_length() const {
  return loops_->design_->fft.length();
}

/// The transposed direct form.
template <class T>
void Fir<T>::step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept {
  const Matrix<T>& h = loops_->design_->kernels;
  const Index later = h.rows() - 1;
  for (Index c = 0; c < h.cols(); ++c) {
    const T in = u(c);
    auto state = x.col(c);
    y(c) = h(0, c) * in + (later > 0 ? state(0) : T(0));
    for (Index k = 0; k + 1 < later; ++k) state(k) = state(k + 1) + h(k + 1, c) * in;
    if (later > 0) state(later - 1) = h(later, c) * in;
  }
}

template <class T>
void Fir<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  detail::check_run("Fir::run", *this, u, y, x);
  loops_->run(u, y, x);
}

template <class T>
void Fir<T>::Loops::run(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x) {
  const NoDenormals guard;
  for (Index done = 0; done < u.cols(); done += design_->block) {
    const Index n = std::min(design_->block, u.cols() - done);
    for (Index c = 0; c < copies(); c += group) {
      const Index channels = std::min(group, copies() - c);
      run_group(u.block(c, done, channels, n), y.block(c, done, channels, n), x, c);
    }
  }
}

template <class T>
void Fir<T>::Loops::run_group(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x, Index first) {
  const auto size = [](Index n) { return static_cast<std::size_t>(n); };
  const Index n = u.cols(), half = design_->fft.bins();
  if (u.rows() == 1 && u.outerStride() == 1 && y.outerStride() == 1 && n == half) {
    run_channel(n, u.data(), y.data(), x, first);
    return;
  }
  const std::size_t stride = size(rows_.rows());
  simd::to_rows(u.data(), size(u.outerStride()), size(u.rows()), size(n), rows_.data(), stride);
  for (Index c = 0; c < u.rows(); ++c) {
    T* const row = &rows_(0, c);
    std::fill(row + n, row + (n <= half ? half : 2 * half), T(0));
    run_channel(n, row, row, x, first + c);
  }
  simd::to_frames(rows_.data(), stride, size(u.rows()), size(n), y.data(), size(y.outerStride()));
}

template <class T>
void Fir<T>::Loops::run_channel(Index n, const T* in, T* out, StateRef<T> x, Index channel) {
  const Index half = design_->fft.bins(), later = design_->taps - 1;
  T* const high = result_.data() + half;
  T* const low = n == half ? out : result_.data();  // `in` may be `out`: it has been read when `out` is written
  design_->fft.convolve(in, n <= half ? nullptr : in + half, &design_->spectra(0, channel), low, high,
                        transform_.data());

  auto state = x.col(channel);
  const Index both = std::min(n, later);
  for (Index k = 0; k < both; ++k) out[k] = low[k] + state(k);
  if (low != out) std::copy(low + both, low + n, out + both);
  // what is to come moves up: samples n … of the result, which are in result_ in either case
  const Index kept = later - both;
  for (Index k = 0; k < kept; ++k) state(k) = state(n + k) + result_(n + k);
  state.tail(both) = result_.segment(n + kept, both);
}

template class Fir<float>;
template class Fir<double>;
template class Threaded<Fir<float>>;
template class Threaded<Fir<double>>;

}  // namespace longstate
