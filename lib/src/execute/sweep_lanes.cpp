#include "sweep_lanes.hpp"

#include "../detail/layer.hpp"
#include "../detail/powers.hpp"
#include "../detail/tally.hpp"
#include "../measure/table.hpp"
#include "../simd/diagonal.hpp"
#include "../simd/size.hpp"
#include "../simd/sweep.hpp"
#include "../simd/transpose.hpp"

#include <longstate/execute/transition.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>
#include <cmath>

namespace longstate::detail {

using Complex = std::complex<double>;
using Numbers = std::vector<double>;

/// The numbers of one system in the order of simd/sweep.hpp, in double.
struct SweepTables {
  static void put(Numbers& to, double value) { to.push_back(value); }
  static void put(Numbers& to, Complex value) { to.insert(to.end(), {value.real(), value.imag()}); }

  /// One factor of A: h its step, `solver` what it solves with.
  template <class S>
  static void semiseparable(Numbers& to, const HippoOperator<double>& A, double h,
                            const ShiftedHippo<double, S>& solver) {
    for (Index n = 0; n < A.order(); ++n) {
      to.insert(to.end(), {h * A.below_(n), h * A.diagonal_(n), A.g_(n)});
      put(to, solver.from_below_(n));
      put(to, solver.inverse_(n));
      if (is_triangular(A)) continue;
      to.insert(to.end(), {h * A.above_(n), A.h_(n)});
      put(to, solver.from_above_(n));
      put(to, solver.to_above_(n));
    }
  }

  template <class S>
  static void fourier(Numbers& to, const HippoOperator<double>& A, double h, const ShiftedHippo<double, S>& solver) {
    const Index N = A.order(), pairs = A.frequency_.size();
    put(to, h * A.rank_one_);
    put(to, solver.gain_);
    const auto pair = [&](Index cosine, Index m) {  // m: of the frequency, none where the cosine is alone
      const bool alone = m < 0;
      to.insert(to.end(), {A.e_(cosine), alone ? 0 : A.e_(cosine + 1), alone ? 0 : h * A.frequency_(m)});
      put(to, alone ? S(1) : solver.cosine_(m));
      put(to, alone ? S(0) : solver.sine_(m));
      put(to, solver.blocks_e_(cosine));
      put(to, alone ? S(0) : solver.blocks_e_(cosine + 1));
    };
    pair(0, -1);
    for (Index m = 0; m < pairs; ++m) pair(2 * m + 1, m);
    if (N % 2 == 0) pair(N - 1, -1);
  }

  /// The scan of s <- m s + v over each row of W entries, `forward` or from its end: m over the 1, 2, 4, … before (none where there
  /// are fewer), over all those before, and over the row.
  template <class S>
  static std::vector<std::vector<S>> scan_table(const std::vector<S>& m, bool forward) {
    const std::size_t W = m.size();
    const auto at = [&](std::size_t k) { return forward ? k : W - 1 - k; };  // the k-th that the scan comes to
    const auto product = [&](std::size_t from, std::size_t to) {
      S all(1);
      for (std::size_t k = from; k < to; ++k) all *= m[at(k)];
      return all;
    };
    std::vector<std::vector<S>> table;
    for (std::size_t by = 1; by < W; by *= 2) {
      table.emplace_back(W, S(0));
      for (std::size_t k = by; k < W; ++k) table.back()[at(k)] = product(k - by + 1, k + 1);
    }
    table.emplace_back(W);
    for (std::size_t k = 0; k < W; ++k) table.back()[at(k)] = product(0, k);
    table.emplace_back(W, product(0, W));
    return table;
  }

