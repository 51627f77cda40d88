#pragma once

// Digital filters in companion form, and whether a path takes them.

#include <longstate/longstate.hpp>

#include <stdexcept>
#include <vector>

namespace support {

/// Butterworth's low-pass: the poles of the analogue prototype through the bilinear map, warped. cutoff: of half the rate
longstate::DiscreteStateSpace butterworth(int order, double cutoff);

/// The high-pass of the same poles: all its zeros at 1.
longstate::DiscreteStateSpace high_pass(longstate::DiscreteStateSpace low_pass);

/// scipy's tf2ss of a filter: a, the first row of A; c and d, of C and D.
longstate::DiscreteStateSpace companion(const std::vector<double>& a, const std::vector<double>& c, double d);

/// The filter, then `lags` unit delays.
longstate::DiscreteStateSpace delayed(const longstate::DiscreteStateSpace& filter, longstate::Index lags);

template <class Path>
bool takes(const longstate::DiscreteStateSpace& s, longstate::Index block) {
  try {
    Path(s, block);
    return true;
  } catch (const std::domain_error&) {
    return false;
  }
}

inline bool has_kernel(const longstate::DiscreteStateSpace& s) {
  try {
    longstate::kernel(s, 300);
    return true;
  } catch (const std::domain_error&) {
    return false;
  }
}

}  // namespace support
