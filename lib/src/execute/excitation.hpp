#pragma once

// Signals that show what rounding does to a dense system, and how long they have to go on.

#include <longstate/system/state_space.hpp>

#include <optional>

namespace longstate::detail {

/// A signal of -1, 0 and 1, and the state that it starts from, in balanced units. (Signal is the view that a path runs.)
struct Excitation {
  Matrix<double> u;
  Vector<double> x0;
  bool may_vanish =
      false;  ///< |C| |x| may be nothing, by chance: |C| (|A| |x| + |B| |u|) counts, what a sample is summed of
};

/// Starting from zeros.
Excitation from_rest(Matrix<double> u, Index order);

/// Of either sign, by a shift register: the same every time.
Matrix<double> noise(Index rows, Index cols);

/// What shows rounding: noise, what drives the largest state as far as it goes, and a constant, which a high-pass is to forget; of several
/// inputs, noise at each alone, too: one may be quieter than another. One at a time, since they are long: which < telling_signals(s).
Index telling_signals(const DiscreteStateSpace& s);
Excitation telling_signal(const DiscreteStateSpace& s, Index which, Index samples);

/// Signals whose start state is the point. Let go: without input, from where the signal would have brought a system of the same A whose input
/// reaches every state, B or not: what a start state, or a mode that no input drives, may hold. The largest state is 1.
enum class FromState {
  constant,          ///< there for ever: a resonance elsewhere is at rest, and its kernel cancels
  constant_let_go,   ///< nearly a constant (2^-20 a sample): the slowest modes
  slow_rise_let_go,  ///< one that rises by 2^-8 a sample: others beside an integrator
  tone_let_go,       ///< the fastest tone, rising by 2^-8
  tone               ///< there for ever
};
inline constexpr FromState free_responses[] = {FromState::constant_let_go, FromState::slow_rise_let_go,
                                               FromState::tone_let_go};
inline constexpr FromState from_states[] = {FromState::constant, FromState::constant_let_go,
                                            FromState::slow_rise_let_go, FromState::tone_let_go, FromState::tone};
std::optional<Excitation> signal_from_state(const DiscreteStateSpace& s, FromState which,
                                            Index samples);  ///< nothing: no such state

/// At each input, early, in the middle and late in a block: which < 3 p.
Excitation impulse(const DiscreteStateSpace& s, Index which, Index block, Index samples);

/// The largest of each output of noise, also of noise held for 32, 1024 and 32,768 samples, so that what a delay holds back counts, too.
/// Powers of A that are not tame end it: what grows would outgrow any error.
Vector<long double> largest_outputs(const DiscreteStateSpace& s);

/// What a step of a trial costs: products with what is not zero, and what goes with them.
Index work_of_step(const DiscreteStateSpace& s);

/// Samples in which the slowest mode fades to 1/e; infinity above 2^20, where eigenvalues are not known so well. 0 where that is not looked at, of more than 64 states.
double time_constant(const DiscreteStateSpace& s);

/// How many samples to try: 4 N, for delays, or 8 time constants of the slowest mode; 2^17 samples and 2 10^7 products at most, 2^13 samples
/// where nothing fades.
Index memory(const DiscreteStateSpace& s);

}  // namespace longstate::detail