  /// A row of W entries from `first` on, as simd/sweep.hpp has them for `scan`: a vector for each number.
  template <class S>
  static void scan_row(std::vector<Numbers>& to, const HippoOperator<double>& A, double h,
                       const ShiftedHippo<double, S>& solver, Index first, Index W) {
    const auto quantity = [&](const auto& value) {
      using Q = decltype(value(Index(0)));
      std::vector<Q> row(static_cast<std::size_t>(W), Q(0));
      for (Index k = 0; k < W && first + k < A.order(); ++k) row[static_cast<std::size_t>(k)] = value(first + k);
      return row;
    };
    const auto add = [&](const auto& row) {
      Numbers re, im;
      for (const auto& value : row) {
        re.push_back(std::real(value));
        im.push_back(std::imag(value));
      }
      to.push_back(std::move(re));
      if constexpr (!std::is_same_v<std::decay_t<decltype(row[0])>, double>) to.push_back(std::move(im));
    };
    const auto scan = [&](const auto& factor, bool forward) {
      std::vector<S> m = quantity(factor);
      for (Index k = A.order() - first; k < W; ++k) m[static_cast<std::size_t>(k)] = S(1);
      for (const std::vector<S>& row : scan_table(m, forward)) add(row);
    };
    add(quantity([&](Index n) { return h * A.below_(n); }));
    add(quantity([&](Index n) { return h * A.diagonal_(n); }));
    add(quantity([&](Index n) { return A.g_(n); }));
    add(quantity([&](Index n) { return solver.from_below_(n); }));
    add(quantity([&](Index n) { return solver.inverse_(n); }));
    scan([&](Index n) { return 1.0 + A.g_(n) * solver.from_below_(n); }, true);
    if (is_triangular(A)) return;
    add(quantity([&](Index n) { return h * A.above_(n); }));
    add(quantity([&](Index n) { return A.h_(n); }));
    add(quantity([&](Index n) { return solver.from_above_(n); }));
    add(quantity([&](Index n) { return solver.to_above_(n); }));
    scan([&](Index n) { return 1.0 + solver.to_above_(n) * solver.from_above_(n); }, false);
  }

  /// All factors of one channel's system, for `scan`.
  static std::vector<Numbers> scans_of(const HippoStep<double>& step, Index W) {
    std::vector<Numbers> rows;
    each_factor(step, [&](double h, const auto& solver) {
      for (Index first = 0; first < step.A_.order(); first += W) scan_row(rows, step.A_, h, solver, first, W);
    });
    return rows;
  }

  template <class S>
  static void factor(Numbers& to, const HippoStep<double>& step, double h, const ShiftedHippo<double, S>& solver) {
    if (step.A_.e_.size() > 0) return fourier(to, step.A_, h, solver);
    semiseparable(to, step.A_, h, solver);
  }

  /// visit(h, solver) for each factor of A: h its step, and what it solves with.
  template <class Visit>
  static void each_factor(const HippoStep<double>& step, const Visit& visit) {
    if (step.factors_.empty()) {
      ShiftedHippo<double, double> explicit_one;  // forward Euler has no solve
      if (step.alpha_ == 0) explicit_one.prepare(step.A_, 0);
      visit(step.dt_, step.alpha_ == 0 ? explicit_one : step.implicit_);
    }
    for (const auto& one : step.factors_) visit(step.dt_ / static_cast<double>(step.chosen_.substeps), one.solver);
  }

  static Numbers of(const HippoStep<double>& step) {
    Numbers numbers;
    each_factor(step, [&](double h, const auto& solver) { factor(numbers, step, h, solver); });
    return numbers;
  }

  static Numbers weights(const HippoStep<double>& step) {
    Numbers numbers;
    for (const auto& one : step.factors_) put(numbers, one.weight);
    return numbers;
  }

  /// What the loops have alike for all systems of a layer, no tables yet.
  template <class T>
  static simd::Sweep<T> shape(const HippoStep<double>& step) {
    const HippoOperator<double>& A = step.A_;
    const bool exponential = !step.factors_.empty(), fourier = A.e_.size() > 0;
    simd::Sweep<T> s{};
    s.form = fourier            ? simd::SweepForm::fourier
             : is_triangular(A) ? simd::SweepForm::triangular
                                : simd::SweepForm::semiseparable;
    s.planes = exponential ? 2 : 1;
    s.rows = static_cast<std::size_t>(fourier ? A.order() / 2 + 1 : A.order());
    s.factors = exponential ? step.factors_.size() : 1;
    s.substeps = exponential ? static_cast<std::size_t>(step.chosen_.substeps) : 1;
    return s;
  }

  template <class T>
  static Numbers of(const DiscreteNplr& system) {
    const NplrTransition<double> A(system);
    Numbers numbers;
    for (Index m = 0; m < A.diagonal_.lambda_.size(); ++m) {
      const Complex lambda = A.diagonal_.lambda_(m);
      put(numbers, Complex(rounded_power<T>(lambda)));
      put(numbers, rest_of_power<T>(lambda));
      for (Index j = 0; j < A.U_.cols(); ++j) {
        numbers.insert(numbers.end(), {A.U_(2 * m, j), A.U_(2 * m + 1, j), A.V_(2 * m, j), A.V_(2 * m + 1, j)});
      }
    }
    return numbers;
  }

