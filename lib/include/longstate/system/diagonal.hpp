#pragma once

/// \file
/// Diagonal systems (S4D, DSS, LRU): each entry evolves by itself.

#include <longstate/config.hpp>
#include <longstate/system/state_space.hpp>

#include <complex>
#include <span>
#include <string_view>

namespace longstate {

/// Continuous time, real input and output, complex states of which each stands for itself and its conjugate:
///
///     x_n' = lambda_n x_n + (B u)_n,        y = 2 Re(C x) + D u.
///
/// A real eigenvalue is an entry whose imaginary part is zero and whose C (or B) is halved. Of `entries` complex numbers,
/// so of order 2 entries as a real system.
struct DiagonalSystem {
  Vector<std::complex<double>> lambda;  ///< entries, per second
  Matrix<std::complex<double>> B;       ///< entries x p
  Matrix<std::complex<double>> C;       ///< q x entries
  Matrix<double> D;                     ///< q x p

  Index entries() const { return lambda.size(); }
  Index order() const { return 2 * entries(); }  ///< real numbers in the state
  Index inputs() const { return B.cols(); }
  Index outputs() const { return C.rows(); }
  bool operator==(const DiagonalSystem&) const = default;
};

/// Throws std::invalid_argument naming the field whose shape does not fit, or that holds a value that is not finite.
LONGSTATE_API void validate(const DiagonalSystem& system);

/// The names of initialize_diagonal.
LONGSTATE_API std::span<const std::string_view> diagonal_names();

/// A published diagonal system with `order` real numbers of state, one input and one output. With n from 0, N = order and
/// unit theta (lambda and B are divided by theta):
///
///     name       lambda_n                                     B                      source
///     s4d-lin    -1/2 + i pi n                                1                      Gu et al. 2022 (S4D), eq. 9
///     s4d-inv    -1/2 + i (N/pi)(N/(2n+1) - 1)                1                      S4D, eq. 8
///     s4d-legs   the spectrum of the normal part of legs      V* B_legs / 2          S4D, theorem 3 (halved, as proven there)
///     s4d-real   -(n+1)                                       1                      S4D, section 4; Mamba
///     dss        as s4d-legs                                  1                      Gupta et al. 2022 (DSS), section 3.1
///     lru        log of a ring, radii^2 even in [0.9^2, 0.999^2], phases even in [0, pi]; B = sqrt(1 - |a|^2) once
///                discretised by zoh with dt = theta           (Orvieto et al. 2023, LRU, sections 3.3 and 3.4)
///
/// N/2 entries in conjugate pairs, s4d-real N real ones (of order 2N). C is 1, for real ones 1/2, so that the kernel is the
/// sum of all modes. The LRU draws its ring at random; here radii run in the golden-ratio sequence, phases in order.
///
/// Throws std::invalid_argument for an unknown name, an order that is odd or outside [2, max_order], or a theta that is
/// not positive. Cost O(N), s4d-legs and dss O(N^3).
LONGSTATE_API DiagonalSystem initialize_diagonal(std::string_view name, Index order, double theta = 1.0);

/// The system in the coordinates of its eigenvectors, if these are good ones: `max_condition` is the largest condition
/// number (2-norm, eigenvectors of unit length, states in balanced units) that is taken; digits are lost in proportion to it.
/// The unit of each entry is chosen so that its row of B and its column of C are of one size.
///
/// Throws std::domain_error, with the condition number, if it is above the bound: so for legs and legt, whose
/// eigenvectors pass 1e4 at N = 8 and 1e14 at N = 32 (nplr is their form); std::invalid_argument for an invalid system or
/// bound. Cost O(N^3).
LONGSTATE_API DiagonalSystem diagonalize(const StateSpace& system, double max_condition = 1e4);

/// The same system with its matrices formed: A in 2 x 2 blocks [re -im; im re], each entry as (re, im).
LONGSTATE_API StateSpace dense(const DiagonalSystem& system);

}  // namespace longstate
