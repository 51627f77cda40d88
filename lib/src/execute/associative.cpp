#include "../detail/aligned.hpp"
#include "../detail/check.hpp"
#include "../detail/real_form.hpp"
#include "../discretize/methods.hpp"
#include "../simd/product.hpp"
#include "../simd/size.hpp"
#include "../simd/varying.hpp"

#include <longstate/execute/associative.hpp>
#include <longstate/no_denormals.hpp>

#include <algorithm>

namespace longstate {
namespace {

constexpr Index samples_of_a_part =
    256;                               // 2 KiB an entry, for a and b each 4 KiB more: in the second cache up to N = 128
constexpr Index parts_of_a_span = 16;  // at once, whatever the number of threads

using simd::padded_rows;
using simd::size;

/// The loop that makes a method's steps; null where there is none.
simd::VaryingSteps steps_of(Discretization method) {
  switch (detail::row(method).varying) {
    case detail::VaryingRule::none:
      break;
    case detail::VaryingRule::zoh:
      return simd::zoh_steps();
    case detail::VaryingRule::bilinear:
      return simd::bilinear_steps();
  }
  return nullptr;
}

template <class T>
detail::Aligned<T> with_rows(const Matrix<double>& M, Index rows) {
  detail::Aligned<T> more = detail::Aligned<T>::Zero(rows, M.cols());
  more.topRows(M.rows()) = M.template cast<T>();
  return more;
}

template <class A, class B, class X>
void check_scan(const A& a, const B& b, const X& x) {
  detail::check_shape("scan", "a", a.rows(), a.cols(), x.size(), b.cols());
  detail::check_shape("scan", "b", b.rows(), b.cols(), x.size(), b.cols());
}

}  // namespace

template <class T>
void scan(ConstSignal<std::complex<T>> a, Signal<std::complex<T>> b, Frame<std::complex<T>> x) {
  check_scan(a, b, x);
  const NoDenormals guard;
  simd::varying_loops<T>().scan(a.data(), size(a.outerStride()), b.data(), size(b.outerStride()), size(b.rows()),
                                size(b.cols()), x.data());
}

template <class T>
void scan(const Threads& threads, Signal<std::complex<T>> a, Signal<std::complex<T>> b, Frame<std::complex<T>> x,
          Index part) {
  check_scan(a, b, x);
  if (part < 1) detail::fail("scan", "part must be at least 1", part);
  const auto& loops = simd::varying_loops<T>();
  const Index n = b.cols(), parts = (n + part - 1) / part;
  const auto each = [&](const auto& work) {
    threads.each(parts, [&](Index k) {
      const NoDenormals guard;
      const Index first = k * part;
      work(k, a.col(first).data(), b.col(first).data(), size(std::min(part, n - first)));
    });
  };
  const std::size_t rows = size(b.rows()), a_stride = size(a.outerStride()), b_stride = size(b.outerStride());
  each([&](Index, auto* a_k, auto* b_k, std::size_t count) {
    loops.scan_products(a_k, a_stride, b_k, b_stride, rows, count);
  });
  Matrix<std::complex<T>> before(b.rows(), parts);
  for (Index k = 0; k < parts; ++k) {
    const Index last = std::min((k + 1) * part, n) - 1;
    before.col(k) = x;
    x = a.col(last).cwiseProduct(x) + b.col(last);
  }
  each([&](Index k, const auto* a_k, auto* b_k, std::size_t count) {
    loops.add(a_k, a_stride, b_k, b_stride, rows, count, before.col(k).data());
  });
}

template <class T>
struct VaryingScan<T>::Parts {
  struct Part {
    detail::Aligned<std::complex<double>> a, b;  // entries, padded, x samples
    detail::AlignedVector<std::complex<double>> before;
    detail::AlignedVector<double> delta;
    detail::Aligned<T> u, x, y;  // gathered; entries as (re, im); outputs, padded
  };
  Parts(const DiagonalSystem& system, Discretization method, std::optional<Threads> threads);
  Index order() const { return 2 * entries_; }
  void check(const ConstSignal<T>& u, const ConstSignal<T>& delta, const Signal<T>& y, const StateRef<T>& x) const;
  void run(const ConstSignal<T>& u, const ConstSignal<T>& delta, Signal<T> y, StateRef<T> x);
  void step(const ConstSignal<T>& u, const ConstSignal<T>& delta, Signal<T> y, StateRef<T> x);
  void load(const StateRef<T>& x);
  void store(StateRef<T> x) const;
  void run_part(Part& part, const ConstSignal<T>& u, const ConstSignal<T>& delta, Signal<T> y);
  void run_parts(const ConstSignal<T>& u, const ConstSignal<T>& delta, Signal<T> y);
  void enter(Part& part, const ConstSignal<T>& u, const ConstSignal<T>& delta) const;
  void leave(Part& part, Signal<T> y) const;

