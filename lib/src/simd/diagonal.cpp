#include "diagonal.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/diagonal.cpp"  // this file, compiled again for each instruction set
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

template <class T>
using Tag = hn::ScalableTag<T>;

/// Traffic, a sample after the other.
template <class T>
class Mover {
 public:
  explicit Mover(const Traffic<T>& traffic) : moves_(traffic), in_(traffic.in.samples), out_(traffic.out.samples) {}

  HWY_INLINE void Sample() {
    const Tag<T> d;
    const std::size_t last = hn::Lanes(d) - 1;  // of two lines of the cache the first came with the block before
    if (in_ > 0) {
      hwy::Prefetch(moves_.later + last);
      if (!moves_.past_cache) hwy::Prefetch(moves_.soon + last);
      hn::Store(hn::LoadU(d, moves_.in.data), d, moves_.to);
      moves_.later += moves_.in.stride;
      moves_.soon += moves_.out.stride;
      moves_.in.data += moves_.in.stride;
      moves_.to += hn::Lanes(d);
      --in_;
    }
    if (out_ > 0) {
      const auto sample = hn::Load(d, moves_.from);
      moves_.past_cache ? hn::Stream(sample, d, moves_.out.data) : hn::StoreU(sample, d, moves_.out.data);
      moves_.out.data += moves_.out.stride;
      moves_.from += hn::Lanes(d);
      --out_;
    }
  }
  HWY_INLINE void Rest() {
    while (in_ > 0 || out_ > 0) Sample();
  }

 private:
  Traffic<T> moves_;
  std::size_t in_, out_;
};

/// Two vectors that hold the sums of kRows / 2 rows in parts become one of kRows: within blocks of 16 bytes, of neighbouring
/// blocks, of halves. After log2 W times each row has one lane.
template <std::size_t kRows, class T>
HWY_INLINE hn::Vec<Tag<T>> Join(Tag<T> d, hn::Vec<Tag<T>> first, hn::Vec<Tag<T>> second) {
#if HWY_TARGET != HWY_SCALAR  // where W = 1
  constexpr std::size_t kBlock = 16 / sizeof(T), kBlocks = hn::MaxLanes(d) / kBlock;
  if constexpr (kRows == 4 && kBlock == 4) {
    const hn::Repartition<double, Tag<T>> pairs;
    const auto a = hn::BitCast(pairs, first), b = hn::BitCast(pairs, second);
    return hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, a, b)), hn::BitCast(d, hn::InterleaveUpper(pairs, a, b)));
  } else if constexpr (kRows == 2) {
    return hn::Add(hn::InterleaveLower(d, first, second), hn::InterleaveUpper(d, first, second));
  } else if constexpr (kRows == 2 * kBlock && kBlocks == 4) {
    return hn::Add(hn::OddEvenBlocks(second, first), hn::SwapAdjacentBlocks(hn::OddEvenBlocks(first, second)));
  } else {
    static_assert(kRows == kBlock * kBlocks);
    return hn::Add(hn::ConcatLowerLower(d, second, first), hn::ConcatUpperUpper(d, second, first));
  }
#endif
}

/// Rows that `run` joins for `sum`.
template <class T>
constexpr std::size_t kJoined = std::min(ahead, hn::MaxLanes(Tag<T>()));

template <std::size_t kRows, class T>
HWY_INLINE hn::Vec<Tag<T>> JoinAll(Tag<T> d, const hn::Vec<Tag<T>>* rows) {
  if constexpr (kRows > 1) {
    const auto first = JoinAll<kRows / 2, T>(d, rows);
    return Join<kRows, T>(d, first, JoinAll<kRows / 2, T>(d, rows + kRows / 2));
  }
  return rows[0];
}

template <class T>
struct Complex {
  hn::Vec<Tag<T>> re, im;
};

template <class T>
HWY_INLINE Complex<T> Load(const T* pair) {
  const Tag<T> d;
  return {hn::Load(d, pair), hn::Load(d, pair + hn::Lanes(d))};
}

