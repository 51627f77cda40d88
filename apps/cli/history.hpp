#pragma once

// A bounded, decimated history of a signal of any length: what a picture is drawn from when nothing else is kept.

#include <longstate/types.hpp>

#include <deque>

namespace cli {

using longstate::ConstSignal;
using longstate::Index;
using longstate::Vector;

/// Some samples in a row, summed up; a value for each channel.
struct Bin {
  Index first = 0;  ///< index of the first sample
  Index count = 0;
  Eigen::ArrayXd sum, low, high;
  Eigen::ArrayXd held;    ///< sum of u_k^2: the energy of the held signal, over dt
  Eigen::ArrayXd joined;  ///< sum of (u_{k-1}^2 + u_{k-1} u_k + u_k^2) / 3: that of the joined one

  Vector<double> mean() const { return (sum / static_cast<double>(count)).matrix(); }
  /// The index, in samples, of the middle.
  double middle() const { return static_cast<double>(first) + static_cast<double>(count - 1) / 2; }
};

/// Keeps between capacity / 2 and capacity bins of equal width. Unlimited, it covers all samples and doubles the width
/// of its bins as it fills; limited, it covers at least the last `span` samples with a fixed width.
class History {
 public:
  explicit History(Index capacity, Index span = 0 /* unlimited */);

  void push(ConstSignal<double> block);

  const std::deque<Bin>& bins() const { return bins_; }
  Index samples() const { return samples_; }

 private:
  void open_bin(Index channels);
  void merge_pairs();

  Index capacity_;
  Index span_;
  Index width_;
  Index samples_ = 0;
  std::deque<Bin> bins_;
  Eigen::ArrayXd previous_;
};

}  // namespace cli
