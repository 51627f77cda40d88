#include "../detail/powers.hpp"
#include "responses.hpp"

#include <cmath>

namespace longstate::detail {

using Complex = std::complex<double>;

/// A Vandermonde product: K_{im + j} = 2 Re sum_n (C_n B_n e^(mu_n i m)) e^(mu_n j), with all of the powers from the
/// exponential, so that no error grows with j: one real product of (2N x m) and (2N x length/m) matrices, 2N real
/// multiply-adds a value.
Matrix<double> responses(const DiscreteDiagonal& system, Index length) {
  const Index N = system.mu.size();
  const Index q = system.C.rows();
  const Index p = system.B.cols();
  const Index m = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(length))));
  const Index blocks = (length + m - 1) / m;
  Matrix<double> small(m, 2 * N);  // re, -im of e^(mu j)
  for (Index n = 0; n < N; ++n) {
    for (Index j = 0; j < m; ++j) {
      const Complex value = power_of(system.mu(n), j);
      small(j, 2 * n) = value.real();
      small(j, 2 * n + 1) = -value.imag();
    }
  }
  Matrix<Complex> starts(N, blocks);
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

}  // namespace longstate::detail
