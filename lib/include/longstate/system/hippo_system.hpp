#pragma once

/// \file
/// The system of a measure, kept as the measure: its A and B are known, and need not be formed.

#include <longstate/config.hpp>
#include <longstate/measure/measure.hpp>
#include <longstate/system/state_space.hpp>

namespace longstate {

/// x' = A x + B u with A, B = hippo(measure, order);  y = C x + D u.
struct HippoSystem {
  Measure measure;
  Matrix<double> C;  ///< q x N
  Matrix<double> D;  ///< q x 1

  Index order() const { return C.cols(); }
  Index inputs() const { return 1; }
  Index outputs() const { return C.rows(); }
  bool operator==(const HippoSystem&) const = default;
};

/// Throws std::invalid_argument for legs (it varies in time), an invalid measure or order, or shapes that do not fit.
LONGSTATE_API void validate(const HippoSystem& system);

/// The delay line of delay_system (state_space.hpp), kept as its measure.
LONGSTATE_API HippoSystem hippo_delay_system(const Measure& measure, Index order, double delay);

/// The coefficients of coefficient_system (state_space.hpp), kept as their measure.
LONGSTATE_API HippoSystem hippo_coefficient_system(const Measure& measure, Index order);

/// The same system with its matrices formed. Cost O(N^2).
LONGSTATE_API StateSpace dense(const HippoSystem& system);

}  // namespace longstate
