#include "nplr.hpp"

#include "../detail/real_form.hpp"
#include "../simd/size.hpp"
#include "../system/check_system.hpp"
#include "../system/nplr_resolvent.hpp"
#include "by_dense.hpp"

#include <longstate/config.hpp>

#include <algorithm>
#include <array>

#if LONGSTATE_WITH_FFTW
#include "../detail/aligned.hpp"
#include "../detail/fft.hpp"
#include "../detail/multiply.hpp"
#include "../simd/cauchy.hpp"

#include <longstate/discretize/phi.hpp>

#include <numbers>
#endif

namespace longstate::detail {

template <class T>
NplrTransition<T>::NplrTransition(const DiscreteNplr& system) {
  const NplrSystem& s = system.continuous;
  const double h = system.dt;
  const NplrResolvent inverse(s.lambda, s.P, system.alpha * h);
  diagonal_ = DiagonalTransition<T>(Vector<std::complex<double>>(1.0 + h * s.lambda.cwiseProduct(inverse.R).array()));
  U_ = h * real_columns(inverse.RP);
  const Matrix<std::complex<double>> left = s.P.adjoint() * inverse.R.asDiagonal();  // P* R
  V_ = inverse.small.solve(real_rows(left)).transpose();
}

/// Sums in double, rounded once: numbers of `next` and columns of U and V, one or two of every measure, go some at a time.
template <class T>
void NplrTransition<T>::add(const T* x, T* next) const {
  constexpr Index numbers = 64, columns = 4;
  const Index rows = U_.rows(), rank = U_.cols();
  for (Index done = 0; done == 0 || done < rank; done += columns) {
    const Index many = std::min(columns, rank - done);
    std::array<double, columns> seen{};  // V^T x
    for (Index j = 0; j < many; ++j) {
      for (Index n = 0; n < rows; ++n) seen[simd::size(j)] += V_(n, done + j) * static_cast<double>(x[n]);
    }
    for (Index start = 0; start < rows; start += numbers) {
      const Index count = std::min(numbers, rows - start);
      std::array<double, numbers> sums{};
      for (Index j = 0; j < many; ++j) {
        for (Index n = 0; n < count; ++n) sums[simd::size(n)] -= U_(start + n, done + j) * seen[simd::size(j)];
      }
      if (done == 0) diagonal_.add(start / 2, count / 2, x, sums.data());
      for (Index n = 0; n < count; ++n) sums[simd::size(n)] += static_cast<double>(next[start + n]);
      for (Index n = 0; n < count; ++n) next[start + n] = static_cast<T>(sums[simd::size(n)]);
    }
  }
}

template class NplrTransition<float>;
template class NplrTransition<double>;

namespace {

/// By how much (I - alpha dt A) B is not dt times the continuous B, which the kernel goes by, relative to what they are summed of.
double off_from_continuous(const DiscreteNplr& s) {
  const NplrSystem& c = s.continuous;
  const double ah = s.alpha * s.dt;
  const Matrix<std::complex<double>> fades = ah * c.lambda.asDiagonal() * s.B, given = s.dt * c.B;
  const Matrix<std::complex<double>> low_rank = 2 * ah * c.P * (c.P.adjoint() * s.B).real();
  const auto largest = [](const Matrix<std::complex<double>>& M) { return M.size() > 0 ? M.cwiseAbs().maxCoeff() : 0; };
  const double size = std::max({largest(s.B), largest(fades), largest(low_rank), largest(given)});
  return size > 0 ? largest(s.B - fades + low_rank - given) / size : 0;
}

void check_nplr(const DiscreteNplr& s) {
  constexpr std::string_view where = "DiscreteNplr";
  validate(s.continuous);
  check_ports(where, s.continuous.entries(), s.B, s.C, s.D);
  if (!(s.alpha >= 0 && s.alpha <= 1)) fail(where, "alpha must be from 0 to 1", s.alpha);
  if (s.continuous.inputs() != s.inputs())
    fail(where, "continuous.B must have as many columns as B", s.continuous.inputs());
  const double off = off_from_continuous(s);
  if (!(off <= 1e-9)) fail(where, "B must be that of `continuous` by dt and alpha, to 1e-9 of its size", off);
}

Matrix<double> nplr_B(const DiscreteNplr& s) { return real_columns(s.B); }
Matrix<double> nplr_C(const DiscreteNplr& s) { return real_rows(s.C); }
Work nplr_work(const DiscreteNplr& s) {
  return {.loop = LoopKind::nplr, .multiply_adds = s.continuous.entries() * (4 + 4 * s.continuous.rank())};
}

/// The field of values of Lambda - P P* lies in the left half-plane, which these methods take into the unit circle.
double nplr_growth(const DiscreteNplr& s) {
  const bool contracts = s.alpha >= 0.5 && (s.continuous.lambda.real().array() <= 0).all();
  return contracts ? 0 : formed_growth(s);
}

#if LONGSTATE_WITH_FFTW

using Complex = std::complex<double>;
using simd::size;

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
/// so each entry and node costs one complex reciprocal, and each row two real multiply-adds by two.
class CauchySums {
 public:
  static constexpr Index nodes = 256;  // at a time

