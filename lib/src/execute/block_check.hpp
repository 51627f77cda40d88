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

/// How a path carries a state over: responses and reach as block_form.hpp has them, advance: x <- A^samples x, of a block or a part of one.
struct BlockForm {
  const Matrix<double>& responses;
  const Matrix<double>& reach;
  std::function<void(Vector<double>&, Index samples)> advance;
  const Matrix<double>& kernel;  // of at least a block
  Index block;
  bool parts;                  // the path takes less than a block, too, and goes on from there
  bool rounds_by_the_largest;  // outputs of a block's own inputs: relative to the largest value of the kernel
};

/// Throws std::domain_error for a dense system or transfer function of more than 64 states whose powers of A up to a block are large, but for
/// growth: check_blocks could not follow it long enough. Before tables are made.   Cost O(N^3 log block).
void check_size(std::string_view where, const DiscreteSystem& system, Index block);

/// Dense systems and transfer functions whose powers of A, or sums of B, C or A, hold large numbers that cancel (a companion form of poles
/// that lie together, which every digital filter is; its outputs may be tame all the same, where zeros lie by the poles): impulses early, in
/// the middle and late in a block, and three signals that tell (noise, a constant, and what drives the largest state as far as it goes), are
/// run by blocks and parts of blocks in turn, beside the recurrence in long double. At some samples the sums of a block's own inputs are made,
/// too, also of a constant and a tone that have been there for ever. Other structures pass.
/// Throws std::domain_error where an output is off by more than what is promised (transfer functions: times their condition, at most 1e-3)
/// and four times what the textbook recurrence in T is off by (1e-3 at most), relative to the largest |C| |x| up to then, or by more than a
/// hundredth of the largest output.
/// Cost O(N^3 log block + N^2 block) to see whether anything is large; then two products with A of long double for each sample of 3 p + 5
/// signals (with parts 3 p + 8) of 2 to 64 blocks, 6 10^6 where two blocks are not more.
template <class T>
void check_blocks(std::string_view where, const DiscreteSystem& system, const BlockForm& form);

/// A recurrence in T of a dense system or transfer function whose powers of A are large, or whose B, C or rows of A add up large numbers
/// that may cancel. Units of the states do not matter to either check.
/// Throws std::domain_error where of one of the three signals an output is off by a hundredth of the largest, or the poles of A, rounded to
/// float, grow and it does not. In double, systems of more than 512 states pass.
template <class T>
void check_recurrence(std::string_view where, const DiscreteSystem& system);

}  // namespace longstate::detail
