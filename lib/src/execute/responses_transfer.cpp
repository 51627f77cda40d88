#include "responses.hpp"

#include <longstate/config.hpp>

#if LONGSTATE_WITH_FFTW

#include "../detail/fft.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <sstream>
#include <stdexcept>

namespace longstate::detail {
namespace {

using Complex = std::complex<double>;

/// On the circle |w| = rho the FFT of length F sees K_j + rho^F K_{j+F} + …: with rho^F = 2^-56 what wraps around is below
/// rounding, and with F = 8 length, undoing rho^j costs 7 bits at most.
constexpr Index oversampling = 8;
constexpr double log_circle = -56 * std::numbers::ln2;

constexpr double worst_error = 1e-9;

}  // namespace

/// c(w) / a(w) at the nodes by two FFTs, back by one: O(L log L), whatever N (Parnichkun et al. 2024, section 3.2).
/// The error is estimated from the rounding of a and c relative to their values at the nodes.
Matrix<double> responses(const TransferFunction& system, Index length) {
  const Index N = system.order();
  const Index q = system.C.rows();
  const Index F = good_fft_length(oversampling * std::max(length, N + 1));
  const RealFft<double> fft(F);
  const auto damp = [&](Index j) { return std::exp(log_circle * static_cast<double>(j) / static_cast<double>(F)); };

  Vector<double> time = Vector<double>::Zero(F);
  time(0) = 1;
  for (Index i = 0; i < N; ++i) time(i + 1) = system.a(i) * damp(i + 1);
  const double a_size = time.lpNorm<1>();
  Vector<Complex> a(fft.padded_bins());
  fft.forward(time.data(), a.data());

  Matrix<double> K(q, length);
  Vector<Complex> c(fft.padded_bins());
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
    if (!(error <= worst_error * largest) && !(largest == 0)) {
      std::ostringstream text;
      text << "longstate::kernel: the coefficients of this transfer function of order " << N
           << " determine its kernel ";
      if (std::isfinite(error / largest)) {
        text << "only to " << error / largest << " of its largest value (more than " << worst_error << ")";
      } else {
        text << "not at all";
      }
      text << ", since poles lie too close together; take another structure";
      throw std::domain_error(text.str());
    }
  }
  return K;
}

}  // namespace longstate::detail

#else

namespace longstate::detail {

Matrix<double> responses(const TransferFunction& system, Index length) { return stepped_responses(system, length); }

}  // namespace longstate::detail

#endif
