#pragma once

// The numbers of HiPPO and nplr systems in the order in which the loops of simd/sweep.hpp read them, in double.

#include "../simd/sweep.hpp"

#include <longstate/discretize/hippo_step.hpp>
#include <longstate/discretize/structured.hpp>

#include <vector>

namespace longstate::detail {

using Numbers = std::vector<double>;

/// What the loops have alike for all systems of a layer, without tables: of one channel in a lane.
template <class T>
simd::Sweep<T> sweep_shape(const HippoStep<double>& step);
template <class T>
simd::Sweep<T> sweep_shape(const DiscreteNplr& system);

/// All factors of one channel's system.
Numbers sweep_numbers(const HippoStep<double>& step);

/// The same for `scan`, entries in rows of W: a vector of W for each number.
std::vector<Numbers> scan_numbers(const HippoStep<double>& step, Index W);

/// w of each factor.
Numbers sweep_weights(const HippoStep<double>& step);

/// lambda as T holds it, and what T leaves of it.
template <class T>
Numbers sweep_numbers(const DiscreteNplr& system);

/// D; then B and C of each number of the state.
Numbers sweep_ports(const DiscreteSystem& system);

/// Of `scan`: D, then B, C of each row.
std::vector<Numbers> scan_ports(const DiscreteSystem& system, Index W);

/// fourier's numbers go in pairs, the constant and, of an even order, the last one beside a zero.
bool in_pairs(const DiscreteSystem& system);

}  // namespace longstate::detail
