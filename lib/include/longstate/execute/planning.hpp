#pragma once

/// \file
/// Planning by rule or by measuring, of Fourier transforms and of whole paths.

#include <longstate/config.hpp>

#include <string>

namespace longstate {

enum class Planning {
  estimate,  ///< at once, by rule
  measure,   ///< by timing the ways to do it: seconds for the longest, and often 1.3 x faster transforms
};

#if LONGSTATE_WITH_FFTW

/// What FFTW has learnt by measuring so far, in both precisions, as text to keep for the next start: with it, measured
/// plans are made at once. (FFTW manual, 3.3, "Words of Wisdom".) Thread-safe.
LONGSTATE_API std::string fft_wisdom();

/// Adds what an earlier fft_wisdom() gave. Throws std::invalid_argument if `wisdom` is not such a text. Thread-safe.
LONGSTATE_API void learn_fft_wisdom(const std::string& wisdom);
#endif

}  // namespace longstate
