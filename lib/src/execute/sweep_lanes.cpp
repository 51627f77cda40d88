#include "sweep_lanes.hpp"

#include "../detail/layer.hpp"
#include "../simd/diagonal.hpp"
#include "../simd/size.hpp"
#include "../simd/transpose.hpp"
#include "../structure/hippo.hpp"
#include "sweep_tables.hpp"

#include <longstate/no_denormals.hpp>

#include <algorithm>

namespace longstate::detail {
namespace {

constexpr Index chunk = 64;  // samples that go together

using simd::size;

/// Eigenvalues of (I + M)(I - M)^-1 lie near -1 where M is large, and float's rounding of them adds up over the samples. The tables keep
/// what it takes from Lambda, but not from U V^T: 1.2e-7 of it, over the |M| / 2 samples that such an eigenvalue remembers. That may take
/// half of what is promised.
bool is_stiff(const DiscreteNplr& s) {
  const double dt = s.alpha * s.dt, half_of_promise = static_cast<double>(std::max<Index>(s.order(), 16));
  constexpr double most = 1e3;
  return dt * s.continuous.lambda.cwiseAbs().maxCoeff() > most || dt * s.continuous.P.squaredNorm() > half_of_promise;
}

/// The sub-steps that the longest step of a layer needs are enough for all.
PadeOptions pade_of(const std::vector<DiscreteSystem>& layer) {
  PadeOptions most;
  for (const DiscreteSystem& any : layer) {
    const auto& system = std::get<DiscreteHippo>(any);
    const PadeOptions one = hippo_step<double>(system, system.pade).pade();
    if (one.substeps * one.degree > most.substeps * most.degree) most = one;
  }
  return most;
}

/// A column of each system's numbers to every lane of its own, or to one.
template <class T>
Aligned<T> in_lanes(const std::vector<Numbers>& systems, Index lanes) {
  Aligned<T> table = Aligned<T>::Zero(lanes, static_cast<Index>(systems.front().size()));
  for (std::size_t lane = 0; lane < systems.size(); ++lane) {
    table.row(static_cast<Index>(lane)) =
        Eigen::Map<const Eigen::VectorXd>(systems[lane].data(), table.cols()).template cast<T>();
  }
  return table;
}

/// A column for each vector of numbers.
template <class T>
Aligned<T> in_columns(const std::vector<Numbers>& columns) {
  return in_lanes<T>(columns, static_cast<Index>(columns.size())).transpose();
}

Index vectors_for(Index copies, Index lanes, Index most) {
  Index vectors = 1;
  while (vectors < most && vectors * lanes < copies) vectors *= 2;
  return vectors;
}

/// All of rank 1, or all of rank 2.
template <class T>
bool are_nplr(const std::vector<DiscreteSystem>& layer) {
  const auto* first = std::get_if<DiscreteNplr>(&layer.front());
  return first && first->continuous.rank() <= 2 &&
         std::all_of(layer.begin(), layer.end(), [&](const DiscreteSystem& any) {
           const auto* s = std::get_if<DiscreteNplr>(&any);
           return s && s->continuous.rank() == first->continuous.rank() && (std::is_same_v<T, double> || !is_stiff(*s));
         });
}

/// All of one measure, by methods alike.
template <class T>
bool are_hippo(const std::vector<DiscreteSystem>& layer) {
  const auto* first = std::get_if<DiscreteHippo>(&layer.front());
  return first && std::all_of(layer.begin(), layer.end(), [&](const DiscreteSystem& any) {
           const auto* s = std::get_if<DiscreteHippo>(&any);
           return s && s->measure.index() == first->measure.index() && is_gbt(s->method) == is_gbt(first->method) &&
                  hippo_step<T>(*s, s->pade).by_sweeps();
         });
}

}  // namespace

template <class T>
std::optional<typename SweepLanes<T>::Shape> SweepLanes<T>::shape(const std::vector<DiscreteSystem>& layer,
                                                                  Index copies) {
  const DiscreteSystem& first = layer.front();
  if (inputs(first) != 1 || outputs(first) != 1) return {};
  const auto lanes = static_cast<Index>(simd::lanes<T>());
  const bool scan = copies < (lanes + 1) / 2;
  Shape shape{{}, {}, longstate::order(first), copies, lanes, lanes};
  if (are_nplr<T>(layer) && !scan) {
    shape.sweep = sweep_shape<T>(std::get<DiscreteNplr>(first));
  } else if (are_hippo<T>(layer) && !(scan && in_pairs(first))) {
    shape.pade = pade_of(layer);
    shape.sweep = sweep_shape<T>(hippo_step<double>(std::get<DiscreteHippo>(first), shape.pade));
  } else {
    return {};
  }
  shape.sweep.own = layer.size() > 1;
  shape.sweep.scan = scan;
  shape.sweep.control = convention(first) == Convention::control;
  if (scan) shape.sweep.rows = (shape.sweep.rows + size(lanes) - 1) / size(lanes);
  if (!scan && !shape.sweep.own)
    shape.width *= vectors_for(copies, lanes, static_cast<Index>(simd::sweep_loops<T>().vectors));
  return shape;
}

template <class T>
Work SweepLanes<T>::Shape::work(Index samples) const {
  const Index in_lanes = blocks() * width, each = static_cast<Index>(simd::sweep_work(sweep, size(lanes)));
  if (sweep.scan) {
    return {.loop = LoopKind::scans, .multiply_adds = samples * each * in_lanes, .frames = samples * copies};
  }
  const bool waits = width == lanes && sweep.form != simd::SweepForm::nplr;
  return {.loop = waits ? LoopKind::sums : LoopKind::lanes,
          .multiply_adds = samples * each * in_lanes,
          .frames = samples * in_lanes,
          .taken_over = order * in_lanes,
          .own_numbers = sweep.own};
}

template <class T>
struct SweepLanes<T>::Tables {
  simd::Sweep<T> sweep;
  std::vector<Aligned<T>> tables, ports;  // of the blocks that differ: lanes (one, if all have one system) x numbers
  AlignedVector<T> weights;

