#pragma once

// Whether a state can be carried from block to block by powers of A.

#include <longstate/discretize/structured.hpp>

#include <algorithm>
#include <functional>
#include <string_view>
#include <type_traits>

namespace longstate::detail {

/// What a path promises, of the largest |C| |x| (recurrence.hpp).
template <class T>
double promised_error(Index order) {
  return std::is_same_v<T, float> ? 2 * static_cast<double>(std::max<Index>(order, 16)) * 1.2e-7 : 1e-12;
}

/// How a path carries a state over: responses and reach as block_form.hpp has them, advance: x <- A^block x.
struct BlockForm {
  const Matrix<double>& responses;
  const Matrix<double>& reach;
  std::function<void(Vector<double>&)> advance;
  Index block;
};

/// Dense systems and transfer functions whose powers of A hold large numbers that cancel (a companion form of poles that lie together, which
/// every digital filter is; its outputs may be tame all the same, where zeros lie by the poles): impulses early, in the middle and late in a
/// block, and a block of noise, are followed over the next blocks, beside the recurrence in long double. Other structures pass.
/// Throws std::domain_error where an output is off by more than ten times what is promised (transfer functions: the promise times their
/// condition, at most 1e-3) and four times what the recurrence in T is off by (1e-3 at most), relative to the largest |C| |x| up to then.
/// Cost O(N^3 + N^2 block) to see whether anything is large; then O(N^2) for each sample followed, 2 to 64 blocks and about 10^7
/// multiply-adds of long double.
template <class T>
void check_blocks(std::string_view where, const DiscreteSystem& system, const BlockForm& form);

/// A recurrence in float of a dense system whose powers of A are large.
/// Throws std::domain_error where the poles of A, rounded, grow and it does not, or after noise an output is off by a hundredth of the largest.
void check_recurrence_in_float(std::string_view where, const DiscreteSystem& system);

}  // namespace longstate::detail
