#include "../detail/denormals.hpp"
#include "../detail/fft.hpp"
#include "../detail/layer.hpp"
#include "../detail/tally.hpp"
#include "block_check.hpp"
#include "block_form.hpp"
#include "growth.hpp"

#include <longstate/execute/convolution.hpp>
#include <longstate/execute/kernel.hpp>
#include <longstate/execute/transition.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <sstream>

namespace longstate {
namespace {

template <class T>
struct Tables {
  Matrix<std::complex<T>> spectra;     // bins x (q p), of the kernel from input j to output i in column i + q j, over F
  Matrix<T> responses;                 // (q L) x N: rows i L … hold output i after a state: c_i A^k x
  Matrix<T> reach;                     // N x (p L): columns j L … hold A^(L-1) b_j, …, b_j
  std::vector<Matrix<double>> powers;  // A^(2^bit): in float their rounding would add up over the blocks
};

Matrix<std::complex<double>> kernel_spectra(const Matrix<double>& K, const detail::RealFft<double>& fft) {
  const Index block = K.cols();
  Matrix<std::complex<double>> spectra = Matrix<std::complex<double>>::Zero(fft.padded_bins(), K.rows());
  Vector<double> time = Vector<double>::Zero(fft.length());
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
Tables<T> make_tables(const DiscreteSystem& any, Index block, const detail::RealFft<double>& fft) {
  detail::check_size("Convolution", any, block);
  Tables<T> tables;
  const Matrix<double> K = kernel(any, block);
  check_growth<T>(any, K);
  tables.spectra = kernel_spectra(K, fft).template cast<std::complex<T>>();
  const Matrix<double> responses = detail::state_responses(any, block), reach = detail::reachable_states(any, block);
  tables.responses = responses.cast<T>();
  tables.reach = reach.cast<T>();
  tables.powers = powers_up_to(any, block);
  const auto advance = [&](Vector<double>& x, Index samples) {
    for (std::size_t bit = 0; bit < tables.powers.size(); ++bit) {
      if ((samples >> bit) % 2 == 1) x = (tables.powers[bit] * x).eval();
    }
  };
  detail::check_blocks<T>("Convolution", any, {responses, reach, advance, K, block, true, true});
  detail::check_table("Convolution", tables.spectra, block);
  detail::check_table("Convolution", tables.responses, block);
  detail::check_table("Convolution", tables.reach, block);
  for (const Matrix<double>& power : tables.powers) detail::check_table("Convolution", power, block);
  return tables;
}

Index check_block(Index block) {
  constexpr Index longest = Index{1} << 26;  // its FFT length fits FFTW's int
  if (block < 1 || block > longest) detail::fail("Convolution", "block must be from 1 to 2^26", block);
  return block;
}

}  // namespace

template <class T>
struct Convolution<T>::Design {
  Index block, order, inputs, outputs;  // of one system
  detail::RealFft<T> fft;
  std::vector<Tables<T>> systems;

