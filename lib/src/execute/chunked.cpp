#include "../detail/aligned.hpp"
#include "../detail/layer.hpp"
#include "../detail/past_cache.hpp"
#include "../detail/powers.hpp"
#include "../detail/product.hpp"
#include "../detail/tally.hpp"
#include "../simd/diagonal.hpp"
#include "../simd/product.hpp"
#include "../simd/size.hpp"
#include "../simd/transpose.hpp"
#include "../structure/block_realization.hpp"
#include "../structure/growth.hpp"
#include "../structure/table.hpp"
#include "cost.hpp"
#include "stepped_kernel.hpp"
#include "threaded.hpp"
#include "trial.hpp"

#include <longstate/execute/chunked.hpp>
#include <longstate/execute/kernel.hpp>
#include <longstate/execute/recurrence.hpp>
#include <longstate/no_denormals.hpp>

#include <hwy/cache_control.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace longstate {
namespace {

using Complex = std::complex<double>;

constexpr Index group = 16;  // copies at a time: a cache line of a frame
constexpr Index vector_rows = static_cast<Index>(simd::product_rows);

using simd::padded_rows;
using simd::size;

/// The matrices of one system, with rows in vectors.
template <class T>
struct Blocks {
  detail::Aligned<T> H, O, R;
  detail::Aligned<T> step;  // A^T: diagonal as simd::ProductLoops::turn takes it; others A^T - diag(ones), N x N
  Vector<T> ones;           // dense: the ones
};

/// By steps where the kernel by FFT would round every output relative to the largest.
Matrix<double> kernel_of_block(const DiscreteSystem& system, Index block) {
  const bool by_fft = detail::with_row(system, [](const auto& row, const auto&) { return row.kernel_by_fft; });
  return by_fft ? detail::stepped_kernel(system, block) : kernel(system, block);
}

/// H(k q + i, l p + j) = K_(k-l)(i, j)
template <class T>
detail::Aligned<T> toeplitz(const Matrix<double>& K, Index p, Index q) {
  const Index block = K.cols();
  detail::Aligned<T> H = detail::Aligned<T>::Zero(q * block, p * block);
  for (Index l = 0; l < block; ++l) {
    for (Index k = l; k < block; ++k) {
      H.block(k * q, l * p, q, p) = K.col(k - l).reshaped(q, p).template cast<T>();
    }
  }
  return H;
}

template <class T>
void set_step(Blocks<T>& blocks, const DiscreteDiagonal& system, Index block) {
  const Index entries = system.mu.size();
  blocks.step.setZero(padded_rows(2 * entries), simd::keeps_rest<T> ? 4 : 2);
  for (Index n = 0; n < entries; ++n) {
    const Complex exact = detail::power_of(system.mu(n), block);
    const auto put = [&](Index column, std::complex<T> factor) {
      blocks.step.col(column).template segment<2>(2 * n).setConstant(factor.real());
      blocks.step.col(column + 1).template segment<2>(2 * n) << -factor.imag(), factor.imag();
    };
    put(0, detail::rounded_power<T>(exact));
    if (simd::keeps_rest<T>) put(2, std::complex<T>(detail::rest_of_power<T>(exact)));
  }
}

/// A^T as it is run, rounded.
template <class T>
Matrix<double> step_of(const Blocks<T>& blocks, Index order) {
  const Matrix<double> ones = blocks.ones.template cast<double>().asDiagonal();
  return ones + blocks.step.topRows(order).template cast<double>();
}

/// rest: A^T - I. As DenseTransition, so that float keeps what sets A^T apart from the identity.
template <class T>
void set_step(Blocks<T>& blocks, const DiscreteSystem& system, Matrix<double> rest, Index block) {
  const Index N = order(system);
  Vector<double> ones = Vector<double>::Ones(N);
  for (Index n = 0; n < N; ++n) {
    if (rest(n, n) > -0.5) continue;
    ones(n) = 0;
    rest(n, n) += 1;
  }
  blocks.step.setZero(padded_rows(N), N);
  blocks.step.topRows(N) = rest.template cast<T>();
  blocks.ones = ones.template cast<T>();
  detail::check_table("Chunked", blocks.step, block);
  detail::check_step("Chunked", std::is_same_v<T, float> ? "float" : "double", system, step_of(blocks, N), block);
}

/// Blocks of one copy, frames one after the other: u pT x count, y qT x count. states: as run_copy has them, its first the one to start from.
template <class T>
void run_blocks(const Blocks<T>& s, const Blocks<T>& next, Index block, Index count, const T* u, T* y,
                detail::Aligned<T>& states) {
  const auto& loops = simd::product_loops<T>();
  const Index p = s.H.cols() / block, q = s.H.rows() / block, N = s.O.cols();
  const std::size_t rows = size(states.rows()), blocks = size(count), in = size(p * block), out = size(q * block);
  const auto state = [&](Index b) { return states.col(b).data(); };

  simd::prefetch(next.R.data(), size(next.R.size()));
  loops.set(s.R.data(), rows, in, u, in, blocks, state(1), rows);
  if (s.ones.size() == 0) {
    loops.turn(s.step.data(), state(0), rows, blocks);
  } else {
    for (Index b = 0; b < count; ++b) {
      loops.add(s.step.data(), rows, size(N), state(b), rows, 1, state(b + 1), rows);
      states.col(b + 1).head(N) += s.ones.cwiseProduct(states.col(b).head(N));
    }
  }
  simd::prefetch(next.O.data(), size(next.O.size()));
  loops.set(s.O.data(), out, size(N), state(0), rows, blocks, y, out);
  simd::prefetch(next.H.data(), size(next.H.size()));
  loops.add_lower(s.H.data(), out, size(q), size(p), u, in, blocks, y, out);

  const Index T2 = block + vector_rows;  // the triangle in whole vectors
  detail::count_multiply_adds(count * (s.R.size() + s.O.size() + q * p * block * T2 / 2 +
                                       (s.ones.size() == 0 ? s.step.cols() * N : s.step.size())));
}

template <class T>
void check_tables(const Blocks<T>& blocks, Index block) {
  for (const detail::Aligned<T>* table : {&blocks.H, &blocks.O, &blocks.R, &blocks.step})
    detail::check_table("Chunked", *table, block);
}

/// By the loops that run() takes.
template <class T>
detail::RunBlocks<T> as_run(const Blocks<T>& blocks, Index block) {
  return [&blocks, block](const Matrix<T>& u, Matrix<T>& y, Vector<T>& x) {
    const Index count = u.cols() / block;
    detail::Aligned<T> states = detail::Aligned<T>::Zero(padded_rows(x.size()), count + 1);
    states.col(0).head(x.size()) = x;
    run_blocks(blocks, blocks, block, count, u.data(), y.data(), states);
    x = states.col(count).head(x.size());
  };
}

template <class T>
Blocks<T> make_blocks(const DiscreteSystem& system, Index block) {
  const Index N = order(system), p = inputs(system), q = outputs(system);
  const std::optional<detail::Powers> powers = detail::powers_of_block("Chunked", system, block);
  Blocks<T> blocks;
  const Matrix<double> K = kernel_of_block(system, block);
  blocks.H = toeplitz<T>(K, p, q);
  const Matrix<double> responses = detail::observability(system, block);
  const Matrix<double> reach = detail::controllability(system, block);
  blocks.O.resize(q * block, N);
  blocks.R.setZero(padded_rows(N), p * block);
  for (Index k = 0; k < block; ++k) {
    for (Index i = 0; i < q; ++i) blocks.O.row(k * q + i) = responses.row(i * block + k).template cast<T>();
    for (Index j = 0; j < p; ++j) blocks.R.col(k * p + j).head(N) = reach.col(j * block + k).template cast<T>();
  }
  if (const auto* diagonal = std::get_if<DiscreteDiagonal>(&system)) {
    set_step(blocks, *diagonal, block);
    check_tables(blocks, block);
    return blocks;
  }
  const Matrix<double> rest = detail::block_increment(system, block);
  set_step(blocks, system, rest, block);
  check_tables(blocks, block);
  if (powers) {
    const detail::Long step = step_of(blocks, N).template cast<long double>();
    detail::try_blocks<T>("Chunked", system, *powers, {responses, reach, step, K, block, false, false},
                          as_run(blocks, block));
  }
  return blocks;
}

Index checked_block(const DiscreteSystem& system, Index block) {
  if (block == 0) return default_chunk(system);
  if (block < vector_rows || block > 4096 || block % vector_rows != 0) {
    detail::fail("Chunked", "block must be a multiple of 16 up to 4096, or 0", block);
  }
  return block;
}

template <class T>
struct ChunkedDesign {
  Index block, chunk;  // samples: of a block, and of the blocks that go together
  Index p, q;
  std::vector<Blocks<T>> systems;

