#include "responses.hpp"

#include <longstate/config.hpp>

#include <algorithm>

namespace longstate::detail {
namespace {

using LongVector = Vector<long double>;

/// K_j = c_j - sum of a_i K_(j-i): the division of power series.
LongVector divide(const LongVector& c, const Vector<double>& a, Index length) {
  LongVector K(length);
  for (Index j = 0; j < length; ++j) {
    long double sum = j < c.size() ? c(j) : 0;
    for (Index i = 1; i <= std::min(j, a.size()); ++i) sum -= static_cast<long double>(a(i - 1)) * K(j - i);
    K(j) = sum;
  }
  return K;
}

}  // namespace

/// What rounding adds is ||a||_1 ||1/a||_1 times its eps.
Matrix<double> divided_responses(const TransferFunction& system, Index length) {
  Matrix<double> K(system.C.rows(), length);
  for (Index i = 0; i < K.rows(); ++i) {
    const LongVector c = system.C.row(i).transpose().cast<long double>();
    K.row(i) = divide(c, system.a, length).cast<double>().transpose();
  }
  return K;
}

}  // namespace longstate::detail

#if LONGSTATE_WITH_FFTW

#include "../detail/aligned.hpp"
#include "../detail/fft.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

namespace longstate::detail {
namespace {

using Complex = std::complex<double>;

/// On the circle |w| = rho the FFT of length F sees K_j + rho^F K_{j+F} + …: with rho^F = 2^-56 what wraps around is below
/// rounding, and with F = 8 length, undoing rho^j costs 7 bits at most.
constexpr Index oversampling = 8;
constexpr double log_circle = -56 * std::numbers::ln2;

constexpr double good_error = 1e-12;

/// Whether the system grows by more than e in `length` samples: whether a(w) has a zero within the circle |w|^length = 1 / e, seen at
/// the nodes of half of it. (The argument principle: the phase turns once for each zero.) What wraps around would not be small.
bool grows(const TransferFunction& system, Index length, const RealFft<double>& fft) {
  AlignedVector<double> time = AlignedVector<double>::Zero(fft.length());
  time(0) = 1;
  for (Index i = 1; i <= system.order(); ++i) {
    time(i) = system.a(i - 1) * std::exp(-static_cast<double>(i) / static_cast<double>(length));
  }
  AlignedVector<Complex> a(fft.padded_bins());
  fft.forward(time.data(), a.data());
  double turned = 0;
  for (Index k = 1; k < fft.bins(); ++k) turned += std::arg(a(k) * std::conj(a(k - 1)));
  return std::abs(turned) > std::numbers::pi / 2;
}

/// By two FFTs and one back, O(L log L), whatever N (Parnichkun et al. 2024, section 3.2); nothing where its error, estimated from the
/// rounding of a and c relative to their values at the nodes, is more than `good_error` of the largest value, or where it grows.
std::optional<Matrix<double>> transformed_responses(const TransferFunction& system, Index length) {
  const Index N = system.order();
  const Index q = system.C.rows();
  const Index F = good_fft_length(oversampling * std::max(length, N + 1));
  const RealFft<double> fft(F);
  if (grows(system, std::max(length, N + 1), fft)) return {};
  const auto damp = [&](Index j) { return std::exp(log_circle * static_cast<double>(j) / static_cast<double>(F)); };

  AlignedVector<double> time = AlignedVector<double>::Zero(F);
  time(0) = 1;
  for (Index i = 0; i < N; ++i) time(i + 1) = system.a(i) * damp(i + 1);
  const double a_size = time.lpNorm<1>();
  AlignedVector<Complex> a(fft.padded_bins());
  fft.forward(time.data(), a.data());

  Matrix<double> K(q, length);
  AlignedVector<Complex> c(fft.padded_bins());
  for (Index output = 0; output < q; ++output) {
    time.setZero();
    for (Index i = 0; i < N; ++i) time(i) = system.C(output, i) * damp(i);
    const double c_size = time.lpNorm<1>();
    fft.forward(time.data(), c.data());
    double squares = 0;  // of the relative errors of the values
    for (Index k = 0; k < fft.bins(); ++k) {
      const double smallness = 1 / std::abs(a(k));
      c(k) /= a(k);
      squares += std::pow((c_size + std::abs(c(k)) * a_size) * smallness, 2);
    }
    fft.inverse(c.data(), time.data());
    for (Index j = 0; j < length; ++j) K(output, j) = time(j) / (damp(j) * static_cast<double>(F));

    const double largest = K.row(output).cwiseAbs().maxCoeff();
    const double error =
        std::numeric_limits<double>::epsilon() * std::sqrt(2 * squares) / static_cast<double>(F) / damp(length);
    if (!(error <= good_error * largest) && !(largest == 0)) return {};
  }
  return K;
}

}  // namespace

Matrix<double> responses(const TransferFunction& system, Index length) {
  if (auto K = transformed_responses(system, length)) return *std::move(K);
  return divided_responses(system, length);
}

}  // namespace longstate::detail

#else

namespace longstate::detail {

Matrix<double> responses(const TransferFunction& system, Index length) { return divided_responses(system, length); }

}  // namespace longstate::detail

#endif
