#include "../detail/aligned.hpp"
#include "../detail/fft.hpp"
#include "../detail/layer.hpp"
#include "../detail/tally.hpp"
#include "../structure/block_realization.hpp"
#include "../structure/growth.hpp"
#include "threaded.hpp"
#include "trial.hpp"

#include <longstate/execute/convolution.hpp>
#include <longstate/execute/kernel.hpp>
#include <longstate/execute/transition.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <sstream>

namespace longstate {
namespace {

constexpr Index few = 32;  // samples whose sums of products cost less than transforms of any block

template <class T>
struct Tables {
  detail::Aligned<T> first;  // (q p) x few: the kernel's first values
  detail::Aligned<std::complex<T>>
      spectra;                         // bins x (q p), of the kernel from input j to output i in column i + q j, over F
  detail::Aligned<T> responses;        // (q L) x N: rows i L … hold output i after a state: c_i A^k x
  detail::Aligned<T> reach;            // N x (p L): columns j L … hold A^(L-1) b_j, …, b_j
  std::vector<Matrix<double>> powers;  // A^(2^bit): in float their rounding would add up over the blocks
};

/// What a block of one copy is worked out in.
template <class T>
struct ConvolutionScratch {
  detail::Aligned<std::complex<T>> input_spectra;  // bins x p
  detail::AlignedVector<std::complex<T>> product;  // bins
  detail::AlignedVector<T> time;                   // fft length
  detail::AlignedVector<T> next;                   // N
  Vector<double> power, powered;                   // N
  detail::AlignedVector<T> response;               // L
};

detail::Aligned<std::complex<double>> kernel_spectra(const Matrix<double>& K, const detail::RealFft<double>& fft) {
  const Index block = K.cols();
  detail::Aligned<std::complex<double>> spectra =
      detail::Aligned<std::complex<double>>::Zero(fft.padded_bins(), K.rows());
  detail::AlignedVector<double> time = detail::AlignedVector<double>::Zero(fft.length());
  for (Index channel = 0; channel < K.rows(); ++channel) {
    time.head(block) = K.row(channel) / static_cast<double>(fft.length());
    fft.forward(time.data(), &spectra(0, channel));
  }
  return spectra;
}

/// The eigenvalues of a system whose poles lie together are not known well: it grows if its kernel does so, too, over the last quarter of the
/// block by (nearly) the quarter of what a block may.
template <class T>
void check_growth(const DiscreteSystem& system, const Matrix<double>& K) {
  constexpr double most = detail::most_growth_by_fft<T>;
  const Index block = K.cols();
  const auto largest = [&](Index n) { return n > 0 ? K.leftCols(n).cwiseAbs().maxCoeff() : 0; };
  const double growth = detail::log_growth(system);
  const Index longest = detail::longest_block(growth, most);
  constexpr double nearly = 0.7;
  const double of_a_quarter = nearly * std::pow(most, 0.25);
  if (block <= longest || largest(block) < of_a_quarter * largest(block * 3 / 4)) return;
  std::ostringstream rule;
  rule << "block must be at most " << longest << " for a system that grows by " << std::exp(growth)
       << " a sample, or its first outputs would be lost in rounding";
  detail::fail("Convolution", rule.str(), block);
}

/// A, A^2, A^4, … up to that of the highest bit of `block`.
std::vector<Matrix<double>> powers_up_to(const DiscreteSystem& system, Index block) {
  const Matrix<double> I = Matrix<double>::Identity(order(system), order(system));
  std::vector<Matrix<double>> powers = detail::doubled_increments(system, block);
  for (Matrix<double>& power : powers) power += I;
  return powers;
}

template <class T>
ConvolutionScratch<T> scratch_for(const Tables<T>& tables, Index block, const detail::RealFft<T>& fft) {
  const Index N = tables.reach.rows();
  ConvolutionScratch<T> w;
  w.input_spectra.resize(fft.padded_bins(), tables.reach.cols() / block);
  w.product.resize(fft.padded_bins());
  w.time.resize(fft.length());
  w.next.resize(N);
  w.power.resize(N);
  w.powered.resize(N);
  w.response.resize(block);
  return w;
}

/// y <- K * u of a few samples.
template <class T, class U>
void convolve_directly(const detail::Aligned<T>& K, const U& u, Index i, Index q, T* y) {
  for (Index k = 0; k < u.cols(); ++k) {
    y[k] = 0;
    for (Index l = 0; l <= k; ++l) {
      for (Index j = 0; j < u.rows(); ++j) y[k] += K(i + q * j, k - l) * u(j, l);
    }
  }
}

/// One copy, m <= block samples: u p x m, y q x m, x N. A: the transition of one sample, null: by its matrix.
template <class T, class U, class Y, class X>
void run_block(const Tables<T>& tables, Index block, const detail::RealFft<T>& fft, ConvolutionScratch<T>& w,
               const U& u, Y&& y, X&& x, Transition<double>* A = nullptr) {
  const Index m = u.cols(), p = u.rows(), q = y.rows(), bins = fft.bins();
  const bool directly = m <= tables.first.cols();
  w.next.setZero();
  for (Index j = 0; j < p; ++j) {
    w.time.head(m) = u.row(j);
    w.next.noalias() += tables.reach.middleCols((j + 1) * block - m, m) * w.time.head(m);
    if (directly) continue;
    w.time.tail(w.time.size() - m).setZero();
    fft.forward(w.time.data(), &w.input_spectra(0, j));
  }

  for (Index i = 0; i < q; ++i) {
    if (directly) {
      convolve_directly(tables.first, u, i, q, w.time.data());
    } else {
      const auto spectrum = [&](Index j) { return tables.spectra.col(i + q * j).head(bins).array(); };
      w.product.head(bins) = spectrum(0) * w.input_spectra.col(0).head(bins).array();
      for (Index j = 1; j < p; ++j)
        w.product.head(bins).array() += spectrum(j) * w.input_spectra.col(j).head(bins).array();
      fft.inverse(w.product.data(), w.time.data());
    }
    w.response.head(m).noalias() = tables.responses.middleRows(i * block, m) * x;
    y.row(i) = w.time.head(m) + w.response.head(m);
  }

  w.power = x.template cast<double>();
  for (std::size_t bit = 0; bit < tables.powers.size(); ++bit) {
    if ((m >> bit) % 2 == 0) continue;
    if (bit == 0 && A != nullptr) {
      A->apply(w.power, w.powered);
    } else {
      w.powered.noalias() = tables.powers[bit] * w.power;
    }
    w.power.swap(w.powered);
  }
  w.power += w.next.template cast<double>();  // rounded to T once
  x = w.power.template cast<T>();
  if (!directly) detail::count_flops((p + q) * fft.flops());
  detail::count_multiply_adds(p * q * (directly ? m * (m + 1) / 2 : 4 * bins) + (p + q) * x.size() * m +
                              std::popcount(static_cast<std::size_t>(m)) * x.size() * x.size());
}

/// By what run() takes.
template <class T>
detail::RunBlocks<T> as_run(const Tables<T>& tables, Index block, const detail::RealFft<T>& fft) {
  return [&tables, block, &fft, w = scratch_for(tables, block, fft)](
             const Matrix<T>& u, Matrix<T>& y, Vector<T>& x) mutable { run_block(tables, block, fft, w, u, y, x); };
}

template <class T>
void check_tables(const Tables<T>& tables, Index block) {
  detail::check_table("Convolution", tables.first, block);
  detail::check_table("Convolution", tables.spectra, block);
  detail::check_table("Convolution", tables.responses, block);
  detail::check_table("Convolution", tables.reach, block);
  for (const Matrix<double>& power : tables.powers) detail::check_table("Convolution", power, block);
}

template <class T>
Tables<T> make_tables(const DiscreteSystem& system, Index block, const detail::RealFft<T>& fft,
                      const detail::RealFft<double>& fft_double) {
  const std::optional<detail::Powers> powers = detail::powers_of_block("Convolution", system, block);
  Tables<T> tables;
  const Matrix<double> K = kernel(system, block);
  check_growth<T>(system, K);
  tables.first = K.leftCols(std::min(few, block)).template cast<T>();
  tables.spectra = kernel_spectra(K, fft_double).template cast<std::complex<T>>();
  const Matrix<double> responses = detail::observability(system, block), reach = detail::controllability(system, block);
  tables.responses = responses.cast<T>();
  tables.reach = reach.cast<T>();
  tables.powers = powers_up_to(system, block);
  check_tables(tables, block);
  if (!powers) return tables;
  if (!powers->tame)
    detail::check_step("Convolution", "double", system, tables.powers.back(), Index{1} << (tables.powers.size() - 1));
  detail::Long step = detail::Long::Identity(order(system), order(system));
  for (std::size_t bit = 0; bit < tables.powers.size(); ++bit) {
    if ((block >> bit) % 2 == 1) step = (tables.powers[bit].template cast<long double>() * step).eval();
  }
  detail::try_blocks<T>("Convolution", system, *powers, {responses, reach, step, K, block, true, true},
                        as_run(tables, block, fft));
  return tables;
}

Index check_block(Index block) {
  constexpr Index longest = Index{1} << 26;  // its FFT length fits FFTW's int
  if (block < 1 || block > longest) detail::fail("Convolution", "block must be from 1 to 2^26", block);
  return block;
}

template <class T>
struct ConvolutionDesign {
  Index block, order, inputs, outputs;  // of one system
  detail::RealFft<T> fft;
  std::vector<Tables<T>> systems;