 private:
  static bool is_triangular(const HippoOperator<double>& A) { return A.above_.size() == 0; }
};

namespace {

constexpr Index chunk = 64;  // samples that go together

using simd::size;

bool is_fourier(const DiscreteSystem& system) {
  const auto* hippo = std::get_if<DiscreteHippo>(&system);
  return hippo && detail::operator_kind(hippo->measure) == detail::OperatorKind::waves;
}

/// fourier's numbers go in pairs: the constant, and a last one without its partner, have zeros beside them.
bool is_alone(const DiscreteSystem& system, Index n) {
  return is_fourier(system) && (n == 0 || (order(system) % 2 == 0 && n == order(system) - 1));
}

/// Eigenvalues of (I + M)(I - M)^-1 lie near -1 where M is large, and float's rounding of them adds up over the samples. The tables keep
/// what it takes from Lambda, but not from U V^T: 1.2e-7 of it, over the |M| / 2 samples that such an eigenvalue remembers. That may take
/// half of what is promised.
bool is_stiff(const DiscreteNplr& s) {
  const double dt = s.alpha * s.dt, half_of_promise = static_cast<double>(std::max<Index>(s.order(), 16));
  constexpr double most = 1e3;
  return dt * s.continuous.lambda.cwiseAbs().maxCoeff() > most || dt * s.continuous.P.squaredNorm() > half_of_promise;
}

Numbers ports_of(const DiscreteSystem& system) {
  const Matrix<double> B = input_matrix(system), C = output_matrix(system);
  Numbers ports{feed_through(system)(0, 0)};
  for (Index n = 0; n < B.rows(); ++n) {
    ports.insert(ports.end(), {B(n, 0), C(0, n)});
    if (is_alone(system, n)) ports.insert(ports.end(), {0, 0});
  }
  return ports;
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

/// Fewer copies than half a vector: their entries go in the lanes.
template <class T>
bool fewer_than_lanes(Index copies) {
  return copies < (static_cast<Index>(simd::lanes<T>()) + 1) / 2;
}

Index vectors_for(Index copies, Index lanes, Index most) {
  Index vectors = 1;
  while (vectors < most && vectors * lanes < copies) vectors *= 2;
  return vectors;
}

}  // namespace

template <class T>
struct SweepLanes<T>::Kind {
  bool own;   // lanes differ in their systems
  bool scan;  // a copy at a time, entries in the lanes
  simd::Sweep<T> shape{};
  std::vector<Aligned<T>> tables, ports;  // of the blocks that differ: lanes (one, if all have one system) x numbers
  AlignedVector<T> weights;

  Kind(const std::vector<DiscreteSystem>& layer, Index copies, Index lanes)
      : own(layer.size() > 1), scan(fewer_than_lanes<T>(copies)) {
    const bool hippo = std::holds_alternative<DiscreteHippo>(layer.front());
    const PadeOptions pade = hippo ? pade_of(layer) : PadeOptions{};
    if (scan) {
      for (const DiscreteSystem& system : layer) take_scan(system, pade, lanes);
    } else {
      take_lanes(layer, pade, lanes, own ? tables_of(static_cast<Index>(layer.size()), lanes, copies) : 1);
    }
    shape.own = own;
    shape.scan = scan;
    shape.control = convention(layer.front()) == Convention::control;
    shape.weights = weights.data();
  }

  void take_lanes(const std::vector<DiscreteSystem>& layer, const PadeOptions& pade, Index lanes, Index blocks) {
    const bool hippo = std::holds_alternative<DiscreteHippo>(layer.front());
    for (Index block = 0; block < blocks; ++block) {
      std::vector<Numbers> table, port;
      for (Index lane = 0; lane < (own ? lanes : 1); ++lane) {
        const DiscreteSystem& system = layer[size(block * lanes + lane) % layer.size()];
        table.push_back(hippo ? take(std::get<DiscreteHippo>(system), pade) : take(std::get<DiscreteNplr>(system)));
        port.push_back(ports_of(system));
      }
      tables.push_back(in_lanes<T>(table, own ? lanes : 1));
      ports.push_back(in_lanes<T>(port, own ? lanes : 1));
    }
  }

  Numbers take(const DiscreteHippo& system, const PadeOptions& pade) { return SweepTables::of(prepare(system, pade)); }

