#include "plain.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/plain.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kGroup = PlainRecurrence::group, kChunk = PlainRecurrence::chunk, kBlock = PlainRecurrence::block;

/// n samples of W copies by kGroup entries, whose numbers are kBlock apart.
HWY_INLINE void RunGroup(const float* table, float* state, const float* HWY_RESTRICT u, float* HWY_RESTRICT y,
                         std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t W = hn::Lanes(d);
  hn::Vec<decltype(d)> rows[kGroup][6];
  for (std::size_t g = 0; g < kGroup; ++g) {
    for (std::size_t i = 0; i < 4; ++i) rows[g][i] = hn::Load(d, table + (4 * g + i) * kBlock);
    for (std::size_t i = 0; i < 2; ++i) rows[g][4 + i] = hn::Load(d, state + (2 * g + i) * kBlock);
  }
  for (std::size_t k = 0; k < n; ++k) {
    const auto u_k = hn::Load(d, u + k * W);
    auto y_k = hn::Load(d, y + k * W);
    for (auto& [a_re, a_im, c_re, c_im, re, im] : rows) {
      const auto next = hn::NegMulAdd(a_im, im, hn::MulAdd(a_re, re, u_k));
      im = hn::MulAdd(a_re, im, hn::Mul(a_im, re));
      re = next;
      y_k = hn::NegMulAdd(c_im, im, hn::MulAdd(c_re, re, y_k));
    }
    hn::Store(y_k, d, y + k * W);
  }
  for (std::size_t g = 0; g < kGroup; ++g) {
    for (std::size_t i = 0; i < 2; ++i) hn::Store(rows[g][4 + i], d, state + (2 * g + i) * kBlock);
  }
}

/// n <= kChunk samples of kBlock copies.
void RunBlock(const float* table, const float* D, float* state, std::size_t entries, const float* u,
              std::size_t u_stride, float* y, std::size_t y_stride, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t W = hn::Lanes(d);
  HWY_ALIGN float u_[kChunk * hn::MaxLanes(d)], y_[kChunk * hn::MaxLanes(d)];
  for (std::size_t lane = 0; lane < kBlock; lane += W) {
    for (std::size_t k = 0; k < n; ++k) {
      const auto u_k = hn::LoadU(d, u + k * u_stride + lane);
      hn::Store(u_k, d, u_ + k * W);
      hn::Store(hn::Mul(hn::Load(d, D + lane), u_k), d, y_ + k * W);
    }
    for (std::size_t entry = 0, k = 0; entry < entries; entry += kGroup) {
      for (const std::size_t end = (entry + kGroup) * n / entries; k < end && lane == 0; ++k) {
        hwy::Prefetch(u + (n + k) * u_stride);
        hwy::Prefetch(y + (n + k) * y_stride);
      }
      RunGroup(table + 4 * entry * kBlock + lane, state + 2 * entry * kBlock + lane, u_, y_, n);
    }
    for (std::size_t k = 0; k < n; ++k) hn::StoreU(hn::Load(d, y_ + k * W), d, y + k * y_stride + lane);
  }
}

}  // namespace bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bench {

using namespace longstate;

HWY_EXPORT(RunBlock);

PlainRecurrence::PlainRecurrence(const std::vector<DiscreteSystem>& layer, Index copies)
    : entries_(order(layer.front()) / 2),
      table_(4 * block, entries_ * static_cast<Index>(layer.size()) / block),
      through_(block, static_cast<Index>(layer.size()) / block),
      states_(2 * block, entries_ * copies / block) {
  for (Index c = 0; c < through_.size(); ++c) {
    const auto& system = std::get<DiscreteDiagonal>(layer[static_cast<std::size_t>(c)]);
    through_(c) = static_cast<float>(system.D(0, 0));
    for (Index n = 0; n < entries_; ++n) {
      const std::complex<float> a(std::exp(system.mu(n))), cb(2.0 * system.C(0, n) * system.B(n, 0));
      table_.col(c / block * entries_ + n).reshaped(block, 4).row(c % block) << a.real(), a.imag(), cb.real(),
          cb.imag();
    }
  }
}

void PlainRecurrence::run(ConstSignal<float> u, Signal<float> y) {
  const auto size = [](Index n) { return static_cast<std::size_t>(n); };
  for (Index start = 0; start < u.cols(); start += chunk) {
    for (Index b = 0; b < u.rows() / block; ++b) {
      const Index of_table = b % through_.cols();
      HWY_DYNAMIC_DISPATCH(RunBlock)
      (table_.col(of_table * entries_).data(), through_.col(of_table).data(), states_.col(b * entries_).data(),
       size(entries_), u.col(start).data() + b * block, size(u.outerStride()), y.col(start).data() + b * block,
       size(y.outerStride()), size(std::min(chunk, u.cols() - start)));
    }
  }
}

}  // namespace bench
#endif