/// a b + c
template <class T>
HWY_INLINE Complex<T> MulAdd(Complex<T> a, Complex<T> b, Complex<T> c) {
  return {hn::MulAdd(a.re, b.re, hn::NegMulAdd(a.im, b.im, c.re)),
          hn::MulAdd(a.re, b.im, hn::MulAdd(a.im, b.re, c.im))};
}

// Rows that go together: their multiply-adds outnumber the loads of u and y.
constexpr std::size_t kGroup = 2;

/// G rows, with what of them stays in registers while samples go by, where there are 32.
template <std::size_t G, class V>
struct Group {
  V re[G], im[G], power_re[G], power_im[G];  // of lambda^ahead
  V c_re[G][ahead], c_im[G][ahead];
};

enum class Kind { first, more, first_of_one, more_of_one };  // group of W channels, of one channel

/// m samples. powers: of lambda, those below m come from the cache. rest: whether what T leaves of them counts, by `drift`.
template <std::size_t m, Kind kind, bool rest, std::size_t G, class T, class V>
HWY_INLINE void Step(Group<G, V>& group, const T* HWY_RESTRICT powers, const T* HWY_RESTRICT drift,
                     const T* HWY_RESTRICT H, const T* HWY_RESTRICT u, const T* y, T* out, bool join) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d), row = 2 * ahead * W;
  V u_[m], y_[ahead];
  for (std::size_t i = 0; i < m; ++i) {
    u_[i] = kind >= Kind::first_of_one ? hn::Set(d, u[i]) : hn::Load(d, u + i * W);
    V& y_i = y_[i];
    y_i = kind == Kind::first || kind == Kind::first_of_one ? hn::Zero(d) : hn::Load(d, y + i * W);
    for (std::size_t j = 0; kind == Kind::first && j <= i; ++j)
      y_i = hn::MulAdd(hn::Load(d, H + j * W), u_[i - j], y_i);
    for (std::size_t g = 0; g < G; ++g) {
      y_i = hn::MulAdd(group.c_im[g][i], group.im[g], hn::MulAdd(group.c_re[g][i], group.re[g], y_i));
    }
  }
  if (kind >= Kind::first_of_one && join) {
    for (std::size_t i = m; i < ahead; ++i) y_[i] = hn::Zero(d);
    for (std::size_t i = 0; i < ahead; i += kJoined<T>) {
      hn::Store(JoinAll<kJoined<T>, T>(d, y_ + i), d, out + i / kJoined<T> * W);
    }
  } else {
    for (std::size_t i = 0; i < m; ++i) hn::Store(y_[i], d, out + i * W);
  }
  for (std::size_t g = 0; g < G; ++g) {
    const T* const power = powers + 2 * g * row;
    const V power_re = m == ahead ? group.power_re[g] : hn::Load(d, power + (2 * m - 2) * W);
    const V power_im = m == ahead ? group.power_im[g] : hn::Load(d, power + (2 * m - 1) * W);
    V re = u_[m - 1], im = hn::Zero(d);
    for (std::size_t i = 1; i < m; ++i) {
      re = hn::MulAdd(hn::Load(d, power + (2 * i - 2) * W), u_[m - 1 - i], re);
      im = hn::MulAdd(hn::Load(d, power + (2 * i - 1) * W), u_[m - 1 - i], im);
    }
    if constexpr (rest) {
      const Complex<T> held{power_re, power_im}, x{group.re[g], group.im[g]};
      const Complex<T> lost = MulAdd(Load(drift + g * row + (2 * m - 2) * W), held, {hn::Zero(d), hn::Zero(d)});
      const Complex<T> sum = MulAdd(lost, x, {re, im});
      re = sum.re;
      im = sum.im;
    }
    // The state comes last: the next step waits for two multiply-adds, not for all.
    re = hn::NegMulAdd(power_im, group.im[g], re);
    im = hn::MulAdd(power_im, group.re[g], im);
    group.im[g] = hn::MulAdd(power_re, group.im[g], im);
    group.re[g] = hn::MulAdd(power_re, group.re[g], re);
  }
}

