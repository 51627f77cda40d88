#pragma once

// Solves with a normal plus low rank matrix, by the Woodbury identity.

#include "../detail/decompositions.hpp"

#include <longstate/system/nplr.hpp>

namespace longstate::detail {

/// (I - g A)^-1 of A = Lambda - P P*, in both halves:  R - g R P (I + g 2 Re(P* R P))^-1 2 Re(P* R .),  R = (I - g Lambda)^-1.
struct NplrResolvent {
  using Complex = std::complex<double>;

  NplrResolvent(const Vector<Complex>& lambda, const Matrix<Complex>& P, double g)
      : R((1.0 - g * lambda.array()).inverse()),
        RP(R.asDiagonal() * P),
        small(Matrix<double>::Identity(P.cols(), P.cols()) + g * 2 * (P.adjoint() * RP).real()) {}

  Vector<Complex> R;
  Matrix<Complex> RP;
  Lu<double> small;
};

}  // namespace longstate::detail