  ConvolutionDesign(const std::vector<DiscreteSystem>& layer, Index block_size)
      : block(check_block(block_size)),
        order(longstate::order(layer.front())),
        inputs(longstate::inputs(layer.front())),
        outputs(longstate::outputs(layer.front())),
        fft(detail::good_real_fft_length(2 * block - 1)) {
    const detail::RealFft<double> fft_double(fft.length());
    for (const DiscreteSystem& system : layer) systems.push_back(make_tables<T>(system, block, fft, fft_double));
  }
  const Tables<T>& of(Index copy) const { return systems[static_cast<std::size_t>(copy) % systems.size()]; }
};

}  // namespace

template <class T>
struct Convolution<T>::Loops {
  Loops(const std::vector<DiscreteSystem>& layer, Index block, Index asked_copies)
      : copies(detail::check_layer("Convolution", layer, asked_copies)),
        design(std::make_shared<const ConvolutionDesign<T>>(layer, block)),
        A(layer.begin(), layer.end()),
        scratch(scratch_for(design->systems.front(), block, design->fft)) {}

  Index copies;
  std::shared_ptr<const ConvolutionDesign<T>> design;
  std::vector<Transition<double>> A;  // of each system
  ConvolutionScratch<T> scratch;
};

template <class T>
Convolution<T>::Convolution(const DiscreteSystem& system, Index block, Index copies)
    : Convolution(std::vector<DiscreteSystem>{system}, block, detail::check_copies("Convolution", copies)) {}

template <class T>
Convolution<T>::Convolution(const std::vector<DiscreteSystem>& layer, Index block, Index copies)
    : loops_(std::make_shared<Loops>(layer, block, copies)) {}

template <class T>
Index Convolution<T>::order() const {
  return loops_->design->order;
}
template <class T>
Index Convolution<T>::copies() const {
  return loops_->copies;
}
template <class T>
Index Convolution<T>::inputs() const {
  return loops_->design->inputs * copies();
}
template <class T>
Index Convolution<T>::outputs() const {
  return loops_->design->outputs * copies();
}
template <class T>
Index Convolution<T>::block() const {
  return loops_->design->block;
}
template <class T>
Index Convolution<T>::fft_length() const {
  return loops_->design->fft.length();
}

template <class T>
void Convolution<T>::step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept {
  const ConvolutionDesign<T>& d = *loops_->design;
  for (Index c = 0; c < copies(); ++c) {
    run_block(d.of(c), d.block, d.fft, loops_->scratch, u.segment(c * d.inputs, d.inputs),
              y.segment(c * d.outputs, d.outputs), x.col(c),
              &loops_->A[static_cast<std::size_t>(c) % loops_->A.size()]);
  }
}

template <class T>
void Convolution<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  detail::check_run("Convolution::run", *this, u, y, x);
  const NoDenormals guard;
  const ConvolutionDesign<T>& d = *loops_->design;
  for (Index done = 0; done < u.cols(); done += d.block) {
    const Index m = std::min(d.block, u.cols() - done);
    for (Index c = 0; c < copies(); ++c) {
      run_block(d.of(c), d.block, d.fft, loops_->scratch, u.block(c * d.inputs, done, d.inputs, m),
                y.block(c * d.outputs, done, d.outputs, m), x.col(c));
    }
  }
}

template class Convolution<float>;
template class Convolution<double>;
template class Threaded<Convolution<float>>;
template class Threaded<Convolution<double>>;

Index default_block(const DiscreteSystem& system, Index length_hint) {
  validate(system);
  constexpr Index table_values = Index{1} << 22;  // 32 MiB of double
  const Index by_memory = table_values / (order(system) * (inputs(system) + outputs(system)));
  const Index by_length = length_hint > 0 ? std::min<Index>(length_hint, 4096) : 4096;
  const Index by_growth = detail::longest_block(detail::log_growth(system), detail::most_growth_by_fft<float>);
  return std::min(by_growth, std::max<Index>(std::min(by_length, by_memory), std::min<Index>(by_length, 64)));
}

}  // namespace longstate
