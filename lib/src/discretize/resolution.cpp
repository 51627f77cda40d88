#include "../detail/balance.hpp"
#include "../detail/check.hpp"

#include <longstate/discretize/phi.hpp>
#include <longstate/discretize/resolution.hpp>

#include <Eigen/LU>
#include <unsupported/Eigen/MatrixFunctions>

#include <limits>
#include <stdexcept>

namespace longstate {
namespace {

Matrix<double> solve(const Matrix<double>& M, const Matrix<double>& b, const char* why) {
  const Eigen::PartialPivLU<Matrix<double>> lu(M);
  if (!(lu.rcond() > std::numeric_limits<double>::epsilon())) {
    throw std::domain_error(std::string("longstate::continuous: ").append(why));
  }
  return lu.solve(b);
}

StateSpace undo_gbt(const DiscreteStateSpace& d, double alpha) {
  const Matrix<double> I = Matrix<double>::Identity(d.order(), d.order());
  const Matrix<double> M = alpha * d.A + (1 - alpha) * I;
  const Matrix<double> A =
      solve(M, d.A - I, "alpha A + (1 - alpha) I is singular, so no continuous system has this A") / d.dt;
  const Matrix<double> implicit = I - alpha * d.dt * A;
  StateSpace s{A, implicit * d.B / d.dt, d.C, d.D};
  if (d.convention == Convention::control) {
    s.C = d.C * implicit;
    s.D -= alpha * s.C * d.B;
  }
  return s;
}

StateSpace undo_zoh(const DiscreteStateSpace& d) {
  const Vector<std::complex<double>> eigenvalues = d.A.eigenvalues();
  for (const std::complex<double>& value : eigenvalues) {
    if (value == 0.0 || (value.imag() == 0 && value.real() < 0)) {
      throw std::domain_error("longstate::continuous: A has an eigenvalue at or below 0, and no real logarithm");
    }
  }
  const Matrix<double> A = Matrix<double>(d.A.log()) / d.dt;
  const Matrix<double> B = solve(d.dt * phi_functions(d.dt * A, 1)[1], d.B, "phi_1(dt A) is singular");
  return {A, B, d.C, d.D};
}

}  // namespace

StateSpace continuous(const DiscreteStateSpace& system, Discretization method, double alpha) {
  validate(system);
  const detail::Balanced balanced(system);
  const Vector<double> back = balanced.d.cwiseInverse();
  if (is_gbt(method)) return detail::rescaled(undo_gbt(balanced.system, gbt_alpha(method, alpha)), back);
  if (method == Discretization::zoh) return detail::rescaled(undo_zoh(balanced.system), back);
  detail::fail("continuous", "method must be zoh, bilinear, gbt or an Euler method", name(method));
}

DiagonalSystem continuous(const DiscreteDiagonal& system) {
  validate(system);
  DiagonalSystem result{system.mu / system.dt, system.B, system.C, system.D};
  for (Index n = 0; n < result.entries(); ++n) result.B.row(n) /= system.dt * phi(1, system.mu(n));
  validate(result);
  return result;
}

}  // namespace longstate
