#pragma once

/// \file
/// Systems made of systems, and systems in other units. Continuous and discrete alike; discrete ones must agree in dt and convention.
///
/// Cost       O(N^2) with N the sum of the orders, one product of their sizes.
/// Throws     std::invalid_argument if the ports, dt or conventions do not fit.

#include <longstate/config.hpp>
#include <longstate/system/state_space.hpp>

#include <span>

namespace longstate {

/// The output of `first` is the input of `second`. The state is (first, second).
LONGSTATE_API StateSpace series(const StateSpace& first, const StateSpace& second);
LONGSTATE_API DiscreteStateSpace series(const DiscreteStateSpace& first, const DiscreteStateSpace& second);

/// One input to both, the outputs added.
LONGSTATE_API StateSpace parallel(const StateSpace& a, const StateSpace& b);
LONGSTATE_API DiscreteStateSpace parallel(const DiscreteStateSpace& a, const DiscreteStateSpace& b);

/// Each system has inputs of its own, in order, and the outputs are added: a layer that mixes its channels.
LONGSTATE_API StateSpace sum_of_channels(std::span<const StateSpace> systems);
LONGSTATE_API DiscreteStateSpace sum_of_channels(std::span<const DiscreteStateSpace> systems);

/// The system without the states that no input moves or no output sees, told by the zeros of A, B and C alone: nothing is rounded, the
/// response is the same. (A real entry of a diagonal system, as dense() has it, comes with an imaginary part that stays zero.) A system
/// without any other state stays as it is.
LONGSTATE_API StateSpace connected(const StateSpace& system);
LONGSTATE_API DiscreteStateSpace connected(const DiscreteStateSpace& system);

/// The same system with states x / d, d: N positive numbers: A -> d^-1 A d, B -> d^-1 B, C -> C d. Nothing is rounded where d holds powers
/// of two.
LONGSTATE_API StateSpace rescale_states(const StateSpace& system, const Vector<double>& d);
LONGSTATE_API DiscreteStateSpace rescale_states(const DiscreteStateSpace& system, const Vector<double>& d);

/// Units of the states in which A is balanced and B is of the size of C, powers of two. For what runs in float: a filter of eight poles at
/// 1 MHz in companion form has states from 1 to 10^48, float ends at 10^38.
///
///     const auto d = balanced_units(model);
///     Recurrence<float> filter(rescale_states(model, d));
LONGSTATE_API Vector<double> balanced_units(const StateSpace& system);
LONGSTATE_API Vector<double> balanced_units(const DiscreteStateSpace& system);

}  // namespace longstate
