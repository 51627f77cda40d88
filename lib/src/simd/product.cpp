#include "product.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/product.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

template <class T>
using Lanes = hn::CappedTag<T, product_rows>;

/// `vectors` of rows by `count` columns: their sums stay in registers.
template <std::size_t vectors, std::size_t count, bool add, class T>
HWY_INLINE void Tile(const T* A, std::size_t rows, std::size_t inner, const T* B, std::size_t B_stride, T* C,
                     std::size_t C_stride) {
  const Lanes<T> d;
  const std::size_t W = hn::Lanes(d);
  hn::Vec<Lanes<T>> sum[vectors][count];
  for (std::size_t v = 0; v < vectors; ++v) {
    for (std::size_t c = 0; c < count; ++c) {
      sum[v][c] = add ? hn::LoadU(d, C + c * C_stride + v * W) : hn::Zero(d);
    }
  }
  for (std::size_t k = 0; k < inner; ++k) {
    hn::Vec<Lanes<T>> a[vectors];
    for (std::size_t v = 0; v < vectors; ++v) a[v] = hn::Load(d, A + k * rows + v * W);
    for (std::size_t c = 0; c < count; ++c) {
      const auto b = hn::Set(d, B[c * B_stride + k]);
      for (std::size_t v = 0; v < vectors; ++v) sum[v][c] = hn::MulAdd(a[v], b, sum[v][c]);
    }
  }
  for (std::size_t v = 0; v < vectors; ++v) {
    for (std::size_t c = 0; c < count; ++c) hn::StoreU(sum[v][c], d, C + c * C_stride + v * W);
  }
}

/// Where the rows of A that end at a row end, themselves.
struct Whole {
  std::size_t inner;
  std::size_t operator()(std::size_t) const { return inner; }
};
/// Lower triangular in blocks of q x p.
struct Lower {
  std::size_t q, p;
  std::size_t operator()(std::size_t row) const { return (row + q - 1) / q * p; }
};

/// As many tiles as fit from `row` on; returns the first row left. Of A's columns, those that the first vector of a tile
/// does not have go to the others alone.
template <std::size_t vectors, std::size_t count, bool add, class T, class Ends>
HWY_INLINE std::size_t Rows(const T* A, std::size_t row, std::size_t rows, Ends ends, const T* B, std::size_t B_stride,
                            std::size_t columns, T* C, std::size_t C_stride) {
  const std::size_t W = hn::Lanes(Lanes<T>()), height = vectors * W;
  for (; row + height <= rows; row += height) {
    const std::size_t shared = ends(row + W), rest = ends(row + height) - shared;
    for (std::size_t c = 0; c + count <= columns; c += count) {
      const T* const b = B + c * B_stride;
      T* const to = C + c * C_stride + row;
      Tile<vectors, count, add>(A + row, rows, shared, b, B_stride, to, C_stride);
      if constexpr (vectors > 1) {
        if (rest > 0) {
          Tile<vectors - 1, count, true>(A + row + W + shared * rows, rows, rest, b + shared, B_stride, to + W,
                                         C_stride);
        }
      }
    }
  }
  return row;
}

/// The columns in groups; what is left goes a column at a time, with more rows together.
template <bool add, class T, class Ends>
HWY_INLINE void Product(const T* A, std::size_t rows, Ends ends, const T* B, std::size_t B_stride, std::size_t columns,
                        T* C, std::size_t C_stride) {
  constexpr std::size_t group = HWY_TARGET <= HWY_AVX3 ? 8 : 4;  // of 32 or 16 registers
  const std::size_t row = Rows<2, group, add>(A, 0, rows, ends, B, B_stride, columns, C, C_stride);
  Rows<1, group, add>(A, row, rows, ends, B, B_stride, columns, C, C_stride);
  const std::size_t done = columns / group * group;
  const T* const rest = B + done * B_stride;
  T* const to = C + done * C_stride;
  const std::size_t four = Rows<4, 1, add>(A, 0, rows, ends, rest, B_stride, columns - done, to, C_stride);
  Rows<1, 1, add>(A, four, rows, ends, rest, B_stride, columns - done, to, C_stride);
}