  Tables(const std::vector<DiscreteSystem>& layer, const Shape& shape) : sweep(shape.sweep) {
    if (sweep.scan) {
      for (const DiscreteSystem& system : layer) add_scan(std::get<DiscreteHippo>(system), shape);
    } else {
      add_lanes(layer, shape);
    }
    sweep.weights = weights.data();
  }
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  void add_lanes(const std::vector<DiscreteSystem>& layer, const Shape& shape) {
    const Index lanes = sweep.own ? shape.lanes : 1;
    const Index blocks = sweep.own ? tables_of(static_cast<Index>(layer.size()), lanes, shape.copies) : 1;
    for (Index block = 0; block < blocks; ++block) {
      std::vector<Numbers> table, port;
      for (Index lane = 0; lane < lanes; ++lane) {
        const DiscreteSystem& system = layer[size(block * lanes + lane) % layer.size()];
        table.push_back(numbers_of(system, shape.pade));
        port.push_back(sweep_ports(system));
      }
      tables.push_back(in_lanes<T>(table, lanes));
      ports.push_back(in_lanes<T>(port, lanes));
    }
  }

  Numbers numbers_of(const DiscreteSystem& system, const PadeOptions& pade) {
    if (const auto* nplr = std::get_if<DiscreteNplr>(&system)) return sweep_numbers<T>(*nplr);
    return sweep_numbers(prepare(std::get<DiscreteHippo>(system), pade));
  }

  void add_scan(const DiscreteHippo& system, const Shape& shape) {
    tables.push_back(in_columns<T>(scan_numbers(prepare(system, shape.pade), shape.lanes)));
    ports.push_back(in_columns<T>(scan_ports(system, shape.lanes)));
  }

  /// All systems of a layer have the same weights, those of the degree.
  HippoStep<double> prepare(const DiscreteHippo& system, const PadeOptions& pade) {
    HippoStep<double> step = hippo_step<double>(system, pade);
    const Numbers all = sweep_weights(step);
    weights = Eigen::Map<const Eigen::VectorXd>(all.data(), static_cast<Index>(all.size())).template cast<T>();
    return step;
  }

