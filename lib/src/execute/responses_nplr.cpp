#include "responses.hpp"

#include <longstate/config.hpp>
#include <longstate/execute/kernel.hpp>
#include <longstate/execute/transition.hpp>

#include <Eigen/LU>

#if LONGSTATE_WITH_FFTW

#include "../detail/fft.hpp"
#include "../detail/multiply.hpp"
#include "../detail/real_form.hpp"

#include <longstate/discretize/phi.hpp>

#include <numbers>

namespace longstate::detail {
namespace {

using Complex = std::complex<double>;

/// A^F - I from A - I, by (I + X)^2 - I = 2X + X^2: near the identity, where the digits of A^F - I are those of A - I.
Matrix<double> power_less_one(const Matrix<double>& A, Index F) {
  Matrix<double> square = A - Matrix<double>::Identity(A.rows(), A.cols());
  Matrix<double> result = Matrix<double>::Zero(A.rows(), A.cols());
  for (Index rest = F; rest > 0; rest /= 2) {
    if (rest % 2 == 1) result = (result + square + result * square).eval();
    if (rest > 1) square = (2 * square + square * square).eval();
  }
  return result;
}

/// The entries of C-tilde = C (I - rho^F A^F), complex again: 2 Re(c x) has the real row (2 re, -2 im).
Matrix<Complex> complex_rows(const Matrix<double>& real) {
  Matrix<Complex> M(real.rows(), real.cols() / 2);
  for (Index n = 0; n < M.cols(); ++n) {
    M.col(n).real() = real.col(2 * n) / 2;
    M.col(n).imag() = -real.col(2 * n + 1) / 2;
  }
  return M;
}

/// sum_n w_n / (a - g lambda_n) + conj w_n / (a - g conj lambda_n), for many rows of w and nodes at once:
///     (a 2 Re w - g 2 Re(w conj lambda)) / ((a - g lambda)(a - g conj lambda)),
/// so each entry and node costs one complex reciprocal, and each row two real multiply-adds by two, in matrix products.
class CauchySums {
 public:
  CauchySums(const Vector<Complex>& lambda, const Matrix<Complex>& weights)
      : lambda_(lambda), near_(2 * weights.real()), far_(2 * (weights * lambda.conjugate().asDiagonal()).real()) {}

  /// rows x nodes.
  Matrix<Complex> operator()(const Vector<Complex>& a, const Vector<Complex>& g) {
    const Index nodes = a.size();
    re_.resize(lambda_.size(), nodes);
    im_.resize(lambda_.size(), nodes);
    for (Index k = 0; k < nodes; ++k) {
      for (Index n = 0; n < lambda_.size(); ++n) {
        const Complex one = a(k) - mul(g(k), lambda_(n));
        const Complex other = a(k) - mul(g(k), std::conj(lambda_(n)));
        const Complex product = mul(one, other);
        const double scale = 1 / std::norm(product);
        re_(n, k) = product.real() * scale;
        im_(n, k) = -product.imag() * scale;
      }
    }
    Matrix<Complex> sums(near_.rows(), nodes);
    const Matrix<double> near_re = near_ * re_, near_im = near_ * im_, far_re = far_ * re_, far_im = far_ * im_;
    for (Index k = 0; k < nodes; ++k) {
      for (Index i = 0; i < sums.rows(); ++i) {
        sums(i, k) = mul(a(k), Complex(near_re(i, k), near_im(i, k))) - mul(g(k), Complex(far_re(i, k), far_im(i, k)));
      }
    }
    return sums;
  }

