#pragma once

// Powers of A, or sums in B, C or A, may cancel, and numbers may leave the range of T. So a path of a dense system or transfer function first
// runs test signals beside the recurrence in long double. Companion forms, which most digital filters come in, are the usual case.

#include "../detail/balance.hpp"
#include "../structure/long_powers.hpp"

#include <longstate/discretize/structured.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>

namespace longstate::detail {

/// What a path promises, of the largest |C| |x| (recurrence.hpp).
template <class T>
double promised_error(Index order) {
  return std::is_same_v<T, float> ? 2 * static_cast<double>(std::max<Index>(order, 16)) * 1.2e-7 : 1e-12;
}

/// Whether a path of this system is made of powers and sums that may cancel. Other structures pass.
bool made_of_powers(const DiscreteSystem& system);

/// Tries the recurrence in T with the signals that tell (excitation.hpp): noise, a constant, and what drives the largest state as far as it goes, where
/// powers of A are large, sums of B, C or A may cancel, or numbers come near the ends of T in the units given; and let go
/// from states that B may not reach.
/// Throws std::domain_error where an output is off by a hundredth of its largest, or, from such a state, of the largest |C| |x|, or the poles of A, rounded to float, grow and it does not
/// (up to 512 states).
/// In double, systems of more than 512 states pass.
/// Cost two products with A for each sample (memory() or more) of each signal, 6 10^7 products and what the last signal takes at most; up to
/// 512 states O(N^3) to see whether powers are large.
template <class T>
void try_recurrence(std::string_view where, const DiscreteSystem& system);

/// A system in units in which it shows whether powers of A are large: rounding does not see powers of two.
struct Powers {
  DiscreteStateSpace given;
  Balanced<DiscreteStateSpace> balanced;
  bool tame;  // powers up to that of a block, or of a trial of the recurrence; false where that has not been looked at
};

/// Of systems made of powers. Before tables are made: throws std::domain_error where powers are large, also those of A divided by its
/// spectral radius, and so many states that to try two blocks would take seconds.   Cost O(N^3 log block)
std::optional<Powers> powers_of_block(std::string_view where, const DiscreteSystem& system, Index block);

/// How a path carries a state over: responses and reach as structure/block_realization.hpp has them, step: A^block as it is run, its factors rounded, not their product.
struct BlockForm {
  const Matrix<double>& responses;
  const Matrix<double>& reach;
  Long step;
  const Matrix<double>& kernel;  // of at least a block
  Index block;
  bool parts;                  // the path takes less than a block, too, and goes on from there
  bool rounds_by_the_largest;  // outputs of a block's own inputs: relative to the largest value of the kernel
};

/// A path of one system as it runs: u p x n, y q x n, n whole blocks or, where it takes them, parts; x N, in the units given.
template <class T>
using RunBlocks = std::function<void(const Matrix<T>& u, Matrix<T>& y, Vector<T>& x)>;

/// Tries a path of blocks where the recurrence would be tried, or a block's tables may cancel: with the same signals, by blocks and, where
/// it takes them, by parts of blocks in turn; impulses early, in the middle and late in a block; and signals from states. As many of these as 6 10^7 products of long double take, two blocks at least, noise always.
/// Throws std::domain_error where an output is off by more than what is promised (transfer functions: times their condition, at most 1e-3;
/// and what does not fade adds up) and four times what the recurrence in T is off by (1e-3 at most), relative to the largest |C| |x| up to then, or by more than a
/// hundredth of its largest, or where the step of a block, rounded, and its powers leave those of A (up to 64 states).
template <class T>
void try_blocks(std::string_view where, const DiscreteSystem& system, const Powers& powers, const BlockForm& form,
                const RunBlocks<T>& run);

/// Whether a path of blocks is for a plan to choose: on these signals, and those from states but for a tone that is there for ever, each output is off by
/// at most ten times what the recurrence in T is off by, and what is promised, of the output itself. (In companion form the recurrence
/// rounds one number a sample, which is as noise at the input; blocks round every state on its own, and that may be 10^4 times as much.)
template <class T>
bool as_good_as_steps(const DiscreteSystem& system, Index block, const RunBlocks<T>& run);

}  // namespace longstate::detail