template <bool add, class T>
void Full(const T* A, std::size_t rows, std::size_t inner, const T* B, std::size_t B_stride, std::size_t columns, T* C,
          std::size_t C_stride) {
  Product<add>(A, rows, Whole{inner}, B, B_stride, columns, C, C_stride);
}

template <class T>
void AddLower(const T* A, std::size_t rows, std::size_t q, std::size_t p, const T* B, std::size_t B_stride,
              std::size_t columns, T* C, std::size_t C_stride) {
  Product<true>(A, rows, Lower{q, p}, B, B_stride, columns, C, C_stride);
}

#if HWY_TARGET == HWY_SCALAR  // no pairs in a vector of one
template <class T>
void Turn(const T* lambda, T* x, std::size_t rows, std::size_t blocks) {
  const auto add = [rows](const T* factor, T* from) {
    for (std::size_t n = 0; n < rows; n += 2) {
      from[rows + n] = factor[n] * from[n] + (factor[rows + n] * from[n + 1] + from[rows + n]);
      from[rows + n + 1] = factor[n + 1] * from[n + 1] + (factor[rows + n + 1] * from[n] + from[rows + n + 1]);
    }
  };
  for (std::size_t b = 0; b < blocks; ++b, x += rows) {
    if (keeps_rest<T>) add(lambda + 2 * rows, x);
    add(lambda, x);
  }
}
#else
/// `vectors` of entries through all blocks: they and their lambda stay in registers.
template <std::size_t vectors, class T>
HWY_INLINE void TurnRows(const T* lambda, T* x, std::size_t rows, std::size_t blocks) {
  const Lanes<T> d;
  const std::size_t W = hn::Lanes(d);
  using V = hn::Vec<Lanes<T>>;
  V along[vectors], across[vectors], rest_along[vectors], rest_across[vectors], state[vectors];
  for (std::size_t v = 0; v < vectors; ++v) {
    along[v] = hn::Load(d, lambda + v * W);
    across[v] = hn::Load(d, lambda + rows + v * W);
    if constexpr (keeps_rest<T>) {
      rest_along[v] = hn::Load(d, lambda + 2 * rows + v * W);
      rest_across[v] = hn::Load(d, lambda + 3 * rows + v * W);
    }
    state[v] = hn::Load(d, x + v * W);
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    x += rows;
    for (std::size_t v = 0; v < vectors; ++v) {
      const V swapped = hn::Reverse2(d, state[v]);
      V next = hn::Load(d, x + v * W);
      if constexpr (keeps_rest<T>) {
        next = hn::MulAdd(rest_across[v], swapped, hn::MulAdd(rest_along[v], state[v], next));
      }
      state[v] = hn::MulAdd(along[v], state[v], hn::MulAdd(across[v], swapped, next));
      hn::Store(state[v], d, x + v * W);
    }
  }
}

template <class T>
void Turn(const T* lambda, T* x, std::size_t rows, std::size_t blocks) {
  constexpr std::size_t kTogether =
      !keeps_rest<T> || HWY_TARGET <= HWY_AVX3 ? 4 : 2;  // five registers each with a rest
  const std::size_t W = hn::Lanes(Lanes<T>());
  std::size_t n = 0;
  for (; n + kTogether * W <= rows; n += kTogether * W) TurnRows<kTogether>(lambda + n, x + n, rows, blocks);
  for (; n < rows; n += W) TurnRows<1>(lambda + n, x + n, rows, blocks);
}
#endif

template <class T>
const ProductLoops<T>* All() {
  static constexpr ProductLoops<T> all{Full<false, T>, Full<true, T>, AddLower<T>, Turn<T>};
  return &all;
}
}  // namespace

const ProductLoops<float>* ProductFloat() { return All<float>(); }
const ProductLoops<double>* ProductDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(ProductFloat);
HWY_EXPORT(ProductDouble);

template <>
const ProductLoops<float>& product_loops() {
  return *HWY_DYNAMIC_DISPATCH(ProductFloat)();
}
template <>
const ProductLoops<double>& product_loops() {
  return *HWY_DYNAMIC_DISPATCH(ProductDouble)();
}

}  // namespace longstate::simd
#endif
