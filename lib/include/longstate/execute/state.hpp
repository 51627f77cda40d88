#pragma once

/// \file
/// States as values that outlive a program, and what they say of the past.

#include <longstate/config.hpp>
#include <longstate/discretize/structured.hpp>
#include <longstate/measure/measure.hpp>
#include <longstate/types.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace longstate {

/// The bytes of a state: "LSTA", version (1), bytes of a value (4 or 8), its structure (0: not said), rows, cols, the values column by
/// column, and a CRC-32 of all that; little-endian. Exact: what is restored is equal.      Cost O(N copies).
template <class T>
LONGSTATE_API std::vector<std::byte> save_state(const State<T>& x);

/// The state again. Throws std::invalid_argument saying what is wrong: not a state, another version, another precision,
/// cut short or too long, a checksum that does not fit (any single flipped bit is found), a structure that there is not, a value
/// that is not finite.
template <class T>
LONGSTATE_API State<T> restore_state(std::span<const std::byte> bytes);

/// The same with the structure whose state it is: numbers that one structure keeps mean something else to another of the same order.
/// Both throw std::invalid_argument where the system has another order, restore_state where the bytes say another structure. Bytes that
/// say none are taken.
template <class T>
LONGSTATE_API std::vector<std::byte> save_state(const State<T>& x, const DiscreteSystem& system);
template <class T>
LONGSTATE_API State<T> restore_state(std::span<const std::byte> bytes, const DiscreteSystem& system);

extern template std::vector<std::byte> save_state<float>(const State<float>& x);
extern template std::vector<std::byte> save_state<double>(const State<double>& x);
extern template State<float> restore_state<float>(std::span<const std::byte> bytes);
extern template State<double> restore_state<double>(std::span<const std::byte> bytes);

/// The past that coefficients of a measure hold, u(t - delay), at any ages = delay / theta between or beyond the samples
/// (for legs delay / elapsed time): sum_n x_n h_n(age). Cost O(N) an age.
/// Throws std::invalid_argument as basis().
LONGSTATE_API Vector<double> read_out(const Measure& measure, const ConstFrame<double>& coefficients,
                                      const ConstFrame<double>& ages);

}  // namespace longstate
