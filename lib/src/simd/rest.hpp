#pragma once

namespace longstate::simd {

/// Whether a factor of the state, a power of lambda, comes with what T leaves of it: rounded to float alone it would turn and damp a mode
/// that does not fade, sample after sample. In double a factor is itself known no better.
template <class T>
inline constexpr bool keeps_rest = sizeof(T) == 4;

}  // namespace longstate::simd
