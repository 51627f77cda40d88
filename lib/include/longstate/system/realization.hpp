#pragma once

/// \file
/// A system from its impulse response (identification): the Ho-Kalman algorithm on the singular values of the block
/// Hankel matrix of the Markov parameters, which is the eigensystem realization algorithm, ERA.
///
///     H = [K_1 K_2 K_3 …; K_2 K_3 …; …] = O X     O = [C; CA; CA^2; …]  the observability matrix
///       ~ U Sigma V^T, cut off at r states        X = [B AB A^2 B …]    the controllability matrix
///     O = U Sigma^1/2,  X = Sigma^1/2 V^T,  C and B their first blocks, A from the shift: O without its first block row
///     is O without its last one, times A.
///
/// Ho & Kalman, Regelungstechnik 14 (1966), 545; Kung, 12th Asilomar Conf. (1978); Juang & Pappa, J. Guidance 8 (1985),
/// 620; for large H: Halko, Martinsson & Tropp, SIAM Review 53 (2011), 217.

#include <longstate/config.hpp>
#include <longstate/system/state_space.hpp>

#include <functional>
#include <optional>

namespace longstate {

/// What is assumed of an impulse response after the last sample given.
enum class Tail {
  /// Nothing: it goes on as the samples given do. The system fits these; its own response may even grow.
  free,
  /// It is zero from there on, a response that ended (a FIR filter). The system is stable.
  zero
};

/// "free" or "zero", and back (which throws std::invalid_argument for another name).
LONGSTATE_API std::string_view name(Tail tail);
LONGSTATE_API Tail make_tail(std::string_view name);

/// At least one of `order` and `error` must be given; with both, the smallest order of at most `order`.
struct RealizationOptions {
  Index order = 0;   ///< states, at most; 0: no limit
  double error = 0;  ///< take the smallest order whose error (see Realization) is at most this; 0: take `order`
  Tail tail = Tail::free;
  double dt = 1;                                 ///< seconds a sample, of the system
  Convention convention = Convention::sequence;  ///< sequence: D = 0; control: D = K_0
  /// Called with the share of the work done, from 0 to 1, or a negative number where it is not known (`error`).
  std::function<void(double)> progress = {};
};

struct Realization {
  DiscreteStateSpace system;
  Vector<double> hankel_singular_values;  ///< of H, falling: all, or the largest, as many as were computed
  /// ||K - response||_2 / ||K||_2, over the samples given, of `system` run; with Tail::zero over all time.
  double error = 0;
  /// Tail::zero: of the error of the frequency response, absolute: 2 sum of those cut off, to 1e-5 of itself, as they were computed.
  std::optional<double> bound;
  double spectral_radius = 0;  ///< the largest modulus of an eigenvalue of A: 1 an integrator, above 1 unstable

  bool stable() const { return spectral_radius < 1; }
};

/// A system with nearly the impulse response K (outputs inputs x L, as kernel() gives it: outputs first).
///
/// Tail::free     H holds the samples given alone, L/2 block rows. A is the least-squares solution of the shift of U, B is
///                that of V, and then C is the least-squares fit of all samples given (with several inputs B, of several
///                outputs too C and then B).
///                Poles on the unit circle and beyond come out as they are; in noise, large orders have some that grow. Where rounding
///                is then felt in an error above 0.01, the order has no solution. A response of n states and at least 2n
///                samples (of one input and output) comes back exactly.
/// Tail::zero     H goes on with zeros, L block rows: the balanced truncation of the delay line of L states that has
///                exactly this response, without that line.
///
/// Order    With `error`, orders are tried upwards from a lower bound, the singular values cut off
///          (||H - H_r||_F / sqrt(block rows) <= ||K - K_r||_2), one by one up to 256, then in steps of 1/16 and back one
///          by one within the last step. A trial without a solution is passed over. At most as many states as there are
///          singular values above rounding: then the system has fewer than `order`.
/// Cost     H with up to 512 rows or columns: its SVD. Beyond, H is not formed: O(q p r L log L + r^2 L) for r states, by
///          FFT, up to six times; without FFTW O(q p r L^2). A trial is O(r^2 L), less where it fails. An error below the
///          noise needs nearly L/2 states, and minutes from L = 10^4 on. Memory about 3 x 8 r L max(q, p) bytes.
/// Accuracy Exact responses: a pole to about 1e-15 / (sigma_n / sigma_1) times its condition, below 1e-8 where
///          sigma_n / sigma_1 >= 1e-6. K is scaled, so that values from 1e-300 to 1e300 are alike.
/// Throws   (an order that has no solution gives way to the next below it)
///          std::invalid_argument for a K that is not outputs inputs x L, is empty, is not finite or above 1e300, or has
///          L max(inputs, outputs) above 2^20; for options out of range, and for an order that such an L does not admit
///          (2^26 / L). std::domain_error if no order reaches the error (it says what does), or none has a solution.
LONGSTATE_API Realization realize(const Matrix<double>& K, Index outputs, Index inputs,
                                  const RealizationOptions& options);

}  // namespace longstate
