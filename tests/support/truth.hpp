#pragma once

// What a model is by its definition, in long double, from the numbers of its fields alone: no function of the library has a part in it. All
// paths are held against this (laws.hpp).

#include <longstate/longstate.hpp>

namespace support {

using Long = longstate::Matrix<long double>;

/// e^X by 30 terms of its series at X / 2^s, and s squarings.
Long exponential(Long X);

/// x' = A x + B u, y = C x + D u, by the formulas in the headers of these types; measures: legs-exp, legt, lmu, lagt (alpha = beta = 0)
/// and fourier.
struct ContinuousTruth {
  Long A, B, C, D;
};
ContinuousTruth truth(const longstate::StateSpace& system);
ContinuousTruth truth(const longstate::HippoSystem& system);
ContinuousTruth truth(const longstate::DiagonalSystem& system);
ContinuousTruth truth(const longstate::NplrSystem& system);

/// x <- A x + B u; y sees x as it is then or, for control, as it was before.
struct Truth {
  Long A, B, C, D;
  bool control;
};
Truth truth(const longstate::TransferFunction& system);

/// Steps of dt by zoh, or by gbt with this alpha in the sequence convention.
Truth by_zoh(const ContinuousTruth& system, double dt, longstate::Convention convention);
Truth by_gbt(const ContinuousTruth& system, double dt, double alpha);

/// Outputs and final state, and what they are measured by: the largest |C| |x| + |D| |u| of a sample, and the largest number in a state.
struct TrueRun {
  Long y, x;
  long double output_scale, state_scale;
};
TrueRun run(const Truth& system, const Long& u, const Long& x0);

}  // namespace support