/// What rounding takes from the powers over so many steps of `ahead`, and one of `left` samples.
template <std::size_t G, class T, class V>
HWY_INLINE void GiveBack(Group<G, V>& group, const T* drift, T steps, std::size_t left = 0) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  const V times = hn::Set(d, steps);
  for (std::size_t g = 0; g < G; ++g, drift += 2 * ahead * W) {
    const Complex<T> whole = Load(drift + (2 * ahead - 2) * W), x{group.re[g], group.im[g]};
    Complex<T> sum{hn::Mul(times, whole.re), hn::Mul(times, whole.im)};
    if (left != 0) {
      const Complex<T> last = Load(drift + (2 * left - 2) * W);
      sum = {hn::Add(last.re, sum.re), hn::Add(last.im, sum.im)};
    }
    const Complex<T> next = MulAdd(sum, x, x);
    group.re[g] = next.re;
    group.im[g] = next.im;
  }
}

template <class T>
void Scale(const T* factor, std::size_t rows, const T* from, T* to) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  for (std::size_t row = 0; row < rows; ++row, factor += 4 * W, from += 2 * W, to += 2 * W) {
    const Complex<T> x = Load(from), rest = MulAdd(Load(factor + 2 * W), x, {hn::Zero(d), hn::Zero(d)});
    const Complex<T> product = MulAdd(Load(factor), x, rest);
    hn::Store(product.re, d, to);
    hn::Store(product.im, d, to + W);
  }
}

template <std::size_t G, Kind kind, bool rest, class T>
HWY_INLINE void RunGroup(const DiagonalRows<T>& rows, std::size_t first, const T* HWY_RESTRICT u, T* HWY_RESTRICT y,
                         std::size_t n, Mover<T>& mover) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  const std::size_t W = hn::Lanes(d), of_u = kind >= Kind::first_of_one ? 1 : W, row = 2 * ahead * W;
  const T* const table = rows.table + 2 * first * row;
  const T* const powers = table + row;
  const T* const drift = rows.drift + first * row;
  T* const state = rows.state + first * 2 * W;
  Group<G, V> group;
  for (std::size_t g = 0; g < G; ++g) {
    group.re[g] = hn::Load(d, state + 2 * g * W);
    group.im[g] = hn::Load(d, state + 2 * g * W + W);
    group.power_re[g] = hn::Load(d, powers + 2 * g * row + (2 * ahead - 2) * W);
    group.power_im[g] = hn::Load(d, powers + 2 * g * row + (2 * ahead - 1) * W);
    const T* const c = table + 2 * g * row;
    for (std::size_t i = 0; i < ahead; ++i) {
      group.c_re[g][i] = hn::Load(d, c + (2 * i + 0) * W);
      group.c_im[g][i] = hn::Load(d, c + (2 * i + 1) * W);
    }
  }
  const bool join = kind >= Kind::first_of_one && first + G == rows.rows;
  T* out = y;
  const std::size_t whole = n / ahead, left = n % ahead, of_out = join ? ahead / kJoined<T> * W : ahead * W;
  T owed = 0;  // half of the steps of a part, given back before and after it
  for (std::size_t k = 0; k < whole;) {
    const std::size_t end = k + std::min(steps_of_part, whole - k);
    const T half = T(0.5) * static_cast<T>(end - k);
    if constexpr (!rest) GiveBack(group, drift, owed + half);
    owed = half;
    for (; k < end; ++k, u += ahead * of_u, y += ahead * W, out += of_out) {
      mover.Sample();
      Step<ahead, kind, rest>(group, powers, drift, rows.H, u, y, out, join);
    }
  }
  if (left == 1) Step<1, kind, rest>(group, powers, drift, rows.H, u, y, out, join);
  if (left == 2) Step<2, kind, rest>(group, powers, drift, rows.H, u, y, out, join);
  if (left == 3) Step<3, kind, rest>(group, powers, drift, rows.H, u, y, out, join);

  if constexpr (!rest) GiveBack(group, drift, owed, left);
  for (std::size_t g = 0; g < G; ++g) {
    hn::Store(group.re[g], d, state + 2 * g * W);
    hn::Store(group.im[g], d, state + 2 * g * W + W);
  }
}

