#include "diagonal_shared.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/diagonal_shared.cpp"  // this file, compiled again for each instruction set
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/diagonal_inl.hpp"

#include <algorithm>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

template <class T>
using Tag = hn::ScalableTag<T>;

// ahead x kMost sums, and a state of each block, in registers: 32 of them, or 16.
#if (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3) || HWY_ARCH_ARM_A64
constexpr std::size_t kMost = 4;
#else
constexpr std::size_t kMost = 2;
#endif

template <class T>
void Copy(const Frames<const T>& from, T* to) {
  const Tag<T> d;
  for (std::size_t k = 0; k < from.samples; ++k) {
    for (std::size_t s = 0; s < from.blocks; ++s, to += hn::Lanes(d)) {
      hn::Store(hn::LoadU(d, from.data + k * from.stride + s * from.apart), d, to);
    }
  }
}

/// Copies the samples of the next tile, one or two lines at a time, and asks for those of the one after it. (All at once where the
/// next has not S blocks; then nothing is asked for.)
template <std::size_t S, class T>
class Mover {
 public:
  explicit Mover(const SharedTile<T>& tile)
      : from_(tile.next.data),
        asked_(tile.later.blocks == S ? tile.later.data : from_),
        to_(tile.next_u),
        left_(tile.next.blocks == S ? tile.next.samples * S / kLines : 0),
        apart_(tile.next.apart),
        next_(S > 2 ? 2 * apart_ : tile.next.stride),
        then_(S > 2 ? tile.next.stride - 2 * apart_ : tile.next.stride) {
    if (left_ == 0) Copy(tile.next, to_);
  }

  HWY_INLINE bool any() const { return left_ > 0; }
  HWY_INLINE void Line(std::size_t i) const {
    const Tag<T> d;
    hwy::Prefetch(asked_ + i * apart_);
    hn::Store(hn::LoadU(d, from_ + i * apart_), d, to_ + i * hn::Lanes(d));
  }
  HWY_INLINE void Next() {
    from_ += next_;
    asked_ += next_;
    to_ += kLines * hn::Lanes(Tag<T>());
    std::swap(next_, then_);
    --left_;
  }
  static constexpr std::size_t kLines = S > 1 ? 2 : 1;

 private:
  const T *from_, *asked_;
  T* to_;
  std::size_t left_, apart_, next_, then_;
};

static_assert(ahead == 4, "Through is written out");
template <class T, std::size_t S>
using Sums = hn::Vec<Tag<T>>[ahead][S];

/// One row over `ahead` samples of S blocks: what it adds to their sums, and its next states.
template <std::size_t S, class T>
HWY_INLINE void Row(const T* c, T* state, const T* u, Sums<T, S>& y) {
  using V = hn::Vec<Tag<T>>;
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  const T* const powers = c + 2 * ahead * W;
  V re[S], im[S];
  for (std::size_t s = 0; s < S; ++s) {
    re[s] = hn::Load(d, state + 2 * s * W);
    im[s] = hn::Load(d, state + (2 * s + 1) * W);
  }
  for (std::size_t i = 0; i < ahead; ++i) {
    const V c_re = hn::Load(d, c + 2 * i * W), c_im = hn::Load(d, c + (2 * i + 1) * W);
    for (std::size_t s = 0; s < S; ++s) y[i][s] = hn::MulAdd(c_im, im[s], hn::MulAdd(c_re, re[s], y[i][s]));
  }
  const V power_re = hn::Load(d, powers + (2 * ahead - 2) * W), power_im = hn::Load(d, powers + (2 * ahead - 1) * W);
  for (std::size_t s = 0; s < S; ++s) {
    const V sum = hn::MulAdd(power_re, re[s], hn::Load(d, u + ((ahead - 1) * S + s) * W));
    const V turned = hn::Mul(power_im, re[s]);
    re[s] = hn::NegMulAdd(power_im, im[s], sum);
    im[s] = hn::MulAdd(power_re, im[s], turned);
  }
  for (std::size_t j = 1; j < ahead; ++j) {
    const V lower_re = hn::Load(d, powers + (2 * j - 2) * W), lower_im = hn::Load(d, powers + (2 * j - 1) * W);
    for (std::size_t s = 0; s < S; ++s) {
      const V u_s = hn::Load(d, u + ((ahead - 1 - j) * S + s) * W);
      re[s] = hn::MulAdd(lower_re, u_s, re[s]);
      im[s] = hn::MulAdd(lower_im, u_s, im[s]);
    }
  }
  for (std::size_t s = 0; s < S; ++s) {
    hn::Store(re[s], d, state + 2 * s * W);
    hn::Store(im[s], d, state + (2 * s + 1) * W);
  }
}