  Index entries_, p_, q_;
  Discretization method_;
  detail::Aligned<double> lambda_;  // entries, padded, x 4: re, im, and those of 1 / lambda
  detail::Aligned<T> B_, C_, D_;    // rows padded
  std::optional<Threads> threads_;
  std::vector<Part> parts_;
  detail::AlignedVector<std::complex<double>> x_;
};

template <class T>
VaryingScan<T>::Parts::Parts(const DiagonalSystem& system, Discretization method, std::optional<Threads> threads)
    : entries_(system.entries()),
      p_(system.inputs()),
      q_(system.outputs()),
      method_(method),
      threads_(std::move(threads)) {
  validate(system);
  if (!steps_of(method)) {
    detail::fail("VaryingScan", "method must be zoh or bilinear", name(method));
  }
  const Index rows = padded_rows(2 * entries_) / 2;
  lambda_ = detail::Aligned<double>::Zero(rows, 4);
  for (Index n = 0; n < rows; ++n) {
    // (e^(lambda delta) - 1) / lambda is delta to the last digit, without a division by zero
    const std::complex<double> lambda = n < entries_ && system.lambda(n) != 0.0 ? system.lambda(n) : -1e-20;
    const std::complex<double> inverse = 1.0 / lambda;
    lambda_.row(n) << lambda.real(), lambda.imag(), inverse.real(), inverse.imag();
  }
  B_ = with_rows<T>(detail::real_columns(system.B), 2 * rows);
  C_ = detail::Aligned<T>::Zero(padded_rows(q_), 2 * rows);
  C_.topLeftCorner(q_, order()) = detail::real_rows(system.C).template cast<T>();
  D_ = with_rows<T>(system.D, padded_rows(q_));
  const detail::Aligned<std::complex<double>> none =
      detail::Aligned<std::complex<double>>::Zero(rows, samples_of_a_part);
  const auto zeros = [](Index count) { return detail::Aligned<T>::Zero(count, samples_of_a_part); };
  parts_.assign(size(threads_ ? parts_of_a_span : 1),
                {none, none, none.col(0), detail::AlignedVector<double>::Zero(samples_of_a_part), zeros(p_),
                 zeros(2 * rows), zeros(C_.rows())});
  x_ = none.col(0);
}

/// a and b of a part.
template <class T>
void VaryingScan<T>::Parts::enter(Part& part, const ConstSignal<T>& u, const ConstSignal<T>& delta) const {
  const Index n = u.cols();
  part.u.leftCols(n) = u;
  part.delta.head(n) = delta.row(0).template cast<double>().transpose();
  simd::product_loops<T>().set(B_.data(), size(B_.rows()), size(p_), part.u.data(), size(p_), size(n), part.x.data(),
                               size(part.x.rows()));
  for (Index k = 0; k < n; ++k) {
    Eigen::Map<Eigen::VectorXd>(reinterpret_cast<double*>(part.b.col(k).data()), part.x.rows()) =
        part.x.col(k).template cast<double>();
  }
  steps_of(method_)(lambda_.data(), size(lambda_.rows()), part.delta.data(), size(n), part.a.data(), part.b.data());
}

/// y from the states that b has become.
template <class T>
void VaryingScan<T>::Parts::leave(Part& part, Signal<T> y) const {
  const auto& loops = simd::product_loops<T>();
  const Index n = y.cols();
  for (Index k = 0; k < n; ++k) {
    part.x.col(k) =
        Eigen::Map<const Eigen::VectorXd>(reinterpret_cast<const double*>(part.b.col(k).data()), part.x.rows())
            .template cast<T>();
  }
  const std::size_t rows = size(C_.rows());
  loops.set(C_.data(), rows, size(C_.cols()), part.x.data(), size(part.x.rows()), size(n), part.y.data(), rows);
  loops.add(D_.data(), rows, size(p_), part.u.data(), size(p_), size(n), part.y.data(), rows);
  y = part.y.topLeftCorner(q_, n);
}

/// At most as many samples as a part has.
template <class T>
void VaryingScan<T>::Parts::run_part(Part& part, const ConstSignal<T>& u, const ConstSignal<T>& delta, Signal<T> y) {
  const std::size_t rows = size(lambda_.rows());
  enter(part, u, delta);
  simd::varying_loops<double>().scan(part.a.data(), rows, part.b.data(), rows, rows, size(u.cols()), x_.data());
  leave(part, y);
}

/// At most as many samples as all parts have together.
template <class T>
void VaryingScan<T>::Parts::run_parts(const ConstSignal<T>& u, const ConstSignal<T>& delta, Signal<T> y) {
  const auto& loops = simd::varying_loops<double>();
  const std::size_t rows = size(lambda_.rows());
  const Index n = u.cols(), parts = (n + samples_of_a_part - 1) / samples_of_a_part;
  const auto part_at = [&](Index k) -> Part& { return parts_[size(k)]; };
  const auto count = [&](Index k) { return std::min(samples_of_a_part, n - k * samples_of_a_part); };
  const auto each = [&](const auto& work) {
    threads_->each(parts, [&](Index k) {
      const NoDenormals guard;
      work(part_at(k), k * samples_of_a_part, count(k));
    });
  };
  if (!threads_) return run_part(part_at(0), u, delta, y);
  each([&](Part& part, Index first, Index many) {
    enter(part, u.middleCols(first, many), delta.middleCols(first, many));
    loops.scan_products(part.a.data(), rows, part.b.data(), rows, rows, size(many));
  });
  for (Index k = 0; k < parts; ++k) {
    Part& part = part_at(k);
    part.before = x_;
    x_ = part.a.col(count(k) - 1).cwiseProduct(x_) + part.b.col(count(k) - 1);
  }
  each([&](Part& part, Index first, Index many) {
    loops.add(part.a.data(), rows, part.b.data(), rows, rows, size(many), part.before.data());
    leave(part, y.middleCols(first, many));
  });
}

template <class T>
void VaryingScan<T>::Parts::check(const ConstSignal<T>& u, const ConstSignal<T>& delta, const Signal<T>& y,
                                  const StateRef<T>& x) const {
  constexpr std::string_view where = "VaryingScan::run";
  const Index n = u.cols();
  detail::check_shape(where, "u", u.rows(), n, p_, n);
  detail::check_shape(where, "delta", delta.rows(), delta.cols(), 1, n);
  detail::check_shape(where, "y", y.rows(), y.cols(), q_, n);
  detail::check_shape(where, "x", x.rows(), x.cols(), order(), 1);
  detail::check_steps(where, delta);
}

template <class T>
void VaryingScan<T>::Parts::load(const StateRef<T>& x) {
  x_.setZero();  // entries past the last: their outputs count as 0 times what is in them
  Eigen::Map<Eigen::VectorXd>(reinterpret_cast<double*>(x_.data()), order()) = x.col(0).template cast<double>();
}

template <class T>
void VaryingScan<T>::Parts::store(StateRef<T> x) const {
  x.col(0) = Eigen::Map<const Eigen::VectorXd>(reinterpret_cast<const double*>(x_.data()), order()).template cast<T>();
}

template <class T>
void VaryingScan<T>::Parts::step(const ConstSignal<T>& u, const ConstSignal<T>& delta, Signal<T> y, StateRef<T> x) {
  load(x);
  run_part(parts_.front(), u, delta, y);
  store(x);
}

template <class T>
void VaryingScan<T>::Parts::run(const ConstSignal<T>& u, const ConstSignal<T>& delta, Signal<T> y, StateRef<T> x) {
  const NoDenormals guard;
  const Index n = u.cols();
  load(x);
  const Index span = samples_of_a_part * static_cast<Index>(parts_.size());
  for (Index start = 0; start < n; start += span) {
    const Index many = std::min(span, n - start);
    run_parts(u.middleCols(start, many), delta.middleCols(start, many), y.middleCols(start, many));
  }
  store(x);
}

template <class T>
VaryingScan<T>::VaryingScan(const DiagonalSystem& system, Discretization method, std::optional<Threads> threads)
    : parts_(std::make_shared<Parts>(system, method, std::move(threads))) {}

template <class T>
Index VaryingScan<T>::order() const {
  return parts_->order();
}
template <class T>
Index VaryingScan<T>::inputs() const {
  return parts_->p_;
}
template <class T>
Index VaryingScan<T>::outputs() const {
  return parts_->q_;
}

template <class T>
void VaryingScan<T>::run(ConstSignal<T> u, ConstSignal<T> delta, Signal<T> y, StateRef<T> x) {
  parts_->check(u, delta, y, x);
  parts_->run(u, delta, y, x);
}

template <class T>
void VaryingScan<T>::step(ConstFrame<T> u, T delta, Frame<T> y, StateRef<T> x) noexcept {
  const Eigen::Map<const typename Matrix<T>::Plain> in(u.data(), u.size(), 1), time(&delta, 1, 1);
  Eigen::Map<typename Matrix<T>::Plain> out(y.data(), y.size(), 1);
  parts_->step(in, time, out, x);
}

template void scan<float>(ConstSignal<std::complex<float>>, Signal<std::complex<float>>, Frame<std::complex<float>>);
template void scan<double>(ConstSignal<std::complex<double>>, Signal<std::complex<double>>,
                           Frame<std::complex<double>>);
template void scan<float>(const Threads&, Signal<std::complex<float>>, Signal<std::complex<float>>,
                          Frame<std::complex<float>>, Index);
template void scan<double>(const Threads&, Signal<std::complex<double>>, Signal<std::complex<double>>,
                           Frame<std::complex<double>>, Index);
template class VaryingScan<float>;
template class VaryingScan<double>;

}  // namespace longstate
