#pragma once

// Test signals, the same on every machine for the same seed.

#include <longstate/types.hpp>

#include <cstdint>

namespace cli {

using longstate::Index;
using longstate::Vector;

/// Band-limited noise: a periodic sum of all harmonics from 0 (left out) to `frequency` Hz with normal random
/// amplitudes, turned so that it starts at a zero crossing, and scaled to this root mean square. (As nengo's
/// WhiteSignal.) Throws std::invalid_argument unless 0 < frequency <= rate / 2 and at least one harmonic fits.
Vector<double> white(Index length, double rate, double frequency, double rms, std::uint64_t seed);

/// sin of a phase whose frequency rises evenly from `from` to `to` Hz over the length.
Vector<double> chirp(Index length, double rate, double from, double to);

/// The Mackey-Glass equation x' = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x, one sample a unit of time, Runge-Kutta 4
/// with steps of 0.1, the past around 1.2 (the seed moves it a little), after 300 units of transient. (Mackey & Glass
/// 1977)
Vector<double> mackey_glass(Index length, std::uint64_t seed);

}  // namespace cli
