#pragma once

#include "cli/signal_input.hpp"

namespace cli {

/// Audio files, by libsndfile. Throws InputError for a file that it cannot read or that is cut short.
std::unique_ptr<SignalInput> open_audio(const std::string& path);

/// Writes a WAV file in 32-bit float. Throws Failure.
void write_wav(const std::string& path, const Matrix<double>& samples, double rate);

}  // namespace cli
