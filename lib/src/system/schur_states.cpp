#include "schur_states.hpp"

#include "../detail/balance.hpp"
#include "../detail/decompositions.hpp"
#include "exact_product.hpp"

namespace longstate::detail {
namespace {

/// The Y with Q Y = L R for an orthogonal Q, from a Y that nearly is: what that leaves over is computed exactly.
Matrix<double> refined(const Matrix<double>& Q, const Matrix<double>& L, const Matrix<double>& R,
                       const Matrix<double>& Y) {
  ExactSum rest(Q.rows(), Y.cols());
  rest.add_product(L, R);
  rest.add_product(-Q, Y);
  return Y + Q.transpose() * rest.rounded();
}

}  // namespace

template <class System>
SchurStates<System>::SchurStates(const System& s) : system(s), T(Matrix<double>::Identity(s.order(), s.order())) {
  const Balanced<System> balanced(s);
  const auto [Q, triangle, converged] = real_schur(balanced.system.A);
  if (!converged) return;
  const Matrix<double>& B = balanced.system.B;
  ExactSum C(s.C.rows(), s.C.cols());
  C.add_product(balanced.system.C, Q);
  system.A = refined(Q, balanced.system.A, Q, triangle);
  system.B = refined(Q, Matrix<double>::Identity(s.order(), s.order()), B, Q.transpose() * B);
  system.C = C.rounded();
  T = balanced.d.asDiagonal() * Q;
}

template struct SchurStates<StateSpace>;
template struct SchurStates<DiscreteStateSpace>;

}  // namespace longstate::detail
