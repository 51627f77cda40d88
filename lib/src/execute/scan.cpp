#include "../simd/scan.hpp"
#include "../detail/aligned.hpp"
#include "../detail/check.hpp"
#include "../simd/diagonal.hpp"
#include "threaded.hpp"

#include <longstate/execute/scan.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>

namespace longstate {
namespace {

constexpr Index chunk = 32;  // samples: B, C and the frames of 1,536 channels stay in the second cache

std::size_t count(Index value) { return static_cast<std::size_t>(value); }

}  // namespace

template <class T>
struct SelectiveScan<T>::Lanes {
  Lanes(const Matrix<double>& A, const Vector<double>& D, SelectiveHold hold);
  void check(const ConstSignal<T>& u, const ConstSignal<T>& delta, const ConstSignal<T>& B, const ConstSignal<T>& C,
             const Signal<T>& y, const StateRef<T>& x) const;
  void run(const ConstSignal<T>& u, const ConstSignal<T>& delta, const ConstSignal<T>& B, const ConstSignal<T>& C,
           Signal<T> y, StateRef<T> x);

  Index channels_, order_, width_;
  SelectiveHold hold_;
  std::vector<detail::Aligned<T>> A_, inverse_A_, states_;  // of W channels: W x N
  detail::Aligned<T> D_;                                    // W x blocks
  detail::Aligned<T> u_, delta_, y_;                        // W x chunk
};

template <class T>
SelectiveScan<T>::Lanes::Lanes(const Matrix<double>& A, const Vector<double>& D, SelectiveHold hold)
    : channels_(A.rows()), order_(A.cols()), width_(static_cast<Index>(simd::lanes<T>())), hold_(hold) {
  if (A.size() == 0) detail::fail("SelectiveScan", "A must have at least one channel and one entry", A.size());
  detail::check_shape("SelectiveScan", "D", D.rows(), D.cols(), channels_, 1);
  if (!A.allFinite()) detail::fail("SelectiveScan", "A must be finite", "an entry that is not");
  if (!D.allFinite()) detail::fail("SelectiveScan", "D must be finite", "an entry that is not");
  const Index blocks = (channels_ + width_ - 1) / width_;
  const detail::Aligned<T> none = detail::Aligned<T>::Zero(width_, order_);
  A_.assign(count(blocks), none);
  inverse_A_.assign(hold == SelectiveHold::zoh ? count(blocks) : 0, none);
  states_.assign(count(blocks), none);
  D_ = Matrix<T>::Zero(width_, blocks);
  u_ = delta_ = y_ = Matrix<T>::Zero(width_, chunk);
  constexpr double tiny = -1e-20;  // (e^(delta A) - 1) / A is delta to the last digit, without a division by zero
  for (Index c = 0; c < channels_; ++c) {
    const Index block = c / width_;
    const Index lane = c % width_;
    D_(lane, block) = static_cast<T>(D(c));
    for (Index n = 0; n < order_; ++n) {
      const double a = A(c, n) == 0 ? tiny : A(c, n);
      A_[count(block)](lane, n) = static_cast<T>(a);
      if (hold == SelectiveHold::zoh) inverse_A_[count(block)](lane, n) = T(1) / static_cast<T>(a);
    }
  }
}

template <class T>
void SelectiveScan<T>::Lanes::check(const ConstSignal<T>& u, const ConstSignal<T>& delta, const ConstSignal<T>& B,
                                    const ConstSignal<T>& C, const Signal<T>& y, const StateRef<T>& x) const {
  constexpr std::string_view where = "SelectiveScan::run";
  const Index length = u.cols();
  detail::check_shape(where, "u", u.rows(), u.cols(), channels_, length);
  detail::check_shape(where, "delta", delta.rows(), delta.cols(), channels_, length);
  detail::check_shape(where, "B", B.rows(), B.cols(), order_, length);
  detail::check_shape(where, "C", C.rows(), C.cols(), order_, length);
  detail::check_shape(where, "y", y.rows(), y.cols(), channels_, length);
  detail::check_shape(where, "x", x.rows(), x.cols(), order_, channels_);
}

template <class T>
void SelectiveScan<T>::Lanes::run(const ConstSignal<T>& u, const ConstSignal<T>& delta, const ConstSignal<T>& B,
                                  const ConstSignal<T>& C, Signal<T> y, StateRef<T> x) {
  const Index length = u.cols();
  const auto& loops = simd::diagonal_loops<T>();
  for (Index c = 0; c < channels_; ++c) states_[count(c / width_)].row(c % width_) = x.col(c);
  for (Index start = 0; start < length; start += chunk) {
    const Index n = std::min(chunk, length - start);
    for (Index first = 0; first < channels_; first += width_) {
      const Index block = first / width_;
      const std::size_t lanes = count(std::min(width_, channels_ - first));
      loops.to_block(delta.col(start).data() + first, count(delta.outerStride()), lanes, count(n), delta_.data());
      loops.to_block(u.col(start).data() + first, count(u.outerStride()), lanes, count(n), u_.data());
      const simd::ScanBlock<T> entries{A_[count(block)].data(),
                                       hold_ == SelectiveHold::zoh ? inverse_A_[count(block)].data() : nullptr,
                                       D_.col(block).data(), states_[count(block)].data(), count(order_)};
      simd::scan_loop<T>()(entries, u_.data(), delta_.data(), B.col(start).data(), count(B.outerStride()),
                           C.col(start).data(), count(C.outerStride()), y_.data(), count(n));
      loops.to_frames(y_.data(), lanes, count(n), y.col(start).data() + first, count(y.outerStride()));
    }
  }
  for (Index c = 0; c < channels_; ++c) x.col(c) = states_[count(c / width_)].row(c % width_);
}

template <class T>
SelectiveScan<T>::SelectiveScan(const Matrix<double>& A, const Vector<double>& D, SelectiveHold hold)
    : lanes_(std::make_shared<Lanes>(A, D, hold)) {}

template <class T>
Index SelectiveScan<T>::order() const {
  return lanes_->order_;
}
template <class T>
Index SelectiveScan<T>::channels() const {
  return lanes_->channels_;
}

template <class T>
void SelectiveScan<T>::run(ConstSignal<T> u, ConstSignal<T> delta, ConstSignal<T> B, ConstSignal<T> C, Signal<T> y,
                           StateRef<T> x) {
  lanes_->check(u, delta, B, C, y, x);
  const NoDenormals guard;
  lanes_->run(u, delta, B, C, y, x);
}

template <class T>
void SelectiveScan<T>::step(ConstFrame<T> u, ConstFrame<T> delta, ConstFrame<T> B, ConstFrame<T> C, Frame<T> y,
                            StateRef<T> x) noexcept {
  const auto in = [](const ConstFrame<T>& frame) {
    return Eigen::Map<const typename Matrix<T>::Plain>(frame.data(), frame.size(), 1);
  };
  Eigen::Map<typename Matrix<T>::Plain> out(y.data(), y.size(), 1);
  lanes_->run(in(u), in(delta), in(B), in(C), out, x);
}

template class SelectiveScan<float>;
template class SelectiveScan<double>;
template class Threaded<SelectiveScan<float>>;
template class Threaded<SelectiveScan<double>>;

}  // namespace longstate
