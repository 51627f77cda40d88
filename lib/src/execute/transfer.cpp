#include "../detail/check.hpp"
#include "../detail/decompositions.hpp"
#include "../detail/powers.hpp"

#include <longstate/execute/kernel.hpp>
#include <longstate/execute/transfer.hpp>
#include <longstate/execute/transition.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace longstate {
namespace {

using Complex = std::complex<double>;
using LongComplex = std::complex<long double>;

Vector<Complex> eigenvalues(const DiscreteSystem& system) {
  const auto* diagonal = std::get_if<DiscreteDiagonal>(&system);
  if (!diagonal) return detail::eigenvalues(dense(system).A);
  const Index entries = diagonal->mu.size();
  Vector<Complex> values(2 * entries);
  for (Index n = 0; n < entries; ++n) {
    values(2 * n) = detail::power_of(diagonal->mu(n), 1);
    values(2 * n + 1) = std::conj(values(2 * n));
  }
  return values;
}

/// a_1 … a_N of prod (1 - lambda_n w). The roots in an order of bit-reversed angle, so that partial products stay small.
Vector<double> polynomial(Vector<Complex> roots) {
  const Index N = roots.size();
  std::sort(roots.begin(), roots.end(), [](Complex a, Complex b) { return std::arg(a) < std::arg(b); });
  std::vector<LongComplex> product{LongComplex(1)};
  Index bits = 1;
  while (bits < N) bits *= 2;
  for (Index i = 0; i < bits; ++i) {
    Index place = 0;
    for (Index bit = 1; bit < bits; bit *= 2) place = 2 * place + ((i & bit) != 0 ? 1 : 0);
    if (place >= N) continue;
    const LongComplex root(roots(place));
    product.emplace_back(0);
    for (std::size_t k = product.size() - 1; k > 0; --k) product[k] -= root * product[k - 1];
  }
  Vector<double> a(N);
  for (Index i = 0; i < N; ++i) a(i) = static_cast<double>(product[static_cast<std::size_t>(i + 1)].real());
  return a;
}

/// Of the kernel of H from sample `start` on, which should be K, of the largest value; infinite where rounding of a makes it grow.
double kernel_error(const TransferFunction& H, const Matrix<double>& K, Index start) {
  try {
    Matrix<double> difference = kernel(H, K.cols() + start).rightCols(K.cols()) - K;
    if (start == 0) difference.col(0) -= H.D;
    const double largest = K.cwiseAbs().maxCoeff();
    return difference.cwiseAbs().maxCoeff() / (largest > 0 ? largest : 1);
  } catch (const std::domain_error&) {
    return INFINITY;
  }
}

}  // namespace

TransferFunction DiscreteSystem::transfer_function(double max_error) const {
  return longstate::transfer_function(*this, max_error);
}

TransferFunction transfer_function(const DiscreteSystem& system, double max_error) {
  validate(system);
  if (inputs(system) != 1) detail::fail("transfer_function", "the system must have one input", inputs(system));
  const Index N = order(system);
  TransferFunction result{polynomial(eigenvalues(system)), Matrix<double>::Zero(outputs(system), N),
                          feed_through(system), time_step(system), convention(system)};
  const Index start = convention(system) == Convention::sequence ? 0 : 1;
  const Index length = std::max<Index>(4 * N, 1024);
  Matrix<double> K = kernel(system, length + start).rightCols(length);
  if (start == 0) K.col(0) -= feed_through(system);
  for (Index j = 0; j < N; ++j) {
    result.C.col(j) = K.col(j);
    for (Index i = 1; i <= j; ++i) result.C.col(j) += result.a(i - 1) * K.col(j - i);
  }
  if (!result.a.allFinite() || !result.C.allFinite()) {
    throw std::domain_error("longstate::transfer_function: its coefficients overflow");
  }
  const double error = kernel_error(result, K, start);
  if (!(error <= max_error)) {
    std::ostringstream text;
    text << "longstate::transfer_function: the kernel of the transfer function of order " << N << " is wrong by "
         << error << " of its largest value (more than " << max_error
         << "), since its poles lie too close together; take another structure";
    throw std::domain_error(text.str());
  }
  return result;
}

}  // namespace longstate