  ChunkedDesign(const std::vector<DiscreteSystem>& layer, Index block_size)
      : block(checked_block(layer.front(), block_size)),
        chunk(std::max<Index>(1024 / block, 8) * block),
        p(longstate::inputs(layer.front())),
        q(longstate::outputs(layer.front())) {
    for (const DiscreteSystem& system : layer) systems.push_back(make_blocks<T>(system, block));
  }
  const Blocks<T>& of(Index copy) const { return systems[size(copy) % systems.size()]; }
};

}  // namespace

template <class T>
struct Chunked<T>::Loops {
  Loops(const std::vector<DiscreteSystem>& layer, Index block, Index copies);
  Index copies() const { return rest_.copies(); }
  Index block() const { return design_->block; }
  void run(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x);
  void run_group(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x, Index first, bool past_cache);
  void run_copy(Index copy, Index blocks, const T* u, T* y, StateRef<T> x);

  Recurrence<T> rest_;  // for samples that do not fill a block
  std::shared_ptr<const ChunkedDesign<T>> design_;
  detail::Aligned<T> u_, y_;   // p samples x group, q samples x group
  detail::Aligned<T> states_;  // N, padded, x (blocks + 1): at the start of each block
};

template <class T>
Chunked<T>::Chunked(const DiscreteSystem& system, Index block, Index copies)
    : Chunked(std::vector<DiscreteSystem>{system}, block, detail::check_copies("Chunked", copies)) {}

