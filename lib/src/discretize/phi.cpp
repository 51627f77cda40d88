#include "../detail/balance.hpp"
#include "../detail/check.hpp"

#include <longstate/discretize/phi.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace longstate {
namespace {

/// At ||X|| <= 1, terms up to X^19 / (19+k)! leave 1 / 20! < 1e-18.
constexpr int taylor_degree = 19;

double factorial(int n) { return n < 2 ? 1.0 : n * factorial(n - 1); }

/// sum_{j=0..19} X^j / (j+k)! in five groups of four powers (Paterson & Stockmeyer 1973): seven products.
Matrix<double> taylor(const Matrix<double>& X, int k) {
  const Matrix<double> I = Matrix<double>::Identity(X.rows(), X.cols());
  const Matrix<double> X2 = X * X;
  const Matrix<double> X3 = X2 * X;
  const Matrix<double> X4 = X2 * X2;
  const auto group = [&](int j) -> Matrix<double> {
    return I / factorial(j + k) + X / factorial(j + 1 + k) + X2 / factorial(j + 2 + k) + X3 / factorial(j + 3 + k);
  };
  Matrix<double> sum = group(taylor_degree - 3);
  for (int j = taylor_degree - 7; j >= 0; j -= 4) sum = (group(j) + X4 * sum).eval();
  return sum;
}

/// s with ||X / 2^s||_1 <= 1. The norm is taken of X / 2^64: that of the largest numbers would overflow.
int halvings(const Matrix<double>& X) {
  const double norm = (X.cwiseAbs() * 0x1p-64).colwise().sum().maxCoeff();
  return norm > 0x1p-64 ? static_cast<int>(std::ceil(std::log2(norm))) + 64 : 0;
}

/// X -> 2X for phi_0 - I, phi_1, …, phi_k. From the top, so that each sees the others before this doubling.
void double_argument(std::vector<Matrix<double>>& phi) {
  const Matrix<double>& rest = phi[0];
  for (std::size_t j = phi.size(); j-- > 0;) {
    Matrix<double> next = rest * phi[j] + 2 * phi[j];
    for (std::size_t i = 1; i < j; ++i) next += phi[i] / factorial(static_cast<int>(j - i));
    phi[j] = next * std::ldexp(1.0, -static_cast<int>(j));
  }
}

/// e^X, by squaring, where all of it has faded: I + (phi_0 - I) would leave the rounding of the I, eps. What squaring e^(X / 2^s) costs
/// is 2^s eps of the result.
bool has_faded(const Matrix<double>& exponential, int s) {
  return s < 1000 && exponential.cwiseAbs().colwise().sum().maxCoeff() < std::ldexp(1.0, -s);
}

/// phi_0(X), …, phi_k(X), k >= 1, of a balanced X.
std::vector<Matrix<double>> balanced_phi_functions(const Matrix<double>& X, int k) {
  const int s = halvings(X);
  const Matrix<double> part = X * std::ldexp(1.0, -s);
  const Matrix<double> I = Matrix<double>::Identity(X.rows(), X.cols());
  std::vector<Matrix<double>> phi(static_cast<std::size_t>(k) + 1);
  phi.back() = taylor(part, k);
  for (std::size_t j = phi.size() - 1; j-- > 1;) {
    phi[j].noalias() = part * phi[j + 1];
    phi[j].diagonal().array() += 1 / factorial(static_cast<int>(j));
  }
  const Matrix<double> start = part * phi[1];  // phi_0 - I, whose small entries I + … would lose
  phi[0] = start;
  for (int doubling = 0; doubling < s && phi[0].allFinite(); ++doubling) double_argument(phi);
  phi[0] += I;
  if (has_faded(phi[0], s)) {
    phi[0] = I + start;
    for (int doubling = 0; doubling < s; ++doubling) phi[0] = (phi[0] * phi[0]).eval();
  }
  return phi;
}

/// Whether the rounding of X alone, here of X (1 - 4 eps), leaves no digit of e^X: that of a fast rotation, which does not fade.
bool lost_in_rounding(const Matrix<double>& X, const Matrix<double>& exponential) {
  constexpr int tame = 44;  // halvings up to which digits are left
  if (halvings(X) <= tame) return false;
  const Matrix<double> other = balanced_phi_functions(X * (1 - 0x1p-50), 1)[0];
  const double most = 0.1 * exponential.cwiseAbs().maxCoeff();
  return !((other - exponential).cwiseAbs().maxCoeff() <= most);
}

}  // namespace

std::vector<Matrix<double>> phi_functions(const Matrix<double>& X, int k) {
  detail::check_shape("phi_functions", "X", X.rows(), X.cols(), X.rows(), X.rows());
  if (!X.allFinite()) detail::fail("phi_functions", "X must be finite", "nan or infinity in it");
  if (k < 0) detail::fail("phi_functions", "k must be at least 0", k);
  const auto count = static_cast<std::size_t>(k) + 1;
  if (X.size() == 0) return std::vector<Matrix<double>>(count, X);

  const Vector<double> d = detail::balancing(X);
  const Matrix<double> balanced = detail::rescaled(X, d);
  std::vector<Matrix<double>> phi = balanced_phi_functions(balanced, std::max(k, 1));
  if (phi[0].allFinite() && lost_in_rounding(balanced, phi[0])) {
    std::ostringstream text;
    text << "longstate::phi_functions: X is so large, up to " << balanced.cwiseAbs().maxCoeff()
         << ", that its rounding alone decides e^X";
    throw std::domain_error(text.str());
  }
  phi.resize(count);
  for (Matrix<double>& values : phi) {
    values = detail::rescaled(values, d.cwiseInverse());
    if (!values.allFinite()) throw std::domain_error("longstate::phi_functions: e^X is beyond the largest number");
  }
  return phi;
}

std::complex<double> phi(int k, std::complex<double> z) {
  if (k < 0 || k > 3) detail::fail("phi", "k must be from 0 to 3", k);
  if (k == 0) return std::exp(z);
  if (std::abs(z) <= 1) {
    constexpr int terms = 18;  // 1 / 19! is below eps
    std::complex<double> sum = 0;
    for (int j = terms; j >= 0; --j) sum = 1.0 + z * sum / static_cast<double>(j + 1 + k);
    return sum / std::tgamma(k + 1.0);
  }
  constexpr double far = 700;  // e^z may be beyond the largest number, and e^z / z not
  std::complex<double> value = z.real() > far ? std::exp(z / 2.0) / z * std::exp(z / 2.0) : expm1(z) / z;
  double factorial = 1;
  for (int j = 1; j < k; ++j) {
    value = (value - 1 / factorial) / z;
    factorial *= j + 1;
  }
  return value;
}

std::complex<double> expm1(std::complex<double> z) {
  // e^x cos y - 1 = (e^x - 1) cos y - 2 sin^2(y/2)
  if (z.imag() == 0) return {std::expm1(z.real()), z.imag()};  // infinity times 0 is none
  const double half = std::sin(z.imag() / 2);
  return {std::expm1(z.real()) * std::cos(z.imag()) - 2 * half * half, std::exp(z.real()) * std::sin(z.imag())};
}

std::complex<double> log1p(std::complex<double> z) {
  // |1 + z|^2 - 1 = x (2 + x) + y^2
  const double x = z.real();
  const double y = z.imag();
  const double near = x * (2 + x) + y * y;
  const double modulus = std::abs(near) < 0.5 ? std::log1p(near) / 2 : std::log(std::hypot(1 + x, y));
  return {modulus, std::atan2(y, 1 + x)};
}

}  // namespace longstate
