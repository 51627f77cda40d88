#include "cli/history.hpp"

#include <algorithm>
#include <limits>

namespace cli {
namespace {

/// An empty bin is neutral: adding to it makes it what was added.
Bin empty_bin(Index first, Index channels) {
  const Eigen::ArrayXd zero = Eigen::ArrayXd::Zero(channels);
  const Eigen::ArrayXd infinite = Eigen::ArrayXd::Constant(channels, std::numeric_limits<double>::infinity());
  return {first, 0, zero, infinite, -infinite, zero, zero};
}

void absorb(Bin& bin, const Bin& next) {
  bin.count += next.count;
  bin.sum += next.sum;
  bin.low = bin.low.min(next.low);
  bin.high = bin.high.max(next.high);
  bin.held += next.held;
  bin.joined += next.joined;
}

}  // namespace

History::History(Index capacity, Index span)
    : capacity_(std::max<Index>(capacity, 2)), span_(span), width_(1 + std::max<Index>(span - 1, 0) / capacity_) {}

void History::push(ConstSignal<double> block) {
  for (Index k = 0; k < block.cols(); ++k) {
    if (bins_.empty() || bins_.back().count == width_) open_bin(block.rows());
    Bin& bin = bins_.back();
    const auto u = block.col(k).array();
    ++bin.count;
    bin.sum += u;
    bin.low = bin.low.min(u);
    bin.high = bin.high.max(u);
    bin.held += u * u;
    // A joined signal begins at its first sample; a held one a cell before.
    if (samples_ > 0) bin.joined += (previous_ * (previous_ + u) + u * u) / 3;
    previous_ = u;
    ++samples_;
  }
}

void History::open_bin(Index channels) {
  if (span_ == 0 && static_cast<Index>(bins_.size()) == capacity_) {
    merge_pairs();
    if (bins_.back().count < width_) return;  // the last of an odd number has room left
  }
  // One bin more than the capacity, since the oldest may reach out of the span.
  if (span_ != 0 && static_cast<Index>(bins_.size()) > capacity_) bins_.pop_front();
  bins_.push_back(empty_bin(samples_, channels));
}

void History::merge_pairs() {
  std::deque<Bin> merged;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    if (i % 2 == 0) {
      merged.push_back(std::move(bins_[i]));
    } else {
      absorb(merged.back(), bins_[i]);
    }
  }
  bins_ = std::move(merged);
  width_ *= 2;
}

}  // namespace cli