  Design(const std::vector<DiscreteSystem>& layer, Index block_size)
      : block(check_block(block_size)),
        order(longstate::order(layer.front())),
        inputs(longstate::inputs(layer.front())),
        outputs(longstate::outputs(layer.front())),
        fft(detail::good_real_fft_length(2 * block - 1)) {
    const detail::RealFft<double> fft_double(fft.length());
    for (const DiscreteSystem& system : layer) systems.push_back(make_tables<T>(system, block, fft_double));
  }
};

template <class T>
Convolution<T>::Convolution(const DiscreteSystem& system, Index block, Index copies)
    : Convolution(std::vector<DiscreteSystem>{system}, block, detail::check_copies("Convolution", copies)) {}

template <class T>
Convolution<T>::Convolution(const std::vector<DiscreteSystem>& layer, Index block, Index copies)
    : copies_(detail::check_layer("Convolution", layer, copies)) {
  design_ = std::make_shared<const Design>(layer, block);
  const detail::RealFft<T>& fft = design_->fft;
  input_spectra_.resize(fft.padded_bins(), design_->inputs);
  product_.resize(fft.padded_bins());
  time_.resize(fft.length());
  next_.resize(design_->order);
  power_.resize(design_->order);
  powered_.resize(design_->order);
  response_.resize(block);
}

template <class T>
Index Convolution<T>::order() const {
  return design_->order;
}
template <class T>
Index Convolution<T>::copies() const {
  return copies_;
}
template <class T>
Index Convolution<T>::inputs() const {
  return design_->inputs * copies_;
}
template <class T>
Index Convolution<T>::outputs() const {
  return design_->outputs * copies_;
}
template <class T>
Index Convolution<T>::block() const {
  return design_->block;
}
template <class T>
Index Convolution<T>::fft_length() const {
  return design_->fft.length();
}

template <class T>
void Convolution<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  detail::check_run("Convolution::run", *this, u, y, x);
  const detail::NoDenormals guard;
  for (Index done = 0; done < u.cols(); done += block()) {
    const Index more = std::min(block(), u.cols() - done);
    run_block(u.middleCols(done, more), y.middleCols(done, more), x);
  }
}

template <class T>
void Convolution<T>::run_block(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  const Design& d = *design_;
  const Index m = u.cols();
  for (Index c = 0; c < copies_; ++c) {
    const Tables<T>& tables = d.systems[static_cast<std::size_t>(c) % d.systems.size()];

    next_.setZero();
    for (Index j = 0; j < d.inputs; ++j) {
      time_.head(m) = u.row(c * d.inputs + j);
      time_.tail(time_.size() - m).setZero();
      next_.noalias() += tables.reach.middleCols((j + 1) * d.block - m, m) * time_.head(m);
      d.fft.forward(time_.data(), &input_spectra_(0, j));
    }

    const Index bins = d.fft.bins();
    for (Index i = 0; i < d.outputs; ++i) {
      const auto spectrum = [&](Index j) { return tables.spectra.col(i + d.outputs * j).head(bins).array(); };
      product_.head(bins) = spectrum(0) * input_spectra_.col(0).head(bins).array();
      for (Index j = 1; j < d.inputs; ++j) {
        product_.head(bins).array() += spectrum(j) * input_spectra_.col(j).head(bins).array();
      }
      d.fft.inverse(product_.data(), time_.data());
      response_.head(m).noalias() = tables.responses.middleRows(i * d.block, m) * x.col(c);
      y.row(c * d.outputs + i) = time_.head(m) + response_.head(m);
    }

    power_ = x.col(c).template cast<double>();
    for (std::size_t bit = 0; bit < tables.powers.size(); ++bit) {
      if ((m >> bit) % 2 == 0) continue;
      powered_.noalias() = tables.powers[bit] * power_;
      power_.swap(powered_);
    }
    x.col(c) = power_.template cast<T>() + next_;
    detail::count_flops((d.inputs + d.outputs) * d.fft.flops());
    detail::count_multiply_adds(d.inputs * d.outputs * 4 * d.fft.bins() + (d.inputs + d.outputs) * d.order * m +
                                std::popcount(static_cast<std::size_t>(m)) * d.order * d.order);
  }
}

template class Convolution<float>;
template class Convolution<double>;

Index default_block(const DiscreteSystem& system, Index length_hint) {
  constexpr Index table_values = Index{1} << 22;  // 32 MiB of double
  const Index by_memory = table_values / (order(system) * (inputs(system) + outputs(system)));
  const Index by_length = length_hint > 0 ? std::min<Index>(length_hint, 4096) : 4096;
  const Index by_growth = detail::longest_block(detail::log_growth(system), detail::most_growth_by_fft<float>);
  return std::min(by_growth, std::max<Index>(std::min(by_length, by_memory), std::min<Index>(by_length, 64)));
}

}  // namespace longstate