template <class T>
Chunked<T>::Chunked(const std::vector<DiscreteSystem>& layer, Index block, Index copies)
    : loops_(std::make_shared<Loops>(layer, block, copies)) {}

template <class T>
Chunked<T>::Loops::Loops(const std::vector<DiscreteSystem>& layer, Index block, Index copies)
    : rest_(layer, copies), design_(std::make_shared<const ChunkedDesign<T>>(layer, block)) {
  const Index together = std::min(group, this->copies()),
              n = design_->chunk + 32;  // no power of 2: rows must not share cache lines
  u_.resize(design_->p * n, together);
  y_.resize(design_->q * n, together);
  states_.setZero(padded_rows(rest_.order()), design_->chunk / design_->block + 1);
}

template <class T>
Index Chunked<T>::order() const {
  return loops_->rest_.order();
}
template <class T>
Index Chunked<T>::copies() const {
  return loops_->copies();
}
template <class T>
Index Chunked<T>::inputs() const {
  return loops_->rest_.inputs();
}
template <class T>
Index Chunked<T>::outputs() const {
  return loops_->rest_.outputs();
}
template <class T>
Index Chunked<T>::block() const {
  return loops_->block();
}

template <class T>
void Chunked<T>::step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept {
  loops_->rest_.step(u, y, x);
}

template <class T>
void Chunked<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  detail::check_run("Chunked::run", *this, u, y, x);
  loops_->run(u, y, x);
}

template <class T>
void Chunked<T>::Loops::run(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x) {
  const Index whole = u.cols() / block() * block();
  {
    const NoDenormals guard;
    const Index p = design_->p, q = design_->q, span = 16 * design_->chunk;  // a group's matrices stay in the cache
    // Frames of a multiple of 2 KB share two sets of the first cache: lines fetched ahead, to be written in it, would not stay.
    const bool past_cache = detail::pass_cache<T>(y) && y.outerStride() * Index(sizeof(T)) % 2048 == 0;
    for (Index start = 0; start < whole; start += span) {
      const Index end = std::min(start + span, whole);
      for (Index copy = 0; copy < copies(); copy += group) {
        const Index together = std::min(group, copies() - copy);
        for (Index done = start; done < end; done += design_->chunk) {
          const Index n = std::min(design_->chunk, end - done);
          run_group(u.block(copy * p, done, together * p, n), y.block(copy * q, done, together * q, n), x, copy,
                    past_cache);
        }
      }
    }
    if (past_cache) hwy::FlushStream();
  }
  if (whole < u.cols()) rest_.run(u.rightCols(u.cols() - whole), y.rightCols(u.cols() - whole), x);
}

template <class T>
void Chunked<T>::Loops::run_group(const ConstSignal<T>& u, Signal<T> y, StateRef<T> x, Index first, bool past_cache) {
  const Index p = design_->p, q = design_->q, n = u.cols(), together = u.rows() / p;
  if (together == 1) {  // frames are rows
    u_.col(0).head(p * n).reshaped(p, n) = u;
    const bool direct = y.outerStride() == q;
    run_copy(first, n / block(), u_.data(), direct ? y.data() : y_.data(), x);
    if (!direct) y = y_.col(0).head(q * n).reshaped(q, n);
    return;
  }
  if (p == 1) {
    simd::to_rows(u.data(), size(u.outerStride()), size(together), size(n), u_.data(), size(u_.rows()));
  } else {
    for (Index c = 0; c < together; ++c) u_.col(c).head(p * n).reshaped(p, n) = u.middleRows(c * p, p);
  }
  for (Index c = 0; c < together; ++c) run_copy(first + c, n / block(), &u_(0, c), &y_(0, c), x);
  if (q == 1) {
    const auto& to_frames = past_cache ? *simd::transpose_loops<T>().stream_to_frames : simd::to_frames<T>;
    to_frames(y_.data(), size(y_.rows()), size(together), size(n), y.data(), size(y.outerStride()));
  } else {
    for (Index c = 0; c < together; ++c) y.middleRows(c * q, q) = y_.col(c).head(q * n).reshaped(q, n);
  }
}

template <class T>
void Chunked<T>::Loops::run_copy(Index copy, Index blocks, const T* u, T* y, StateRef<T> x) {
  states_.col(0).head(x.rows()) = x.col(copy);
  run_blocks(design_->of(copy), design_->of(std::min(copy + 1, copies() - 1)), block(), blocks, u, y, states_);
  x.col(copy) = states_.col(blocks).head(x.rows());
}

template class Chunked<float>;
template class Chunked<double>;
template class Threaded<Chunked<float>>;
template class Threaded<Chunked<double>>;

Index default_chunk(const DiscreteSystem& system) {
  validate(system);
  const detail::CostOf many{system, 1, group, 1 << 14, sizeof(float), {}};  // no samples are left over for a recurrence
  const auto cost = [&](Index block) { return detail::chunked_seconds(many, block); };
  return *std::ranges::min_element(detail::chunks, {}, cost);
}

}  // namespace longstate