  /// Entries in rows of W, each quantity of a row a vector.
  void take_scan(const DiscreteSystem& system, const PadeOptions& pade, Index W) {
    const HippoStep<double> step = prepare(std::get<DiscreteHippo>(system), pade);
    shape.rows = (shape.rows + size(W) - 1) / size(W);
    const Matrix<double> B = input_matrix(system), C = output_matrix(system);
    std::vector<Numbers> port{Numbers(size(W), feed_through(system)(0, 0))};
    for (Index first = 0; first < B.rows(); first += W) {
      const Index count = std::min(W, B.rows() - first);
      port.insert(port.end(), 2, Numbers(size(W), 0));
      std::copy_n(B.col(0).data() + first, count, port[port.size() - 2].begin());
      for (Index k = 0; k < count; ++k) port.back()[size(k)] = C(0, first + k);
    }
    tables.push_back(in_columns<T>(SweepTables::scans_of(step, W)));
    ports.push_back(in_columns<T>(port));
  }

  HippoStep<double> prepare(const DiscreteHippo& system, const PadeOptions& pade) {
    HippoStep<double> step = hippo_step<double>(system, pade);
    shape = SweepTables::shape<T>(step);
    const Numbers all = SweepTables::weights(step);
    weights = Eigen::Map<const Eigen::VectorXd>(all.data(), static_cast<Index>(all.size())).template cast<T>();
    return step;
  }

  Numbers take(const DiscreteNplr& system) {
    shape.form = simd::SweepForm::nplr;
    shape.rows = size(system.order() / 2);
    shape.rank = size(system.continuous.rank());
    return SweepTables::of<T>(system);
  }