 private:
  Vector<Complex> lambda_;
  Matrix<double> near_, far_, re_, im_;
};

/// All products left_in right_nj as rows (i + left.rows() j) of weights.
Matrix<Complex> pair_weights(const Matrix<Complex>& left, const Matrix<Complex>& right) {
  Matrix<Complex> weights(left.rows() * right.cols(), left.cols());
  for (Index j = 0; j < right.cols(); ++j) {
    for (Index i = 0; i < left.rows(); ++i) {
      weights.row(i + left.rows() * j) = left.row(i).cwiseProduct(right.col(j).transpose());
    }
  }
  return weights;
}

/// Safe nodes: on the circle |w| = rho with rho^F = 1/4 the resolvent of a contraction is at most about F / log 4, while
/// undoing rho^j at the end costs two bits. On the unit circle itself, eigenvalues next to it would make both factors of
/// the Woodbury identity blow up.
constexpr double log_circle = -2 * std::numbers::ln2;

}  // namespace

/// S4 (Gu, Goel, Re 2022, algorithm 1), with other nodes: the generating function of the first F values,
///
///     sum_{j<F} K_j w^j = C~ (I - w A)^-1 B = h C~ (a I - h g A_c)^-1 B_c,     a = 1 - w,  g = alpha + w (1 - alpha),
///
/// at the F points w = rho e^(-2 pi i k / F), from which one inverse FFT makes rho^j K_j. In a and g nothing is singular,
/// the Nyquist node of bilinear (g = 0 at w = -1) included. The resolvent is that of diagonal plus rank r.
Matrix<double> responses(const DiscreteNplr& system, Index length) {
  const NplrSystem& s = system.continuous;
  const Index q = system.C.rows();
  const Index p = system.B.cols();
  const Index r = s.rank();
  const double h = system.dt;
  const Index F = good_fft_length(std::max<Index>(length, 2));
  const RealFft<double> fft(F);

  const Matrix<double> less_one = power_less_one(dense(system).A, F);
  const double rho_F = std::exp(log_circle);
  const Matrix<double> C = real_rows(system.C);
  const Matrix<Complex> C_tilde = complex_rows((1 - rho_F) * C - rho_F * C * less_one);

  Matrix<Complex> left(q + r, s.entries());  // C~ and P*
  left << C_tilde, s.P.adjoint();
  Matrix<Complex> right(s.entries(), p + r);  // B and P
  right << s.B, s.P;
  CauchySums cauchy(s.lambda, pair_weights(left, right));

  Matrix<Complex> spectra(fft.padded_bins(), q * p);
  constexpr Index chunk = 256;
  Vector<Complex> a(chunk), g(chunk);
  for (Index done = 0; done < fft.bins(); done += chunk) {
    const Index more = std::min(chunk, fft.bins() - done);
    a.resize(more);
    g.resize(more);
    for (Index k = 0; k < more; ++k) {
      const double part = static_cast<double>(done + k) / static_cast<double>(F);
      const Complex less = expm1(Complex(log_circle / static_cast<double>(F), -2 * std::numbers::pi * part));
      a(k) = -less;  // 1 - w
      g(k) = h * (1.0 + (1 - system.alpha) * less);
    }
    const Matrix<Complex> sums = cauchy(a, g);
    for (Index k = 0; k < more; ++k) {
      const Eigen::Map<const Matrix<Complex>> S(&sums(0, k), q + r, p + r);
      const Matrix<Complex> small = Matrix<Complex>::Identity(r, r) + g(k) * S.bottomRightCorner(r, r);
      const Matrix<Complex> values =
          h * (S.topLeftCorner(q, p) -
               g(k) * S.topRightCorner(q, r) * small.partialPivLu().solve(S.bottomLeftCorner(r, p)));
      spectra.row(done + k) = values.reshaped().transpose();
    }
  }

  Matrix<double> K(q * p, length);
  Vector<double> time(F);
  for (Index port = 0; port < q * p; ++port) {
    fft.inverse(&spectra(0, port), time.data());
    for (Index j = 0; j < length; ++j) {
      const double place = static_cast<double>(j) / static_cast<double>(F);
      K(port, j) = time(j) * std::exp(-log_circle * place) / static_cast<double>(F);
    }
  }
  return K;
}

}  // namespace longstate::detail

#else

namespace longstate::detail {

Matrix<double> responses(const DiscreteNplr& system, Index length) { return stepped_responses(system, length); }

}  // namespace longstate::detail

#endif