  CauchySums(const Vector<Complex>& lambda, const Matrix<Complex>& weights)
      : re_(lambda.real()),
        im_(lambda.imag()),
        near_(2 * weights.real()),
        far_(2 * (weights * lambda.conjugate().asDiagonal()).real()),
        scratch_(static_cast<Index>(simd::cauchy_scratch(size(lambda.size())))),
        sums_(nodes, 2 * weights.rows()) {}

  /// a, g: nodes x 2, real and imaginary parts; returned: nodes x 2 rows, those of each row.
  const Aligned<double>& operator()(const Aligned<double>& a, const Aligned<double>& g) {
    const simd::CauchyLoop loop{re_.data(),  im_.data(),         size(re_.size()), near_.data(),
                                far_.data(), size(near_.rows()), scratch_.data()};
    simd::cauchy(loop, a.data(), g.data(), size(nodes), sums_.data());
    return sums_;
  }

 private:
  AlignedVector<double> re_, im_;
  Aligned<double> near_, far_;
  AlignedVector<double> scratch_;
  Aligned<double> sums_;
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

/// C~ R B - g C~ R P (I + g P* R P)^-1 P* R B, from S = [C~; P*] R [B, P]
void woodbury(const Matrix<Complex>& S, Complex g, Index rank, Matrix<Complex>& values) {
  const Index q = S.rows() - rank, p = S.cols() - rank;
  if (rank == 1) {
    const Complex weight = mul(g, 1.0 / (1.0 + mul(g, S(q, p))));
    for (Index j = 0; j < p; ++j) {
      for (Index i = 0; i < q; ++i) values(i, j) = S(i, j) - mul(mul(weight, S(i, p)), S(q, j));
    }
    return;
  }
  const Matrix<Complex> small = Matrix<Complex>::Identity(rank, rank) + g * S.bottomRightCorner(rank, rank);
  values =
      S.topLeftCorner(q, p) - g * S.topRightCorner(q, rank) * Lu<Complex>(small).solve(S.bottomLeftCorner(rank, p));
}

/// Safe nodes: on the circle |w| = rho with rho^F = 1/4 the resolvent of a contraction is at most about F / log 4, while
/// undoing rho^j at the end costs two bits. On the unit circle itself, eigenvalues next to it would make both factors of
/// the Woodbury identity blow up.
constexpr double log_of_circle = -2 * std::numbers::ln2;

/// S4 (Gu, Goel, Re 2022, algorithm 1), with other nodes: the generating function of the first F values,
///
///     sum_{j<F} K_j w^j = C~ (I - w A)^-1 B = h C~ (a I - h g A_c)^-1 B_c,     a = 1 - w,  g = alpha + w (1 - alpha),
///
/// at the F points w = rho e^(-2 pi i k / F), from which one inverse FFT makes rho^j K_j. In a and g nothing is singular,
/// the Nyquist node of bilinear (g = 0 at w = -1) included. The resolvent is that of diagonal plus rank r.
///
/// On the circle w the sum must not grow: a system that does takes its recurrence.
Matrix<double> nplr_markov(const DiscreteNplr& system, Index length) {
  if (length > longest_block(nplr_growth(system), 4)) return stepped(system, length);
  const NplrSystem& s = system.continuous;
  const Index q = system.C.rows();
  const Index p = system.B.cols();
  const Index r = s.rank();
  const double h = system.dt;
  const Index F = good_fft_length(std::max<Index>(length, 2));
  const RealFft<double> fft(F);

  const Matrix<double> less_one = increment_by_squaring(system, F);
  const double rho_F = std::exp(log_of_circle);
  const Matrix<double> C = real_rows(system.C);
  const Matrix<Complex> C_tilde = complex_rows((1 - rho_F) * C - rho_F * C * less_one);

  Matrix<Complex> left(q + r, s.entries());  // C~ and P*
  left << C_tilde, s.P.adjoint();
  Matrix<Complex> right(s.entries(), p + r);  // B and P
  right << s.B, s.P;
  CauchySums cauchy(s.lambda, pair_weights(left, right));

  Aligned<Complex> spectra(fft.padded_bins(), q * p);
  constexpr Index nodes = CauchySums::nodes;
  Aligned<double> a(nodes, 2), g(nodes, 2);
  Matrix<Complex> S(q + r, p + r), values(q, p);
  for (Index done = 0; done < fft.bins(); done += nodes) {
    const Index more = std::min(nodes, fft.bins() - done);
    for (Index k = 0; k < nodes; ++k) {  // those past the last bin are only to be numbers
      const double part = static_cast<double>(done + k) / static_cast<double>(F);
      const Complex less = expm1(Complex(log_of_circle / static_cast<double>(F), -2 * std::numbers::pi * part));
      a.row(k) << -less.real(), -less.imag();  // 1 - w
      g.row(k) << h * (1 + (1 - system.alpha) * less.real()), h * (1 - system.alpha) * less.imag();
    }
    const Aligned<double>& sums = cauchy(a, g);
    for (Index k = 0; k < more; ++k) {
      for (Index i = 0; i < S.size(); ++i) S.reshaped()(i) = {sums(k, 2 * i), sums(k, 2 * i + 1)};
      woodbury(S, Complex(g(k, 0), g(k, 1)), r, values);
      spectra.row(done + k) = h * values.reshaped().transpose();
    }
  }

  Matrix<double> K(q * p, length);
  AlignedVector<double> time(F);
  for (Index port = 0; port < q * p; ++port) {
    fft.inverse(&spectra(0, port), time.data());
    for (Index j = 0; j < length; ++j) {
      const double place = static_cast<double>(j) / static_cast<double>(F);
      K(port, j) = time(j) * std::exp(-log_of_circle * place) / static_cast<double>(F);
    }
  }
  return K;
}

#else

Matrix<double> nplr_markov(const DiscreteNplr& system, Index length) { return stepped(system, length); }

#endif

}  // namespace

const StructureRow<DiscreteNplr>& row(const DiscreteNplr& /*system*/) {
  static constexpr StructureRow<DiscreteNplr> of_nplr{.structure = Structure::nplr,
                                                      .name = "nplr",
                                                      .made_of_powers = false,
                                                      .kernel_by_fft = true,
                                                      .check = check_nplr,
                                                      .B = nplr_B,
                                                      .C = nplr_C,
                                                      .add_in_float = add_by<float, NplrTransition<float>>,
                                                      .add_in_double = add_by<double, NplrTransition<double>>,
                                                      .work = nplr_work,
                                                      .log_growth = nplr_growth,
                                                      .increment = formed_increment,
                                                      .markov = nplr_markov,
                                                      .stepped_markov = stepped,
                                                      .observability = formed_observability,
                                                      .controllability = formed_controllability,
                                                      .block_increment = increment_by_squaring,
                                                      .doubled_increments = increments_by_doubling};
  return of_nplr;
}

}  // namespace longstate::detail
