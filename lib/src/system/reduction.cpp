#include "../detail/check.hpp"

#include <longstate/system/composition.hpp>
#include <longstate/system/reduction.hpp>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace longstate {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Z' with Z' Z'^T = Z Z^T and no more columns than rows.
Matrix<double> compressed(const Matrix<double>& Z) {
  if (Z.cols() <= Z.rows()) return Z;
  const Eigen::HouseholderQR<Matrix<double>> qr(Z.transpose());
  const Matrix<double> R = qr.matrixQR().topRows(Z.rows()).triangularView<Eigen::Upper>();
  return R.transpose();
}

Matrix<double> gramian_factor(const Matrix<double>& A, const Matrix<double>& B) {
  Matrix<double> Z = B;
  Matrix<double> power = A;  // A^(2^k)
  constexpr int most_squarings = 48;
  for (int k = 0; k < most_squarings; ++k) {
    const Matrix<double> more = power * Z;
    if (!more.allFinite()) break;
    if (more.norm() <= eps / 16 * Z.norm()) return compressed(Z);
    Matrix<double> both(Z.rows(), 2 * Z.cols());
    both << Z, more;
    Z = compressed(both);
    power = (power * power).eval();
  }
  throw std::domain_error(
      "longstate::controllability_factor: the system is not stable, so its Gramian does not exist (an eigenvalue of A "
      "on the unit circle or beyond)");
}

/// Past to future: U diag(sigma) V^T of the Hankel operator in some basis, with the maps from and to the states.
struct Hankel {
  Vector<double> sigma;
  Matrix<double> to_states;    // N x k: states = to_states balanced, before scaling by sigma^-1/2
  Matrix<double> from_states;  // k x N
};

Hankel balance(const DiscreteStateSpace& s) {
  const Matrix<double> Zc = gramian_factor(s.A, s.B);
  const Matrix<double> Zo = gramian_factor(s.A.transpose(), s.C.transpose());
  const Eigen::BDCSVD<Matrix<double>> svd(Zo.transpose() * Zc, Eigen::ComputeThinU | Eigen::ComputeThinV);
  return {svd.singularValues(), Zc * svd.matrixV(), svd.matrixU().transpose() * Zo.transpose()};
}

/// How many singular values are more than rounding.
Index significant(const Vector<double>& sigma) {
  Index count = 0;
  while (count < sigma.size() && sigma(count) > sigma(0) * eps * static_cast<double>(sigma.size())) ++count;
  return std::max<Index>(count, 1);
}

Index check_order_to(std::string_view where, Index order, const Vector<double>& sigma) {
  if (order < 1) detail::fail(where, "order must be at least 1", order);
  return std::min(order, significant(sigma));
}

double bound_of(const Vector<double>& sigma, Index order) { return 2 * sigma.tail(sigma.size() - order).sum(); }

template <class System>
Reduction<System> truncated(const System& s, const Hankel& h, Index order) {
  const Index r = check_order_to("balanced_truncation", order, h.sigma);
  const Vector<double> scale = h.sigma.head(r).cwiseMax(std::numeric_limits<double>::min()).cwiseSqrt().cwiseInverse();
  const Matrix<double> T = h.to_states.leftCols(r) * scale.asDiagonal();
  const Matrix<double> T_inverse = scale.asDiagonal() * h.from_states.topRows(r);
  Reduction<System> result{s, h.sigma, bound_of(h.sigma, r)};
  result.system.A = T_inverse * s.A * T;
  result.system.B = T_inverse * s.B;
  result.system.C = s.C * T;
  return result;
}

/// z = (c + s) / (c - s), c a rate that suits A: the same Gramians, so what balances one balances the other.
DiscreteStateSpace cayley(const StateSpace& s) {
  validate(s);
  const double c = std::max(s.A.norm() / std::sqrt(static_cast<double>(s.order())), 1e-300);
  const Matrix<double> I = Matrix<double>::Identity(s.order(), s.order());
  const Eigen::PartialPivLU<Matrix<double>> lu(c * I - s.A);
  const Matrix<double> B = std::sqrt(2 * c) * lu.solve(s.B);
  Matrix<double> C_transposed = lu.transpose().solve(s.C.transpose());
  return {lu.solve(c * I + s.A), B, std::sqrt(2 * c) * C_transposed.transpose(), s.D + s.C * B / std::sqrt(2 * c), 1.0,
          Convention::control};
}

