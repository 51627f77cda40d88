#pragma once

// What a path is held against: the recurrence in long double, which takes nothing of the library but the discrete matrices; and the textbook
// recurrence in T, whose error says what T can do.

#include <longstate/longstate.hpp>

namespace hunt {

using longstate::DiscreteSystem;
using longstate::Index;
using longstate::Matrix;
using longstate::Vector;
using Long = Matrix<long double>;

/// One system's matrices. Of rows near those of the identity what sets them apart is given where the structure has it so; of others, as where
/// a step is so long that all has faded, A itself.
struct Matrices {
  Long A, B, C, D;
  bool control;
  /// States two by two: of one, |C| |x| is |c| |x_n|, since which parts of x_n its c sees is a matter of units.
  bool complex;
};
Matrices matrices(const DiscreteSystem& system);

struct Oracle {
  Long y;
  Vector<long double>
      scale;  // |C| |x| + |D| |u| of each sample, the largest over the outputs; of the first, of the state before it, too
  Long x;     // N x n: the states after each sample
};
Oracle run(const Matrices& m, const Long& u, const Long& x0);

/// The textbook recurrence with states in T: matrices and products rounded to `Coefficient`; A less the ones near its diagonal.
template <class T, class Coefficient = T>
Oracle plain(const Matrices& m, const Long& u, const Long& x0);

/// The same with the states in the other order: its sums round anew.
template <class T, class Coefficient = T>
Oracle plain_backwards(const Matrices& m, const Long& u, const Long& x0);

/// What the first n samples of `other` are off by, relative to the scale of the outputs and to the largest state.
double relative_error(const Oracle& other, const Oracle& exact, const Long& x0, Index n);

}  // namespace hunt
