#pragma once

/// \file
/// Smaller systems with nearly the same impulse response: Gramians, Hankel singular values, balanced truncation (Moore
/// 1981). A measured impulse response: realization.hpp.
///
/// The Hankel singular values sigma_1 >= sigma_2 >= … measure what each balanced state carries from past to future. Cut
/// off at order r, the error of the frequency response is at most 2 (sigma_{r+1} + sigma_{r+2} + …) at any frequency
/// (Glover 1984, theorem 9.6; Al-Saggaf & Franklin 1987 in discrete time).
///
/// Gramians are never formed, only factors Z with Z Z^T = sum_k A^k B B^T A^kT, by squaring (Smith 1968: [Z, A^(2^k) Z],
/// compressed by QR). A Lyapunov solver's Gramian holds the squares of the singular values, and loses those below
/// sqrt(eps) sigma_1; factors keep them to eps sigma_1, in any units of the states and for any spread of time constants up to 1e14.
///
/// Poles that do not fade (unstable ones and integrators) have no Gramian: reductions split them off and keep them as they are.

#include <longstate/config.hpp>
#include <longstate/system/state_space.hpp>

namespace longstate {

/// A smaller system, StateSpace or DiscreteStateSpace as the original.
template <class System>
struct Reduction {
  System system;
  Vector<double> hankel_singular_values;  ///< all of the original (of its part that fades), falling
  double bound = 0;                       ///< 2 sum of those cut off: of the frequency response, absolute
  double difference =
      0;  ///< of the impulse responses, relative 2-norm, of what fades; infinite if the smaller one does not fade
};

/// Z (N x at most N) with Z Z^T the controllability Gramian sum_k A^k B B^T (A^T)^k.
/// Throws std::domain_error if A is not stable (the sum does not converge). Cost O(N^3 log(time constant / dt)).
LONGSTATE_API Matrix<double> controllability_factor(const DiscreteStateSpace& system);

/// The Hankel singular values, min(N, …) of them, falling. A continuous system has those of its Cayley transform.
/// Accuracy   sigma_1 times rounding where poles are told from the boundary of stability to all digits (as real ones on the diagonal), else
///            what rounding A does to them: of a pair that turns by omega and fades by d, omega / d times rounding
///            (tests/system/gramian_test.cpp, against 50 digits and more).
/// Throws and costs as controllability_factor, and O(N^3).
LONGSTATE_API Vector<double> hankel_singular_values(const DiscreteStateSpace& system);
LONGSTATE_API Vector<double> hankel_singular_values(const StateSpace& system);

/// The balanced system of `order` states, at most as many as there are singular values above rounding (then it has
/// fewer). D stays. Poles that do not fade count in the order, and stay.
/// Throws std::invalid_argument for an order below 1 or below the number of poles that do not fade.
LONGSTATE_API Reduction<DiscreteStateSpace> balanced_truncation(const DiscreteStateSpace& system, Index order);
LONGSTATE_API Reduction<StateSpace> balanced_truncation(const StateSpace& system, Index order);

/// That of these systems whose impulse response, over all time, differs from the given one by at most `error` times its 2-norm (without
/// D), and that of one state less by more; found by bisection on the order. (Errors mostly fall with the order: rarely a smaller one would do.)
/// Throws std::domain_error if even the largest order does not reach it (then it says what does), and as above.
LONGSTATE_API Reduction<DiscreteStateSpace> reduce_to_error(const DiscreteStateSpace& system, double error);
LONGSTATE_API Reduction<StateSpace> reduce_to_error(const StateSpace& system, double error);

/// The 2-norm of the kernel (kernel.hpp) from value `length` on, D at the start not counted: exact, by the Gramian. Cost O(N^3 log).
/// Throws std::invalid_argument if length < 0, std::domain_error if A is not stable or the norm passes the largest number.
LONGSTATE_API double tail_norm(const DiscreteStateSpace& system, Index length);

/// The least length beyond which tail_norm is at most `error` times the whole: what a kernel cut there leaves out, y
/// differs by at most error ||K||_2 ||u||_2.
/// Throws std::invalid_argument if error is not in (0, 1), std::domain_error if A is not stable or it is beyond 2^30. Cost O(N^3 log).
LONGSTATE_API Index kernel_length(const DiscreteStateSpace& system, double error);

}  // namespace longstate
