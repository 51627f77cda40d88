#pragma once

/// \file
/// Diagonal Pade approximants of the exponential, as products of factors that contract.
///
/// The [m/m] approximant, m even, is r(z) = prod (1 + z/a)(1 + z/conj a) / ((1 - z/a)(1 - z/conj a)) over the m/2 poles
/// a of the upper half-plane. Each factor has modulus at most 1 for Re z <= 0, so r(hA) of a matrix whose field of values
/// lies there (every HiPPO matrix after its diagonal scaling) never grows, whatever the step, and rounding is not
/// amplified. With c = 2i Re a / Im a, a factor is
///
///     1 + 2 Re( c/a  z (1 - z/a)^-1 ),
///
/// one product and one complex solve with a real matrix, and an increment: in float a small step keeps its digits.
/// (Golub & Van Loan, Matrix Computations, 9.3.1; von Neumann's inequality for the bound.)

#include <longstate/config.hpp>
#include <longstate/types.hpp>

#include <complex>
#include <span>

namespace longstate {

struct PadeOptions {
  Index degree = 0;    ///< m: even, from 2 to 16; 0: chosen for full double accuracy at the least work
  Index substeps = 0;  ///< equal parts of the step; 0: chosen
  bool operator==(const PadeOptions&) const = default;
};

/// The poles of the [degree/degree] approximant in the upper half-plane, degree / 2 of them.
/// Throws std::invalid_argument for a degree that is odd or not in [2, 16].
LONGSTATE_API std::span<const std::complex<double>> pade_poles(Index degree);

/// A degree and a number of sub-steps for a step with ||hA|| <= norm, in place of the zeros in `options`. Chosen:
/// sub-steps so short that the first term of the error, (m!)^2 |z|^(2m+1) / ((2m)! (2m+1)!), is below 2^-54; of these the
/// ones with the fewest solves. (A diagonal approximant does not decay for large |z|, so with sub-steps fixed by the
/// caller a stiff step is stable, but not accurate.)
/// Throws std::invalid_argument as pade_poles, or if options.substeps is not from 0 to 2^20.
LONGSTATE_API PadeOptions choose_pade(double norm, const PadeOptions& options = {});

}  // namespace longstate
