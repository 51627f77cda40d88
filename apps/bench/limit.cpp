#include "limit.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/limit.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

float MultiplyAdds(double count) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  constexpr std::size_t chains = 12;  // more than latency x units
  V x[chains];
  for (std::size_t i = 0; i < chains; ++i) x[i] = hn::Set(d, static_cast<float>(i));
  const V factor = hn::Set(d, 0.999F);
  const V more = hn::Set(d, 1e-3F);
  const double rounds = count / static_cast<double>(chains * hn::Lanes(d));
  for (double round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < chains; ++i) x[i] = hn::MulAdd(x[i], factor, more);
  }
  V sum = x[0];
  for (std::size_t i = 1; i < chains; ++i) sum = hn::Add(sum, x[i]);
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

float Sum(const float* values, std::size_t count) {
  const hn::ScalableTag<float> d;
  constexpr std::size_t chains = 8;
  const std::size_t W = hn::Lanes(d);
  hn::Vec<decltype(d)> sum[chains];
  for (auto& one : sum) one = hn::Zero(d);
  std::size_t k = 0;
  for (; k + chains * W <= count; k += chains * W) {
    for (std::size_t i = 0; i < chains; ++i) sum[i] = hn::Add(sum[i], hn::LoadU(d, values + k + i * W));
  }
  for (std::size_t i = 1; i < chains; ++i) sum[0] = hn::Add(sum[0], sum[i]);
  float all = hn::GetLane(hn::SumOfLanes(d, sum[0]));
  for (; k < count; ++k) all += values[k];
  return all;
}

}  // namespace bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bench {

HWY_EXPORT(MultiplyAdds);

void multiply_adds(double count) {
  volatile float result = HWY_DYNAMIC_DISPATCH(MultiplyAdds)(count);
  static_cast<void>(result);
}

HWY_EXPORT(Sum);

void read(const float* values, std::size_t count) {
  volatile float result = HWY_DYNAMIC_DISPATCH(Sum)(values, count);
  static_cast<void>(result);
}

}  // namespace bench
#endif