template <Kind first, Kind more, bool rest, class T>
HWY_INLINE void RunRows(const DiagonalRows<T>& rows, const T* u, T* y, std::size_t n, const Traffic<T>& traffic) {
  Mover<T> mover(traffic);
  std::size_t row = std::min(rows.rows, kGroup);
  row == 1 ? RunGroup<1, first, rest>(rows, 0, u, y, n, mover) : RunGroup<kGroup, first, rest>(rows, 0, u, y, n, mover);
  for (; row + kGroup <= rows.rows; row += kGroup) RunGroup<kGroup, more, rest>(rows, row, u, y, n, mover);
  for (; row < rows.rows; ++row) RunGroup<1, more, rest>(rows, row, u, y, n, mover);
  mover.Rest();
}

template <bool rest, class T>
void RunAll(const DiagonalRows<T>& rows, const T* u, T* y, std::size_t n, const Traffic<T>& traffic) {
  rows.one_channel ? RunRows<Kind::first_of_one, Kind::more_of_one, rest>(rows, u, y, n, traffic)
                   : RunRows<Kind::first, Kind::more, rest>(rows, u, y, n, traffic);
}

template <class T>
void Run(const DiagonalRows<T>& rows, const T* u, T* y, std::size_t n, const Traffic<T>& traffic) {
  if constexpr (keeps_rest<T>) {
    if (n < few_samples) return RunAll<true>(rows, u, y, n, traffic);
  }
  RunAll<false>(rows, u, y, n, traffic);
}

// W rows, of which kJoined are joined already, become one vector of their sums.
template <std::size_t kRows, class T>
HWY_INLINE hn::Vec<Tag<T>> SumTree(Tag<T> d, const T* parts) {
  if constexpr (kRows > kJoined<T>) {
    const auto first = SumTree<kRows / 2>(d, parts);
    return Join<kRows, T>(d, first, SumTree<kRows / 2>(d, parts + kRows / 2 / kJoined<T> * hn::Lanes(d)));
  }
  return hn::Load(d, parts);
}

template <class T>
void Sum(const T* parts, const T* H, const T* u, T* y, std::size_t n) {
  const Tag<T> d;
  constexpr std::size_t W = hn::MaxLanes(d), period = std::max(W, ahead);
  for (std::size_t k = 0; k < n; k += W) {
    auto sum = SumTree<W>(d, parts + k / kJoined<T> * W);
    for (std::size_t j = 0; j < ahead; ++j) {
      sum = hn::MulAdd(hn::Load(d, H + j * period + k % period), hn::LoadU(d, u + k - j), sum);
    }
    hn::StoreU(sum, d, y + k);
  }
}

template <class T>
void ToBlock(const T* frames, std::size_t stride, std::size_t channels, std::size_t n, T* HWY_RESTRICT block) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  if (channels < W) {
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < channels; ++i) block[k * W + i] = frames[k * stride + i];
    }
    return;
  }
  for (std::size_t k = 0; k < n; ++k) hn::Store(hn::LoadU(d, frames + k * stride), d, block + k * W);
}

template <class T>
void ToFrames(const T* HWY_RESTRICT block, std::size_t channels, std::size_t n, T* frames, std::size_t stride) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  if (channels < W) {
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < channels; ++i) frames[k * stride + i] = block[k * W + i];
    }
    return;
  }
  for (std::size_t k = 0; k < n; ++k) hn::StoreU(hn::Load(d, block + k * W), d, frames + k * stride);
}

template <class T>
const DiagonalLoops<T>* All() {
  static const DiagonalLoops<T> all{hn::Lanes(Tag<T>()), Run<T>, Scale<T>, ToBlock<T>, ToFrames<T>, Sum<T>};
  return &all;
}

}  // namespace

const DiagonalLoops<float>* DiagonalFloat() { return All<float>(); }
const DiagonalLoops<double>* DiagonalDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(DiagonalFloat);
HWY_EXPORT(DiagonalDouble);

template <>
const DiagonalLoops<float>& diagonal_loops() {
  return *HWY_DYNAMIC_DISPATCH(DiagonalFloat)();
}
template <>
const DiagonalLoops<double>& diagonal_loops() {
  return *HWY_DYNAMIC_DISPATCH(DiagonalDouble)();
}

}  // namespace longstate::simd
#endif