  simd::Sweep<T> of(Index block) const {
    simd::Sweep<T> s = shape;
    s.tables = tables[size(block) % tables.size()].data();
    s.ports = ports[size(block) % ports.size()].data();
    return s;
  }
  Index parts() const { return 1 + static_cast<Index>(simd::sweep_scratch(shape.form, shape.planes, scan)); }
  Index rows() const {
    return static_cast<Index>(shape.rows) * (shape.form == simd::SweepForm::nplr || is_fourier() ? 2 : 1);
  }
  bool is_fourier() const { return shape.form == simd::SweepForm::fourier; }
};

template <class T>
bool SweepLanes<T>::fits(const std::vector<DiscreteSystem>& layer, Index copies) {
  if (inputs(layer.front()) != 1 || outputs(layer.front()) != 1) return false;
  if (const auto* first = std::get_if<DiscreteNplr>(&layer.front())) {
    return first->continuous.rank() <= 2 && !fewer_than_lanes<T>(copies) &&
           std::all_of(layer.begin(), layer.end(), [&](const DiscreteSystem& any) {
             const auto* s = std::get_if<DiscreteNplr>(&any);
             return s && s->continuous.rank() == first->continuous.rank() &&
                    (std::is_same_v<T, double> || !is_stiff(*s));
           });
  }
  const auto* first = std::get_if<DiscreteHippo>(&layer.front());
  if (!first || (is_fourier(layer.front()) && fewer_than_lanes<T>(copies))) return false;
  return std::all_of(layer.begin(), layer.end(), [&](const DiscreteSystem& any) {
    const auto* s = std::get_if<DiscreteHippo>(&any);
    return s && s->measure.index() == first->measure.index() && is_gbt(s->method) == is_gbt(first->method) &&
           hippo_step<T>(*s, s->pade).by_sweeps();
  });
}

template <class T>
SweepLanes<T>::SweepLanes(const std::vector<DiscreteSystem>& layer, Index copies)
    : kind_(std::make_shared<const Kind>(layer, copies, static_cast<Index>(simd::lanes<T>()))),
      order_(longstate::order(layer.front())),
      copies_(copies),
      lanes_(static_cast<Index>(simd::lanes<T>())),
      width_(lanes_ * (kind_->own || kind_->scan
                           ? 1
                           : vectors_for(copies, lanes_, static_cast<Index>(simd::sweep_loops<T>().vectors)))),
      states_(size(kind_->scan ? copies : (copies + width_ - 1) / width_),
              Aligned<T>::Zero(width_ * kind_->parts(), kind_->rows())),
      u_(Aligned<T>::Zero(lanes_ * chunk, width_ / lanes_)),
      y_(u_) {}

/// The entries of a copy, W to a row, zeros past the last. (What else is in a row is written before it is read.)
template <class T>
void SweepLanes<T>::take_entries(const T* x, Index block) {
  Aligned<T>& rows = states_[size(block)];
  for (Index first = 0; first < order_; first += lanes_) {
    const Index count = std::min(lanes_, order_ - first);
    T* const row = rows.col(first / lanes_).data();
    std::copy_n(x + first, count, row);
    std::fill(row + count, row + lanes_, T(0));
  }
}

template <class T>
void SweepLanes<T>::give_entries(T* x, Index block) const {
  const Aligned<T>& rows = states_[size(block)];
  for (Index first = 0; first < order_; first += lanes_) {
    std::copy_n(rows.col(first / lanes_).data(), std::min(lanes_, order_ - first), x + first);
  }
}

/// Numbers of the state to rows of lanes, the others beside x to zeros.
template <class T>
void SweepLanes<T>::take(const StateRef<T>& x, Index block) {
  if (kind_->scan) return take_entries(x.col(block).data(), block);
  Aligned<T>& rows = states_[size(block)];
  rows.setZero();
  const Index first = block * width_, channels = std::min(width_, copies_ - first);
  const auto copy = [&](Index from, Index to, Index count) {
    simd::to_frames(x.data() + first * x.outerStride() + from, size(x.outerStride()), size(channels), size(count),
                    rows.col(to).data(), size(rows.rows()));
  };
  if (!kind_->is_fourier()) return copy(0, 0, order_);
  copy(0, 0, 1);
  if (order_ > 1) copy(1, 2, order_ - 1);
}

template <class T>
void SweepLanes<T>::give(StateRef<T> x, Index block) const {
  if (kind_->scan) return give_entries(x.col(block).data(), block);
  const Aligned<T>& rows = states_[size(block)];
  const Index first = block * width_, channels = std::min(width_, copies_ - first);
  const auto copy = [&](Index from, Index to, Index count) {
    simd::to_rows(rows.col(from).data(), size(rows.rows()), size(channels), size(count),
                  x.data() + first * x.outerStride() + to, size(x.outerStride()));
  };
  if (!kind_->is_fourier()) return copy(0, 0, order_);
  copy(0, 0, 1);
  if (order_ > 1) copy(2, 1, order_ - 1);
}

template <class T>
void SweepLanes<T>::run_block(Index block, ConstSignal<T> u, Signal<T> y) {
  const auto& frames = simd::diagonal_loops<T>();
  const std::size_t n = size(u.cols());
  const simd::Sweep<T> sweep = kind_->of(block);
  count_multiply_adds(static_cast<Index>(simd::sweep_work(sweep, size(lanes_))) * width_ * u.cols());
  if (kind_->scan) {
    u_.col(0).head(u.cols()) = u.row(block);
    simd::sweep_scan(sweep, states_[size(block)].data(), u_.data(), y_.data(), n);
    y.row(block) = y_.col(0).head(u.cols());
    return;
  }
  const Index first = block * width_, vectors = width_ / lanes_;
  const auto channels = [&](Index v) { return std::clamp<Index>(copies_ - first - v * lanes_, 0, lanes_); };
  for (Index v = 0; v < vectors && channels(v) > 0; ++v) {
    frames.to_block(u.data() + first + v * lanes_, size(u.outerStride()), size(channels(v)), n, u_.col(v).data());
  }
  simd::sweep_loops<T>().run(sweep, states_[size(block)].data(), size(vectors), u_.data(), y_.data(), n,
                             size(u_.rows()));
  for (Index v = 0; v < vectors && channels(v) > 0; ++v) {
    frames.to_frames(y_.col(v).data(), size(channels(v)), n, y.data() + first + v * lanes_, size(y.outerStride()));
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
void SweepLanes<T>::step(const T* u, T* y, StateRef<T>& x) noexcept {
  if (!kind_->scan) {
    const Eigen::Map<const typename Matrix<T>::Plain> in(u, copies_, 1);
    Eigen::Map<typename Matrix<T>::Plain> out(y, copies_, 1);
    for (Index block = 0; block < static_cast<Index>(states_.size()); ++block) {
      take(x, block);
      run_block(block, in, out);
      give(x, block);
    }
    return;
  }
  for (Index block = 0; block < copies_; ++block) {
    const simd::Sweep<T> sweep = kind_->of(block);
    take_entries(x.col(block).data(), block);
    simd::sweep_scan(sweep, states_[size(block)].data(), u + block, y + block, 1);
    give_entries(x.col(block).data(), block);
    count_multiply_adds(static_cast<Index>(simd::sweep_work(sweep, size(lanes_))) * lanes_);
  }
}

template class SweepLanes<float>;
template class SweepLanes<double>;

}  // namespace longstate::detail
