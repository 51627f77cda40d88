#include "sweep_tables.hpp"

#include "../detail/powers.hpp"
#include "../measure/table.hpp"
#include "../simd/size.hpp"
#include "../structure/nplr.hpp"

#include <algorithm>
#include <complex>

namespace longstate::detail {
namespace {

using simd::size;

void put_number(Numbers& to, double value) { to.push_back(value); }
void put_number(Numbers& to, std::complex<double> value) { to.insert(to.end(), {value.real(), value.imag()}); }

/// One factor of A: h its step, `solver` what it solves with.
template <class S>
void put_semiseparable(Numbers& to, const HippoOperator<double>& hippo, double h,
                       const ShiftedHippo<double, S>& solver) {
  const auto& A = hippo.numbers();
  const auto& inverse = solver.numbers();
  for (Index n = 0; n < hippo.order(); ++n) {
    to.insert(to.end(), {h * A.below(n), h * A.diagonal(n), A.g(n)});
    put_number(to, inverse.from_below(n));
    put_number(to, inverse.inverse(n));
    if (A.is_triangular()) continue;
    to.insert(to.end(), {h * A.above(n), A.h(n)});
    put_number(to, inverse.from_above(n));
    put_number(to, inverse.to_above(n));
  }
}

template <class S>
void put_fourier(Numbers& to, const HippoOperator<double>& hippo, double h, const ShiftedHippo<double, S>& solver) {
  const auto& A = hippo.numbers();
  const auto& inverse = solver.numbers();
  const Index N = hippo.order(), pairs = A.frequency.size();
  put_number(to, h * A.rank_one);
  put_number(to, inverse.gain);
  const auto pair = [&](Index cosine, Index m) {  // m: of the frequency, none where the cosine is alone
    const bool alone = m < 0;
    to.insert(to.end(), {A.e(cosine), alone ? 0 : A.e(cosine + 1), alone ? 0 : h * A.frequency(m)});
    put_number(to, alone ? S(1) : inverse.cosine(m));
    put_number(to, alone ? S(0) : inverse.sine(m));
    put_number(to, inverse.blocks_e(cosine));
    put_number(to, alone ? S(0) : inverse.blocks_e(cosine + 1));
  };
  pair(0, -1);
  for (Index m = 0; m < pairs; ++m) pair(2 * m + 1, m);
  if (N % 2 == 0) pair(N - 1, -1);
}

/// The scan of s <- m s + v over a row of W entries, `forward` or from its end: m over the 1, 2, 4, … before (none where there
/// are fewer), over all those before, and over the row.
template <class S>
std::vector<std::vector<S>> scan_table(const std::vector<S>& m, bool forward) {
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

/// A vector for each number of W values; two of those that are complex.
template <class S>
void put_row(std::vector<Numbers>& to, const std::vector<S>& row) {
  Numbers re, im;
  for (const S& value : row) {
    re.push_back(std::real(value));
    im.push_back(std::imag(value));
  }
  to.push_back(std::move(re));
  if constexpr (!std::is_same_v<S, double>) to.push_back(std::move(im));
}

/// The row of W entries from `first` on.
template <class S>
void put_scan(std::vector<Numbers>& to, const HippoOperator<double>& hippo, double h,
              const ShiftedHippo<double, S>& solver, Index first, Index W) {
  const auto& A = hippo.numbers();
  const auto& inverse = solver.numbers();
  const auto row = [&](const auto& value, auto past_the_last) {
    std::vector<decltype(past_the_last)> entries(size(W), past_the_last);
    for (Index k = 0; k < W && first + k < hippo.order(); ++k) entries[size(k)] = value(first + k);
    return entries;
  };
  const auto real = [&](const auto& value) { put_row(to, row(value, 0.0)); };
  const auto of_solver = [&](const auto& value) { put_row(to, row(value, S(0))); };
  const auto scan = [&](const auto& factor, bool forward) {
    for (const std::vector<S>& one : scan_table(row(factor, S(1)), forward)) put_row(to, one);
  };
  real([&](Index n) { return h * A.below(n); });
  real([&](Index n) { return h * A.diagonal(n); });
  real([&](Index n) { return A.g(n); });
  of_solver([&](Index n) { return inverse.from_below(n); });
  of_solver([&](Index n) { return inverse.inverse(n); });
  scan([&](Index n) { return 1.0 + A.g(n) * inverse.from_below(n); }, true);
  if (A.is_triangular()) return;
  real([&](Index n) { return h * A.above(n); });
  real([&](Index n) { return A.h(n); });
  of_solver([&](Index n) { return inverse.from_above(n); });
  of_solver([&](Index n) { return inverse.to_above(n); });
  scan([&](Index n) { return 1.0 + inverse.to_above(n) * inverse.from_above(n); }, false);
}

/// visit(h, solver) for each factor of A: h its step, and what it solves with.
template <class Visit>
void each_factor(const HippoStep<double>& step, const Visit& visit) {
  if (is_gbt(step.method())) {
    ShiftedHippo<double, double> explicit_one;  // forward Euler has no solve
    if (step.alpha() == 0) explicit_one.prepare(step.matrices(), 0);
    visit(step.dt(), step.alpha() == 0 ? explicit_one : step.implicit());
  }
  for (const auto& one : step.factors()) visit(step.dt() / static_cast<double>(step.pade().substeps), one.solver);
}

/// A number that is alone has zeros beside it.
bool is_alone(const DiscreteSystem& system, Index n) {
  return in_pairs(system) && (n == 0 || (order(system) % 2 == 0 && n == order(system) - 1));
}

}  // namespace

template <class T>
simd::Sweep<T> sweep_shape(const HippoStep<double>& step) {
  const auto& A = step.matrices().numbers();
  const auto N = size(step.matrices().order());
  const bool exponential = !is_gbt(step.method());
  simd::Sweep<T> s{};
  s.form = A.is_fourier()      ? simd::SweepForm::fourier
           : A.is_triangular() ? simd::SweepForm::triangular
                               : simd::SweepForm::semiseparable;
  s.planes = exponential ? 2 : 1;
  s.rows = A.is_fourier() ? N / 2 + 1 : N;
  s.factors = exponential ? step.factors().size() : 1;
  s.substeps = exponential ? size(step.pade().substeps) : 1;
  return s;
}

template <class T>
simd::Sweep<T> sweep_shape(const DiscreteNplr& system) {
  simd::Sweep<T> s{};
  s.form = simd::SweepForm::nplr;
  s.rows = size(system.order() / 2);
  s.rank = size(system.continuous.rank());
  return s;
}

Numbers sweep_numbers(const HippoStep<double>& step) {
  Numbers numbers;
  const HippoOperator<double>& A = step.matrices();
  each_factor(step, [&](double h, const auto& solver) {
    A.numbers().is_fourier() ? put_fourier(numbers, A, h, solver) : put_semiseparable(numbers, A, h, solver);
  });
  return numbers;
}

std::vector<Numbers> scan_numbers(const HippoStep<double>& step, Index W) {
  std::vector<Numbers> rows;
  each_factor(step, [&](double h, const auto& solver) {
    for (Index first = 0; first < step.matrices().order(); first += W)
      put_scan(rows, step.matrices(), h, solver, first, W);
  });
  return rows;
}

Numbers sweep_weights(const HippoStep<double>& step) {
  Numbers numbers;
  for (const auto& one : step.factors()) put_number(numbers, one.weight);
  return numbers;
}

template <class T>
Numbers sweep_numbers(const DiscreteNplr& system) {
  const NplrTransition<double> A(system);
  Numbers numbers;
  for (Index m = 0; m < A.diagonal().lambda().size(); ++m) {
    const std::complex<double> lambda = A.diagonal().lambda()(m);
    put_number(numbers, std::complex<double>(rounded_power<T>(lambda)));
    put_number(numbers, rest_of_power<T>(lambda));
    for (Index j = 0; j < A.U().cols(); ++j) {
      numbers.insert(numbers.end(), {A.U()(2 * m, j), A.U()(2 * m + 1, j), A.V()(2 * m, j), A.V()(2 * m + 1, j)});
    }
  }
  return numbers;
}

Numbers sweep_ports(const DiscreteSystem& system) {
  const Matrix<double> B = input_matrix(system), C = output_matrix(system);
  Numbers ports{feed_through(system)(0, 0)};
  for (Index n = 0; n < B.rows(); ++n) {
    ports.insert(ports.end(), {B(n, 0), C(0, n)});
    if (is_alone(system, n)) ports.insert(ports.end(), {0, 0});
  }
  return ports;
}

std::vector<Numbers> scan_ports(const DiscreteSystem& system, Index W) {
  const Matrix<double> B = input_matrix(system), C = output_matrix(system);
  std::vector<Numbers> ports{Numbers(size(W), feed_through(system)(0, 0))};
  for (Index first = 0; first < B.rows(); first += W) {
    const Index count = std::min(W, B.rows() - first);
    ports.insert(ports.end(), 2, Numbers(size(W), 0));
    std::copy_n(B.col(0).data() + first, count, ports[ports.size() - 2].begin());
    for (Index k = 0; k < count; ++k) ports.back()[size(k)] = C(0, first + k);
  }
  return ports;
}

bool in_pairs(const DiscreteSystem& system) {
  const auto* hippo = std::get_if<DiscreteHippo>(&system);
  return hippo && operator_kind(hippo->measure) == OperatorKind::waves;
}

template simd::Sweep<float> sweep_shape(const HippoStep<double>&);
template simd::Sweep<double> sweep_shape(const HippoStep<double>&);
template simd::Sweep<float> sweep_shape(const DiscreteNplr&);
template simd::Sweep<double> sweep_shape(const DiscreteNplr&);
template Numbers sweep_numbers<float>(const DiscreteNplr&);
template Numbers sweep_numbers<double>(const DiscreteNplr&);

}  // namespace longstate::detail
