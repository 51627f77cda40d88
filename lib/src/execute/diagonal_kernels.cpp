#include "../detail/aligned.hpp"
#include "../detail/check.hpp"
#include "../detail/layer.hpp"
#include "../detail/powers.hpp"
#include "../simd/transpose.hpp"
#include "../simd/vandermonde.hpp"
#include "../structure/growth.hpp"

#include <longstate/execute/diagonal_kernels.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>

namespace longstate {
namespace {

constexpr Index kernel_block = static_cast<Index>(simd::kernel_block);
constexpr Index blocks_at_once = 64;

const DiscreteDiagonal& checked(const DiscreteSystem& system) {
  const auto* const diagonal = std::get_if<DiscreteDiagonal>(&system);
  if (!diagonal || diagonal->inputs() != 1 || diagonal->outputs() != 1) {
    detail::fail("DiagonalKernels", "each system must be diagonal, with one input and one output", "another");
  }
  return *diagonal;
}

}  // namespace

template <class T>
struct DiagonalKernels<T>::Tables {
  explicit Tables(const std::vector<DiscreteSystem>& layer);
  void run(Signal<T> K);
  void run_channel(Index channel, T* K, Index length);

  Index entries_, padded_;
  bool control_;  // K_0 = D, and C B is at 1
  Vector<double> feed_through_;
  // padded x channels: lambda; lambda^64, from the exponential, so that its rounding is not 64 times lambda's; 2 C B
  detail::Aligned<double> lambda_re_, lambda_im_, far_re_, far_im_, weight_re_, weight_im_;
  detail::AlignedVector<double> re_, im_, step_re_, step_im_;  // padded
  detail::Aligned<T> powers_;      // 2 padded x 64: lambda^a, real parts, then the imaginary ones negated
  detail::Aligned<T> small_;       // 64 x 2 padded: the same, transposed
  detail::Aligned<T> starts_;      // 2 padded x 64 blocks
  detail::AlignedVector<T> last_;  // a block that is not whole
};

template <class T>
DiagonalKernels<T>::Tables::Tables(const std::vector<DiscreteSystem>& layer) {
  detail::check_layer("DiagonalKernels", layer);
  const Index channels = static_cast<Index>(layer.size());
  entries_ = checked(layer.front()).mu.size();
  padded_ = (entries_ + 7) / 8 * 8;
  control_ = convention(layer.front()) == Convention::control;
  feed_through_.resize(channels);
  for (detail::Aligned<double>* part : {&lambda_re_, &lambda_im_, &far_re_, &far_im_, &weight_re_, &weight_im_})
    part->setZero(padded_, channels);
  for (Index c = 0; c < channels; ++c) {
    const DiscreteDiagonal& s = checked(layer[static_cast<std::size_t>(c)]);
    const Vector<std::complex<double>> lambda = detail::powers_of(s.mu, 1), far = detail::powers_of(s.mu, kernel_block);
    detail::check_table("DiagonalKernels", far.template cast<std::complex<T>>().eval(), kernel_block);
    const Vector<std::complex<double>> weight = 2.0 * s.C.row(0).transpose().cwiseProduct(s.B.col(0));
    lambda_re_.col(c).head(entries_) = lambda.real();
    lambda_im_.col(c).head(entries_) = lambda.imag();
    far_re_.col(c).head(entries_) = far.real();
    far_im_.col(c).head(entries_) = far.imag();
    weight_re_.col(c).head(entries_) = weight.real();
    weight_im_.col(c).head(entries_) = weight.imag();
    feed_through_(c) = s.D(0, 0);
  }
  for (detail::AlignedVector<double>* part : {&re_, &im_, &step_re_, &step_im_}) part->resize(padded_);
  powers_.resize(2 * padded_, kernel_block);
  small_.resize(kernel_block, 2 * padded_);
  starts_.resize(2 * padded_, blocks_at_once);
  last_.resize(kernel_block);
}

template <class T>
void DiagonalKernels<T>::Tables::run(Signal<T> K) {
  detail::check_shape("DiagonalKernels::run", "K", K.rows(), K.cols(), K.rows(), feed_through_.size());
  const NoDenormals guard;
  for (Index c = 0; c < K.cols() && K.rows() > 0; ++c) {
    const Index start = control_ ? 1 : 0;
    if (control_) K(0, c) = 0;
    run_channel(c, K.col(c).data() + start, K.rows() - start);
    K(0, c) += static_cast<T>(feed_through_(c));
  }
}

template <class T>
void DiagonalKernels<T>::Tables::run_channel(Index channel, T* K, Index length) {
  const auto& loops = simd::vandermonde_loops<T>();
  const std::size_t count = static_cast<std::size_t>(padded_), inner = 2 * count;
  step_re_ = lambda_re_.col(channel);
  step_im_ = lambda_im_.col(channel);
  re_.setOnes();
  im_.setZero();
  loops.powers(re_.data(), im_.data(), step_re_.data(), step_im_.data(), count, simd::kernel_block, inner,
               powers_.data(), powers_.data() + count);
  powers_.bottomRows(padded_) *= T(-1);
  simd::to_rows(powers_.data(), inner, inner, simd::kernel_block, small_.data(), simd::kernel_block);

  step_re_ = far_re_.col(channel);
  step_im_ = far_im_.col(channel);
  re_ = weight_re_.col(channel);
  im_ = weight_im_.col(channel);
  for (Index done = 0; done < length; done += blocks_at_once * kernel_block) {
    const Index more = std::min(blocks_at_once * kernel_block, length - done);
    const Index whole = more / kernel_block, blocks = (more + kernel_block - 1) / kernel_block;
    loops.powers(re_.data(), im_.data(), step_re_.data(), step_im_.data(), count, static_cast<std::size_t>(blocks),
                 inner, starts_.data(), starts_.data() + count);
    loops.product(starts_.data(), static_cast<std::size_t>(whole), inner, small_.data(), K + done);
    if (whole == blocks) continue;
    loops.product(&starts_(0, whole), 1, inner, small_.data(), last_.data());
    std::copy_n(last_.data(), more - whole * kernel_block, K + done + whole * kernel_block);
  }
}

template <class T>
DiagonalKernels<T>::DiagonalKernels(const std::vector<DiscreteSystem>& layer)
    : tables_(std::make_shared<Tables>(layer)) {}

template <class T>
Index DiagonalKernels<T>::copies() const {
  return tables_->feed_through_.size();
}

template <class T>
void DiagonalKernels<T>::run(Signal<T> K) {
  tables_->run(K);
}

template class DiagonalKernels<float>;
template class DiagonalKernels<double>;

}  // namespace longstate
