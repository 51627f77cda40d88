#pragma once

/// \file
/// From continuous to discrete time.

#include <longstate/config.hpp>
#include <longstate/system/state_space.hpp>

#include <span>
#include <string_view>

namespace longstate {

/// With h = dt, and phi as in phi.hpp:
enum class Discretization {
  forward_euler,   ///< A = I + hA                               B = hB                 gbt with alpha = 0
  backward_euler,  ///< A = (I - hA)^-1                          B = (I - hA)^-1 hB     gbt with alpha = 1
  bilinear,        ///< gbt with alpha = 1/2; in the control convention this is Tustin's method
  gbt,             ///< A = (I - ahA)^-1 (I + (1-a)hA)           B = (I - ahA)^-1 hB    (Zhang, Chen & Chen 2007)
  zoh,             ///< A = e^(hA)                               B = h phi_1(hA) B      the input held for the step
  foh,             ///< A = e^(hA), the input joined by straight lines; control convention only (and Memory)
  impulse          ///< A = e^(hA)                               B = h e^(hA) B         control convention only
};

/// "forward-euler", "backward-euler", "bilinear", "gbt", "zoh", "foh", "impulse".
LONGSTATE_API std::span<const std::string_view> discretization_names();
LONGSTATE_API std::string_view name(Discretization method);

/// The method of that name; throws std::invalid_argument with the known ones for another.
LONGSTATE_API Discretization make_discretization(std::string_view name);

/// What the signal does between its samples.
enum class Intersample {
  approximate,  ///< nearly as held: gbt and its kind
  held,         ///< each sample holds for a step: zoh
  lines,        ///< straight lines join the samples: foh
  none          ///< nothing that a Memory could keep: impulse
};
LONGSTATE_API Intersample intersample(Discretization method);

/// The convention of a method where none is asked for: sequence, but control for those that have no other, foh and impulse.
LONGSTATE_API Convention default_convention(Discretization method);

struct DiscretizeOptions {
  Convention convention = Convention::sequence;
  double alpha = 0.5;  ///< of gbt alone: from 0 (forward Euler) to 1 (backward Euler)
};

/// The discrete system with steps of dt seconds.
///
/// In the control convention it is what scipy.signal.cont2discrete gives, C and D included: gbt and its kind
/// C (I - ahA)^-1 and D + a C B; foh D + C h phi_2 B; impulse D = h C B. In the sequence convention A and B are the
/// same and C, D stay as they are: this is what S4 and its kin call bilinear (half a sample less lag than Tustin's).
///
/// No inverse of A occurs, so a singular A (an integrator, fourier) is like any other, and so are stiff and tiny steps. Nor do the
/// units of the states matter (SI units, companion forms): it works in balanced ones, powers of two, which round nothing.
///
/// Cost       O(N^3).
/// Accuracy   1e-12 of the largest entry for every measure up to N = 64, dt / theta from 1e-3 to 0.1. Of systems in any scaling the
///            kernel has max(1e-10, 10 kappa eps) of its largest value (docs/accuracy.md, "Any scaling").
/// Throws     std::invalid_argument if dt is not positive and finite, alpha is not in [0, 1], the system's shapes do not
///            fit; for foh and impulse in the sequence convention (foh needs the sample before, impulse would count the
///            current sample twice); for impulse with D != 0 (its impulse response has none to sample);
///            std::domain_error if I - ahA is singular, or if a result is beyond the largest number.
LONGSTATE_API DiscreteStateSpace discretize(const StateSpace& system, double dt, Discretization method,
                                            const DiscretizeOptions& options = {});

/// Throws as discretize() for a dt, or a method in a convention, that no system takes.
LONGSTATE_API void check_discretization(Discretization method, double dt, const DiscretizeOptions& options);

/// Whether it is one of the first four, the generalised bilinear transform and its special cases.
LONGSTATE_API bool is_gbt(Discretization method);

/// alpha of the generalised bilinear transform: 0, 1, 1/2 or `alpha`; only for the first four methods.
LONGSTATE_API double gbt_alpha(Discretization method, double alpha);

/// The age, in samples, that the newest sample has for the state of a sequence-form system. 1/2 for zoh: a sample
/// stands for the cell that ends now, so it is worth its centre. 1 - alpha for gbt and its kind, since their state is
/// (s - A)^-1 B z / (1 - alpha + alpha z) U with s = (z - 1) / (dt (1 - alpha + alpha z)), and the factor advances the
/// input by 1 - alpha samples: bilinear 1/2, backward Euler 0, forward Euler 1. 0 for foh and impulse.
LONGSTATE_API double sample_age(Discretization method, double alpha = 0.5);

}  // namespace longstate