/// The smallest order for which `difference` is at most the error, by bisection.
Index smallest_order(Index most, double error, const std::function<double(Index)>& difference) {
  const double best = difference(most);
  if (!(best <= error)) {
    std::ostringstream text;
    text << "longstate::reduce_to_error: error must be at least " << best << ", what the largest useful order, " << most
         << ", reaches, got " << error;
    throw std::domain_error(text.str());
  }
  Index low = 0;  // not enough
  Index high = most;
  while (high - low > 1) {
    const Index middle = (low + high) / 2;
    (difference(middle) <= error ? high : low) = middle;
  }
  return high;
}

/// The 2-norm of the impulse response without D, by the Gramian: ||C Z||.
double response_norm(const DiscreteStateSpace& s) { return (s.C * gramian_factor(s.A, s.B)).norm(); }
double response_norm(const StateSpace& s) {
  const DiscreteStateSpace d = cayley(s);
  return (s.C * gramian_factor(d.A, d.B)).norm();
}

template <class System>
Reduction<System> reduced(const System& system, const Hankel& h, double error) {
  detail::check_positive("reduce_to_error", "error", error);
  const double whole = response_norm(system);
  const auto difference = [&](Index r) {
    System minus = truncated(system, h, r).system;
    minus.C = -minus.C;
    return response_norm(parallel(system, minus)) / (whole > 0 ? whole : 1);
  };
  const Index r = smallest_order(significant(h.sigma), error, difference);
  Reduction<System> result = truncated(system, h, r);
  result.difference = difference(r);
  return result;
}

}  // namespace

Matrix<double> controllability_factor(const DiscreteStateSpace& system) {
  validate(system);
  return gramian_factor(system.A, system.B);
}

Vector<double> hankel_singular_values(const DiscreteStateSpace& system) {
  validate(system);
  return balance(system).sigma;
}

Vector<double> hankel_singular_values(const StateSpace& system) { return balance(cayley(system)).sigma; }

Reduction<DiscreteStateSpace> balanced_truncation(const DiscreteStateSpace& system, Index order) {
  validate(system);
  return truncated(system, balance(system), order);
}

Reduction<StateSpace> balanced_truncation(const StateSpace& system, Index order) {
  return truncated(system, balance(cayley(system)), order);
}

Reduction<DiscreteStateSpace> reduce_to_error(const DiscreteStateSpace& system, double error) {
  validate(system);
  return reduced(system, balance(system), error);
}

Reduction<StateSpace> reduce_to_error(const StateSpace& system, double error) {
  return reduced(system, balance(cayley(system)), error);
}

double tail_norm(const DiscreteStateSpace& system, Index length) {
  validate(system);
  if (length < 0) detail::fail("tail_norm", "length must not be negative", length);
  Matrix<double> C = system.C;  // C A^length
  Matrix<double> square = system.A;
  for (Index rest = length; rest > 0; rest /= 2) {
    if (rest % 2 == 1) C = (C * square).eval();
    if (rest > 1) square = (square * square).eval();
  }
  return (C * gramian_factor(system.A, system.B)).norm();
}

Index kernel_length(const DiscreteStateSpace& system, double error) {
  validate(system);
  if (!(error > 0 && error < 1)) detail::fail("kernel_length", "error must be between 0 and 1", error);
  const Matrix<double> Z = gramian_factor(system.A, system.B);
  const double enough = error * (system.C * Z).norm();
  // The tail falls with the length: the binary digits of the longest that is too short, the highest first.
  std::vector<Matrix<double>> powers{system.A};
  constexpr std::size_t most = 30;
  while (powers.size() <= most && (system.C * powers.back() * Z).norm() > enough) {
    powers.push_back(powers.back() * powers.back());
  }
  if (powers.size() > most) throw std::domain_error("longstate::kernel_length: it is beyond 2^30 samples");
  if ((system.C * Z).norm() <= enough) return 0;
  Matrix<double> C = system.C;
  Index length = 0;
  for (std::size_t bit = powers.size(); bit-- > 0;) {
    const Matrix<double> further = C * powers[bit];
    if ((further * Z).norm() <= enough) continue;
    C = further;
    length += Index{1} << bit;
  }
  return length + 1;
}

}  // namespace longstate
