#pragma once

// Whether a state can be carried from block to block by powers of A.

#include <longstate/discretize/structured.hpp>

#include <functional>
#include <string_view>

namespace longstate::detail {

/// How a path carries a state over: responses and reach as block_form.hpp has them, advance: x <- A^block x.
struct BlockForm {
  const Matrix<double>& responses;
  const Matrix<double>& reach;
  std::function<void(Vector<double>&)> advance;
  Index block;
};

/// Dense systems and transfer functions whose powers of A hold large numbers that cancel (a companion form of poles that lie together, which
/// every digital filter is): impulses early, in the middle and late in a block are followed over the next blocks, beside the recurrence
/// in long double.
/// Throws std::domain_error where an output is off by more than ten times `promise` (transfer functions: the promise times their condition, at
/// most 1e-3) and four times what the recurrence in T is off by, relative to the largest |C| |x| up to then. Other structures pass.
/// Cost O(N^2) for each sample followed, 2 to 64 blocks and about 10^7 multiply-adds of long double.
template <class T>
void check_blocks(std::string_view where, const DiscreteSystem& system, const BlockForm& form, double promise);

}  // namespace longstate::detail