  simd::Sweep<T> of(Index block) const {
    simd::Sweep<T> s = sweep;
    s.tables = tables[size(block) % tables.size()].data();
    s.ports = ports[size(block) % ports.size()].data();
    return s;
  }
  Index parts() const { return 1 + static_cast<Index>(simd::sweep_scratch(sweep.form, sweep.planes, sweep.scan)); }
  Index rows() const {
    return static_cast<Index>(sweep.rows) * (sweep.form == simd::SweepForm::nplr || is_fourier() ? 2 : 1);
  }
  bool is_fourier() const { return sweep.form == simd::SweepForm::fourier; }
};

template <class T>
SweepLanes<T>::SweepLanes(const std::vector<DiscreteSystem>& layer, const Shape& shape)
    : shape_(shape),
      tables_(std::make_shared<const Tables>(layer, shape)),
      states_(size(shape.blocks()), Aligned<T>::Zero(shape.width * tables_->parts(), tables_->rows())),
      u_(Aligned<T>::Zero(shape.lanes * chunk, shape.width / shape.lanes)),
      y_(u_) {}

/// The entries of a copy, W to a row, zeros past the last. (What else is in a row is written before it is read.)
template <class T>
void SweepLanes<T>::take_entries(const T* x, Index block) {
  Aligned<T>& rows = states_[size(block)];
  for (Index first = 0; first < shape_.order; first += shape_.lanes) {
    const Index count = std::min(shape_.lanes, shape_.order - first);
    T* const row = rows.col(first / shape_.lanes).data();
    std::copy_n(x + first, count, row);
    std::fill(row + count, row + shape_.lanes, T(0));
  }
}

template <class T>
void SweepLanes<T>::give_entries(T* x, Index block) const {
  const Aligned<T>& rows = states_[size(block)];
  for (Index first = 0; first < shape_.order; first += shape_.lanes) {
    std::copy_n(rows.col(first / shape_.lanes).data(), std::min(shape_.lanes, shape_.order - first), x + first);
  }
}

/// Numbers of the state to rows of lanes. Lanes without a channel, and numbers without a partner, are zeros; what else is beside x is written
/// before it is read, or ends a sample as zero.
template <class T>
void SweepLanes<T>::take(const StateRef<T>& x, Index block) {
  if (shape_.sweep.scan) return take_entries(x.col(block).data(), block);
  Aligned<T>& rows = states_[size(block)];
  const Index first = block * shape_.width, channels = std::min(shape_.width, shape_.copies - first);
  if (channels < shape_.width || tables_->is_fourier()) rows.setZero();
  const auto copy = [&](Index from, Index to, Index count) {
    simd::to_frames(x.data() + first * x.outerStride() + from, size(x.outerStride()), size(channels), size(count),
                    rows.col(to).data(), size(rows.rows()));
  };
  if (!tables_->is_fourier()) return copy(0, 0, shape_.order);
  copy(0, 0, 1);
  if (shape_.order > 1) copy(1, 2, shape_.order - 1);
}

template <class T>
void SweepLanes<T>::give(StateRef<T> x, Index block) const {
  if (shape_.sweep.scan) return give_entries(x.col(block).data(), block);
  const Aligned<T>& rows = states_[size(block)];
  const Index first = block * shape_.width, channels = std::min(shape_.width, shape_.copies - first);
  const auto copy = [&](Index from, Index to, Index count) {
    simd::to_rows(rows.col(from).data(), size(rows.rows()), size(channels), size(count),
                  x.data() + first * x.outerStride() + to, size(x.outerStride()));
  };
  if (!tables_->is_fourier()) return copy(0, 0, shape_.order);
  copy(0, 0, 1);
  if (shape_.order > 1) copy(2, 1, shape_.order - 1);
}

template <class T>
void SweepLanes<T>::run_block(Index block, ConstSignal<T> u, Signal<T> y) {
  const auto& frames = simd::diagonal_loops<T>();
  const std::size_t n = size(u.cols());
  const simd::Sweep<T> sweep = tables_->of(block);
  if (shape_.sweep.scan) {
    u_.col(0).head(u.cols()) = u.row(block);
    simd::sweep_scan(sweep, states_[size(block)].data(), u_.data(), y_.data(), n);
    y.row(block) = y_.col(0).head(u.cols());
    return;
  }
  const Index first = block * shape_.width, vectors = shape_.width / shape_.lanes;
  const auto channels = [&](Index v) {
    return std::clamp<Index>(shape_.copies - first - v * shape_.lanes, 0, shape_.lanes);
  };
  for (Index v = 0; v < vectors && channels(v) > 0; ++v) {
    frames.to_block(u.data() + first + v * shape_.lanes, size(u.outerStride()), size(channels(v)), n, u_.col(v).data());
  }
  simd::sweep_loops<T>().run(sweep, states_[size(block)].data(), size(vectors), u_.data(), y_.data(), n,
                             size(u_.rows()));
  for (Index v = 0; v < vectors && channels(v) > 0; ++v) {
    frames.to_frames(y_.col(v).data(), size(channels(v)), n, y.data() + first + v * shape_.lanes,
                     size(y.outerStride()));
  }
}

template <class T>
void SweepLanes<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  const NoDenormals guard;
  for (Index block = 0; block < static_cast<Index>(states_.size()); ++block) {
    take(x, block);
    for (Index start = 0; start < u.cols(); start += chunk) {
      const Index n = std::min(chunk, u.cols() - start);
      run_block(block, u.middleCols(start, n), y.middleCols(start, n));
    }
    give(x, block);
  }
}

template <class T>
void SweepLanes<T>::step(const ConstFrame<T>& u, Frame<T>& y, StateRef<T>& x) noexcept {
  const Eigen::Map<const typename Matrix<T>::Plain> in(u.data(), shape_.copies, 1);
  Eigen::Map<typename Matrix<T>::Plain> out(y.data(), shape_.copies, 1);
  for (Index block = 0; block < shape_.blocks(); ++block) {
    take(x, block);
    if (shape_.sweep.scan) {
      simd::sweep_scan(tables_->of(block), states_[size(block)].data(), u.data() + block, y.data() + block, 1);
    } else {
      run_block(block, in, out);
    }
    give(x, block);
  }
}

template class SweepLanes<float>;
template class SweepLanes<double>;

}  // namespace longstate::detail
