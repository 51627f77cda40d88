#pragma once

/// \file
/// Systems made of systems. Continuous and discrete alike; discrete ones must agree in dt and convention.
///
/// Cost       O(N^2) with N the sum of the orders, one product of their sizes.
/// Throws     std::invalid_argument if the ports, dt or conventions do not fit.

#include <longstate/system/state_space.hpp>

#include <span>

namespace longstate {

/// The output of `first` is the input of `second`. The state is (first, second).
StateSpace series(const StateSpace& first, const StateSpace& second);
DiscreteStateSpace series(const DiscreteStateSpace& first, const DiscreteStateSpace& second);

/// One input to both, the outputs added.
StateSpace parallel(const StateSpace& a, const StateSpace& b);
DiscreteStateSpace parallel(const DiscreteStateSpace& a, const DiscreteStateSpace& b);

/// Each system has inputs of its own, in order, and the outputs are added: a layer that mixes its channels.
StateSpace sum_of_channels(std::span<const StateSpace> systems);
DiscreteStateSpace sum_of_channels(std::span<const DiscreteStateSpace> systems);

}  // namespace longstate
