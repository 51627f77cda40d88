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

/// K without its feed-through: the values C A^j B, j from 0.
Matrix<double> responses_of(const Matrix<double>& K, Convention convention) {
  return convention == Convention::sequence ? K : Matrix<double>(K.rightCols(K.cols() - 1));
}

/// The block Hankel matrix of the responses (K_{i+j} at block i, j), its singular vectors, and shift.
struct Realization {
  Vector<double> sigma;
  Matrix<double> U, V;  // (q L) x k, (p L) x k
  Matrix<double> responses;
  Index outputs, inputs;
};

Realization hankel_decomposition(const Matrix<double>& responses, Index q, Index p) {
  const Index L = responses.cols();
  Matrix<double> H = Matrix<double>::Zero(q * L, p * L);
  for (Index i = 0; i < L; ++i) {
    for (Index j = 0; i + j < L; ++j) {
      H.block(i * q, j * p, q, p) = responses.col(i + j).reshaped(q, p);
    }
  }
  Realization r{{}, {}, {}, responses, q, p};
  if (q == 1 && p == 1) {  // symmetric: |eigenvalues|, the sign in V
    const Eigen::SelfAdjointEigenSolver<Matrix<double>> solver(H);
    std::vector<Index> place(static_cast<std::size_t>(L));
    for (Index i = 0; i < L; ++i) place[static_cast<std::size_t>(i)] = i;
    std::sort(place.begin(), place.end(),
              [&](Index a, Index b) { return std::abs(solver.eigenvalues()(a)) > std::abs(solver.eigenvalues()(b)); });
    r.sigma.resize(L);
    r.U.resize(L, L);
    r.V.resize(L, L);
    for (Index i = 0; i < L; ++i) {
      const Index n = place[static_cast<std::size_t>(i)];
      r.sigma(i) = std::abs(solver.eigenvalues()(n));
      r.U.col(i) = solver.eigenvectors().col(n);
      r.V.col(i) = (solver.eigenvalues()(n) < 0 ? -1.0 : 1.0) * r.U.col(i);
    }
  } else {
    const Eigen::BDCSVD<Matrix<double>> svd(H, Eigen::ComputeThinU | Eigen::ComputeThinV);
    r.sigma = svd.singularValues();
    r.U = svd.matrixU();
    r.V = svd.matrixV();
  }
  return r;
}

/// ERA: A = Sigma^-1/2 U^T H_shifted V Sigma^-1/2, where U^T H_shifted = U^T shift H = (shift^T U)^T U Sigma V^T, so that
/// A = Sigma^-1/2 (U^T up(U)) Sigma^1/2 with up(U) the rows of U one block further.
DiscreteStateSpace realization(const Realization& h, Index r, const Matrix<double>& D, double dt,
                               Convention convention) {
  const Index rows = h.U.rows();
  const Matrix<double> U = h.U.leftCols(r);
  const Vector<double> root = h.sigma.head(r).cwiseSqrt();
  const Vector<double> inverse = root.cwiseMax(std::numeric_limits<double>::min()).cwiseInverse();
  Matrix<double> A = U.topRows(rows - h.outputs).transpose() * U.bottomRows(rows - h.outputs);
  A = (inverse.asDiagonal() * A * root.asDiagonal()).eval();
  return {A,
          root.asDiagonal() * h.V.leftCols(r).topRows(h.inputs).transpose(),
          U.topRows(h.outputs) * root.asDiagonal(),
          D,
          dt,
          convention};
}

void check_response(const Matrix<double>& K, Index q, Index p, Convention convention) {
  if (q < 1 || p < 1) detail::fail("realize", "outputs and inputs must be at least 1", detail::shape(q, p));
  detail::check_shape("realize", "K", K.rows(), K.cols(), q * p, K.cols());
  const Index longest = 4096 / std::max(q, p);
  const Index least = convention == Convention::sequence ? 1 : 2;
  if (K.cols() < least || K.cols() > longest) {
    detail::fail(
        "realize",
        "the impulse response must have from " + std::to_string(least) + " to " + std::to_string(longest) + " samples",
        K.cols());
  }
  if (!K.allFinite()) detail::fail("realize", "K must be finite", "nan or infinity in it");
}

/// C A^j B for j < length, q p x length: one recurrence of all inputs.
Matrix<double> markov(const DiscreteStateSpace& s, Index length) {
  Matrix<double> K(s.outputs() * s.inputs(), length);
  Matrix<double> x = s.B;
  for (Index j = 0; j < length; ++j) {
    K.col(j) = (s.C * x).reshaped();
    x = (s.A * x).eval();
  }
  return K;
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

Matrix<double> feed_through_of(const Matrix<double>& K, Index q, Index p, Convention convention) {
  return convention == Convention::control ? Matrix<double>(K.col(0).reshaped(q, p)) : Matrix<double>::Zero(q, p);
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

Reduction<DiscreteStateSpace> realize(const Matrix<double>& K, Index outputs, Index inputs, double dt,
                                      Convention convention, Index order) {
  check_response(K, outputs, inputs, convention);
  detail::check_positive("realize", "dt", dt);
  const Realization h = hankel_decomposition(responses_of(K, convention), outputs, inputs);
  const Index r = check_order_to("realize", order, h.sigma);
  return {realization(h, r, feed_through_of(K, outputs, inputs, convention), dt, convention), h.sigma,
          bound_of(h.sigma, r)};
}

Reduction<DiscreteStateSpace> reduce_to_error(const Matrix<double>& K, Index outputs, Index inputs, double dt,
                                              Convention convention, double error) {
  check_response(K, outputs, inputs, convention);
  detail::check_positive("reduce_to_error", "dt", dt);
  detail::check_positive("reduce_to_error", "error", error);
  const Matrix<double> responses = responses_of(K, convention);
  const Realization h = hankel_decomposition(responses, outputs, inputs);
  const Matrix<double> D = feed_through_of(K, outputs, inputs, convention);
  const double whole = K.norm();
  const auto difference = [&](Index r) {
    const DiscreteStateSpace s = realization(h, r, D, dt, convention);
    const double within = (markov(s, responses.cols()) - responses).norm();
    return std::hypot(within, tail_norm(s, responses.cols())) / (whole > 0 ? whole : 1);
  };
  const Index r = smallest_order(significant(h.sigma), error, difference);
  return {realization(h, r, D, dt, convention), h.sigma, bound_of(h.sigma, r), difference(r)};
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
