#include "diagonal.hpp"

#include "../detail/powers.hpp"
#include "../detail/real_form.hpp"
#include "../system/check_system.hpp"
#include "by_dense.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace longstate::detail {

template <class T>
DiagonalTransition<T>::DiagonalTransition(const DiscreteDiagonal& system) : lambda_(powers_of(system.mu, 1)) {}

template <class T>
void DiagonalTransition<T>::add(const T* x, T* next) const {
  for (Index n = 0; n < lambda_.size(); ++n) {
    const std::complex<double> lambda = lambda_(n);
    const double re = static_cast<double>(x[2 * n]), im = static_cast<double>(x[2 * n + 1]);
    next[2 * n] = static_cast<T>(static_cast<double>(next[2 * n]) + (lambda.real() * re - lambda.imag() * im));
    next[2 * n + 1] = static_cast<T>(static_cast<double>(next[2 * n + 1]) + (lambda.real() * im + lambda.imag() * re));
  }
}

template <class T>
void DiagonalTransition<T>::add(Index first, Index count, const T* x, double* sums) const {
  for (Index n = 0; n < count; ++n) {
    const std::complex<double> lambda = lambda_(first + n);
    const double re = static_cast<double>(x[2 * (first + n)]), im = static_cast<double>(x[2 * (first + n) + 1]);
    sums[2 * n] += lambda.real() * re - lambda.imag() * im;
    sums[2 * n + 1] += lambda.real() * im + lambda.imag() * re;
  }
}

template class DiagonalTransition<float>;
template class DiagonalTransition<double>;

namespace {

void check_diagonal(const DiscreteDiagonal& s) {
  constexpr std::string_view where = "DiscreteDiagonal";
  check_order(where, s.mu.size());
  check_ports(where, s.mu.size(), s.B, s.C, s.D);
  for (const std::complex<double> mu : s.mu) {
    const bool zero = mu.real() == -std::numeric_limits<double>::infinity();
    if (!(std::isfinite(mu.real()) || zero) || !std::isfinite(mu.imag())) {
      fail(where, "mu must be finite, or its real part -infinity (an eigenvalue of zero)", mu);
    }
  }
}

Matrix<double> diagonal_B(const DiscreteDiagonal& s) { return real_columns(s.B); }
Matrix<double> diagonal_C(const DiscreteDiagonal& s) { return real_rows(s.C); }
Work diagonal_work(const DiscreteDiagonal& s) { return {.loop = LoopKind::diagonal, .multiply_adds = 4 * s.mu.size()}; }
double diagonal_growth(const DiscreteDiagonal& s) { return std::max(0.0, s.mu.real().maxCoeff()); }

/// A Vandermonde product: K_{im + j} = 2 Re sum_n (C_n B_n e^(mu_n i m)) e^(mu_n j), with all of the powers from the
/// exponential, so that no error grows with j: one real product of (2N x m) and (2N x length/m) matrices, 2N real
/// multiply-adds a value.
Matrix<double> diagonal_markov(const DiscreteDiagonal& system, Index length) {
  const Index N = system.mu.size();
  const Index q = system.C.rows();
  const Index p = system.B.cols();
  const Index m = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(length))));
  const Index blocks = (length + m - 1) / m;
  Matrix<double> small(m, 2 * N);  // re, -im of e^(mu j)
  for (Index n = 0; n < N; ++n) {
    for (Index j = 0; j < m; ++j) {
      const std::complex<double> value = power_of(system.mu(n), j);
      small(j, 2 * n) = value.real();
      small(j, 2 * n + 1) = -value.imag();
    }
  }
  Matrix<std::complex<double>> starts(N, blocks);
  for (Index n = 0; n < N; ++n) {
    for (Index i = 0; i < blocks; ++i) starts(n, i) = 2.0 * power_of(system.mu(n), i * m);
  }
  Matrix<double> K(q * p, length);
  Matrix<double> large(2 * N, blocks);
  Matrix<double> values(m, blocks);
  for (Index port = 0; port < q * p; ++port) {
    const Index output = port % q;
    const Index input = port / q;
    for (Index n = 0; n < N; ++n) {
      const auto weighted = (system.C(output, n) * system.B(n, input)) * starts.row(n);
      large.row(2 * n) = weighted.real();
      large.row(2 * n + 1) = weighted.imag();
    }
    values.noalias() = small * large;
    K.row(port) = values.reshaped().head(length);
  }
  return K;
}

Matrix<double> diagonal_observability(const DiscreteDiagonal& s, Index length) {
  const Index first = s.convention == Convention::sequence ? 1 : 0;
  Matrix<double> responses(s.outputs() * length, s.order());
  for (Index k = 0; k < length; ++k) {
    const Matrix<double> rows = real_rows(s.C * powers_of(s.mu, k + first).asDiagonal());
    for (Index i = 0; i < s.outputs(); ++i) responses.row(i * length + k) = rows.row(i);
  }
  return responses;
}

Matrix<double> diagonal_controllability(const DiscreteDiagonal& s, Index length) {
  Matrix<double> reach(s.order(), s.inputs() * length);
  for (Index k = 0; k < length; ++k) {
    const Matrix<double> columns = real_columns(powers_of(s.mu, length - 1 - k).asDiagonal() * s.B);
    for (Index j = 0; j < s.inputs(); ++j) reach.col(j * length + k) = columns.col(j);
  }
  return reach;
}

}  // namespace

const StructureRow<DiscreteDiagonal>& row(const DiscreteDiagonal& /*system*/) {
  static constexpr StructureRow<DiscreteDiagonal> of_diagonal{
      .structure = Structure::diagonal,
      .name = "diagonal",
      .made_of_powers = false,
      .kernel_by_fft = false,
      .check = check_diagonal,
      .B = diagonal_B,
      .C = diagonal_C,
      .add_in_float = add_by<float, DiagonalTransition<float>>,
      .add_in_double = add_by<double, DiagonalTransition<double>>,
      .work = diagonal_work,
      .log_growth = diagonal_growth,
      .increment = formed_increment,
      .markov = diagonal_markov,
      .stepped_markov = stepped,
      .observability = diagonal_observability,
      .controllability = diagonal_controllability,
      .block_increment = increment_by_squaring,
      .doubled_increments = increments_by_doubling};
  return of_diagonal;
}

}  // namespace longstate::detail
