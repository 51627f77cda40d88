#pragma once

/// \file
/// Discrete systems that keep their structure, made by discretize() from continuous ones that have it.
///
/// All run on the same paths (execute/). Their state is real, N x copies, whatever the structure: a complex entry is
/// (re, im), so C is q x N and B is N x p in these coordinates (`dense` gives the matrices).

#include <longstate/config.hpp>
#include <longstate/discretize/discretize.hpp>
#include <longstate/discretize/pade.hpp>
#include <longstate/system/diagonal.hpp>
#include <longstate/system/hippo_system.hpp>
#include <longstate/system/nplr.hpp>
#include <longstate/system/structure.hpp>
#include <longstate/system/transfer_function.hpp>

#include <variant>

namespace longstate {

/// A step of a measure's operator in O(N): A is that of hippo_step.hpp.
struct DiscreteHippo {
  Measure measure;
  Discretization method = Discretization::zoh;
  double alpha = 0.5;  ///< of gbt
  PadeOptions pade;    ///< of zoh, foh and impulse; zeros: chosen
  Matrix<double> B;    ///< N x 1
  Matrix<double> C;    ///< q x N
  Matrix<double> D;    ///< q x 1
  double dt = 1.0;     ///< seconds per sample
  Convention convention = Convention::sequence;

  Index order() const { return B.rows(); }
  Index inputs() const { return 1; }
  Index outputs() const { return C.rows(); }
  bool operator==(const DiscreteHippo&) const = default;
};

/// x_n <- e^{mu_n} x_n + (B u)_n,  y = 2 Re(C x) + D u. The logarithm mu of the discrete eigenvalue is kept since the
/// eigenvalue itself, near 1, could not hold its distance from 1: after 2^20 steps ten digits would be gone.
struct DiscreteDiagonal {
  Vector<std::complex<double>> mu;  ///< entries
  Matrix<std::complex<double>> B;   ///< entries x p
  Matrix<std::complex<double>> C;   ///< q x entries
  Matrix<double> D;                 ///< q x p
  double dt = 1.0;                  ///< seconds per sample
  Convention convention = Convention::sequence;

  Index order() const { return 2 * mu.size(); }
  Index inputs() const { return B.cols(); }
  Index outputs() const { return C.rows(); }
  bool operator==(const DiscreteDiagonal&) const = default;
};

/// A = (I - alpha dt A_c)^-1 (I + (1-alpha) dt A_c) with A_c = Lambda - P P*, by the Woodbury identity.
struct DiscreteNplr {
  NplrSystem continuous;
  double alpha = 0.5;              ///< of gbt: 1/2 is bilinear
  Matrix<std::complex<double>> B;  ///< entries x p, discrete; that of `continuous`, by which the kernel goes
  Matrix<std::complex<double>> C;  ///< q x entries, discrete
  Matrix<double> D;                ///< q x p, discrete
  double dt = 1.0;                 ///< seconds per sample
  Convention convention = Convention::sequence;

  Index order() const { return continuous.order(); }
  Index inputs() const { return B.cols(); }
  Index outputs() const { return C.rows(); }
  bool operator==(const DiscreteNplr&) const = default;
};

/// The discrete system, its structure kept, with what discretize.hpp says of methods, conventions and errors.
///
/// HippoSystem     every method, chebt none (std::invalid_argument). Cost O(N) a column of B and row of C, times the solves
///                 of a step (hippo_step.hpp).
/// DiagonalSystem  every method, in closed form by scalar phi functions, safe at lambda = 0 and for any lambda dt.
///                 Cost O(N (p + q)).
/// NplrSystem      gbt and its kind. zoh, foh and impulse throw std::invalid_argument: e^(hA) of a normal plus low rank
///                 matrix is not normal plus low rank, so neither an O(N) step nor the kernel by Cauchy sums exists; take
///                 structure hippo or dense. Cost O(N r (p + q + r)).
///
/// Throws     also std::domain_error where a value of the discrete system is beyond the range of double, by its name.
LONGSTATE_API DiscreteHippo discretize(const HippoSystem& system, double dt, Discretization method,
                                       const DiscretizeOptions& options = {}, const PadeOptions& pade = {});
LONGSTATE_API DiscreteDiagonal discretize(const DiagonalSystem& system, double dt, Discretization method,
                                          const DiscretizeOptions& options = {});
LONGSTATE_API DiscreteNplr discretize(const NplrSystem& system, double dt, Discretization method,
                                      const DiscretizeOptions& options = {});

/// Any discrete system, as the paths take it, of whatever structure: a value that has been checked.
///
/// It is a std::variant, too: std::get_if<DiscreteDiagonal>(&system), std::visit. Whoever changes it through these changes it unchecked;
/// a path checks once more.
class LONGSTATE_API DiscreteSystem
    : public std::variant<DiscreteStateSpace, DiscreteHippo, DiscreteNplr, DiscreteDiagonal, TransferFunction> {
 public:
  /// Throws std::invalid_argument naming the field whose shape does not fit, or that holds a value that is not finite.
  DiscreteSystem(DiscreteStateSpace system);
  DiscreteSystem(DiscreteHippo system);
  DiscreteSystem(DiscreteNplr system);
  DiscreteSystem(DiscreteDiagonal system);
  DiscreteSystem(TransferFunction system);

  Structure structure() const;
  Index order() const;  ///< real numbers in the state
  Index inputs() const;
  Index outputs() const;
  double dt() const;  ///< seconds per sample
  Convention convention() const;

  /// The same system with its matrices formed, in the coordinates of its real state. Cost O(N^2), hippo N steps.
  DiscreteStateSpace dense() const;
  /// transfer.hpp
  TransferFunction transfer_function(double max_error = 1e-10) const;

  /// The same structure with the same numbers.
  bool operator==(const DiscreteSystem& other) const = default;
};

LONGSTATE_API Structure structure(const DiscreteSystem& system);
LONGSTATE_API Index order(const DiscreteSystem& system);  ///< real numbers in the state
LONGSTATE_API Index inputs(const DiscreteSystem& system);
LONGSTATE_API Index outputs(const DiscreteSystem& system);
LONGSTATE_API double time_step(const DiscreteSystem& system);  ///< dt
LONGSTATE_API Convention convention(const DiscreteSystem& system);

/// Throws std::invalid_argument naming what is wrong.
LONGSTATE_API void validate(const DiscreteSystem& system);

/// B, C and D in the coordinates of the real state.
LONGSTATE_API Matrix<double> input_matrix(const DiscreteSystem& system);
LONGSTATE_API Matrix<double> output_matrix(const DiscreteSystem& system);
LONGSTATE_API Matrix<double> feed_through(const DiscreteSystem& system);

/// A - I, N x N, of a hippo system with more digits than A can hold beside a 1: A^L by repeated squaring multiplies what A
/// rounds off by L. Cost as dense().
LONGSTATE_API Matrix<double> increment(const DiscreteSystem& system);

/// The same system with its matrices formed, in the coordinates of its real state. Cost O(N^2), hippo N steps.
LONGSTATE_API DiscreteStateSpace dense(const DiscreteSystem& system);

}  // namespace longstate