/// What the samples of a step add to its outputs.
template <std::size_t S, class T>
HWY_INLINE void Through(const T* H, const T* u, Sums<T, S>& y) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  for (std::size_t s = 0; s < S; ++s) {
    const auto u_0 = hn::Load(d, u + s * W), u_1 = hn::Load(d, u + (S + s) * W);
    const auto u_2 = hn::Load(d, u + (2 * S + s) * W), u_3 = hn::Load(d, u + (3 * S + s) * W);
    const auto H_0 = hn::Load(d, H), H_1 = hn::Load(d, H + W), H_2 = hn::Load(d, H + 2 * W),
               H_3 = hn::Load(d, H + 3 * W);
    y[0][s] = hn::Mul(H_0, u_0);
    y[1][s] = hn::MulAdd(H_1, u_0, hn::Mul(H_0, u_1));
    y[2][s] = hn::MulAdd(H_2, u_0, hn::MulAdd(H_1, u_1, hn::Mul(H_0, u_2)));
    y[3][s] = hn::MulAdd(H_3, u_0, hn::MulAdd(H_2, u_1, hn::MulAdd(H_1, u_2, hn::Mul(H_0, u_3))));
  }
}

template <std::size_t S, class T>
HWY_INLINE void Load(const T* sums, Sums<T, S>& y) {
  const Tag<T> d;
  for (std::size_t i = 0; i < ahead; ++i) {
    for (std::size_t s = 0; s < S; ++s) y[i][s] = hn::Load(d, sums + (i * S + s) * hn::Lanes(d));
  }
}

template <std::size_t S, class T>
HWY_INLINE void Store(const Sums<T, S>& y, T* sums) {
  const Tag<T> d;
  for (std::size_t i = 0; i < ahead; ++i) {
    for (std::size_t s = 0; s < S; ++s) hn::Store(y[i][s], d, sums + (i * S + s) * hn::Lanes(d));
  }
}

template <bool past_cache, std::size_t S, class T>
HWY_INLINE void Store(const Sums<T, S>& y, Frames<T> to, std::size_t k) {
  const Tag<T> d;
  for (std::size_t i = 0; i < ahead; ++i) {
    for (std::size_t s = 0; s < S; ++s) {
      T* const line = to.data + (k + i) * to.stride + s * to.apart;
      past_cache ? hn::Stream(y[i][s], d, line) : hn::StoreU(y[i][s], d, line);
    }
  }
}

/// `ahead` samples from k on, of rows first … last - 1.
template <std::size_t S, bool past_cache, bool is_first, class T>
HWY_INLINE void Step(const DiagonalRows<T>& rows, std::size_t first, std::size_t last, const SharedTile<T>& tile,
                     std::size_t k, Mover<S, T>& mover) {
  const std::size_t W = hn::Lanes(Tag<T>()), row = 4 * ahead * W, of_state = 2 * S * W;
  const T* const u = tile.u + k * S * W;
  T* const sums = tile.sums + k * S * W;
  Sums<T, S> y;
  if constexpr (is_first) {
    Through<S>(rows.H, u, y);
  } else {
    Load<S>(sums, y);
  }
  const T* c = rows.table + first * row;
  T* state = rows.state + first * of_state;
  std::size_t r = first;
  for (; r + 4 <= last; r += 4, c += 4 * row, state += 4 * of_state) {
    const bool more = mover.any();
    if (more) mover.Line(0);
    Row<S>(c, state, u, y);
    Row<S>(c + row, state + of_state, u, y);
    if (more && S > 1) mover.Line(1);
    Row<S>(c + 2 * row, state + 2 * of_state, u, y);
    Row<S>(c + 3 * row, state + 3 * of_state, u, y);
    if (more) mover.Next();
  }
  for (; r < last; ++r, c += row, state += of_state) Row<S>(c, state, u, y);
  if (last < rows.rows) return Store<S>(y, sums);
  Store<past_cache, S>(y, tile.y, k);
}

/// Rows in parts that stay in the first cache with their states. The arguments are copies: what stores might change is loaded anew.
template <std::size_t S, bool past_cache, class T>
HWY_INLINE void RunBlocks(const DiagonalRows<T> rows, const SharedTile<T> tile) {
  constexpr std::size_t kPart = (16 << 10) / (4 * ahead * sizeof(T) * hn::MaxLanes(Tag<T>()));
  Mover<S, T> mover(tile);
  for (std::size_t first = 0; first < rows.rows; first += kPart) {
    const std::size_t last = std::min(first + kPart, rows.rows);
    for (std::size_t k = 0; k < tile.y.samples; k += ahead) {
      if (first == 0) {
        Step<S, past_cache, true>(rows, first, last, tile, k, mover);
      } else {
        Step<S, past_cache, false>(rows, first, last, tile, k, mover);
      }
    }
  }
  for (; mover.any(); mover.Next()) {
    for (std::size_t i = 0; i < Mover<S, T>::kLines; ++i) mover.Line(i);
  }
}

template <std::size_t S, class T>
void RunTile(const DiagonalRows<T>& rows, const SharedTile<T>& tile) {
  tile.past_cache ? RunBlocks<S, true>(rows, tile) : RunBlocks<S, false>(rows, tile);
}

template <class T>
void Run(const DiagonalRows<T>& rows, const SharedTile<T>& tile) {
  if (tile.y.blocks == 1) return RunTile<1>(rows, tile);
  if (tile.y.blocks == 2) return RunTile<2>(rows, tile);
  if constexpr (kMost == 4) RunTile<4>(rows, tile);
}

template <class T>
void GiveBackAll(const DiagonalRows<T>& rows, std::size_t blocks, std::size_t steps) {
  const Tag<T> d;
  const std::size_t W = hn::Lanes(d);
  const auto steps_ = hn::Set(d, static_cast<T>(steps));
  T* state = rows.state;
  for (std::size_t r = 0; r < rows.rows; ++r) {
    const T* const drift = rows.drift + (r + 1) * 2 * ahead * W;  // its last power's is before the next row's
    const auto drift_re = hn::Mul(steps_, hn::Load(d, drift - 2 * W));
    const auto drift_im = hn::Mul(steps_, hn::Load(d, drift - W));
    for (std::size_t s = 0; s < blocks; ++s, state += 2 * W) {
      auto re = hn::Load(d, state), im = hn::Load(d, state + W);
      GiveBack(drift_re, drift_im, re, im);
      hn::Store(re, d, state);
      hn::Store(im, d, state + W);
    }
  }
}

template <class T>
const SharedLoops<T>* All() {
  static const SharedLoops<T> all{kMost, Copy<T>, Run<T>, GiveBackAll<T>};
  return &all;
}

}  // namespace

const SharedLoops<float>* SharedFloat() { return All<float>(); }
const SharedLoops<double>* SharedDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(SharedFloat);
HWY_EXPORT(SharedDouble);

template <>
const SharedLoops<float>& shared_loops() {
  return *HWY_DYNAMIC_DISPATCH(SharedFloat)();
}
template <>
const SharedLoops<double>& shared_loops() {
  return *HWY_DYNAMIC_DISPATCH(SharedDouble)();
}

}  // namespace longstate::simd
#endif
