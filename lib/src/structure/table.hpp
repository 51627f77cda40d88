#pragma once

// The table of structures: what the paths ask of every one is its row, and everything of a structure is in its file. A row, or a part of
// one, that is missing does not compile. Besides, loops and trials know some structures by their type, and do more for these.

#include "work.hpp"

#include <longstate/discretize/structured.hpp>
#include <longstate/types.hpp>

#include <functional>
#include <string_view>
#include <vector>

namespace longstate::detail {

/// next <- next + A x, one column; next must not be x. Copies have scratch of their own.
template <class T>
using AddTransition = std::function<void(const T* x, T* next)>;

/// In the coordinates of the real state, N numbers. A block: `length` samples at once.
template <class System>
struct StructureRow {
  Structure structure;
  std::string_view name;
  bool made_of_powers;  ///< of numbers that any A may hold: paths try whether it keeps its digits (execute/trial.hpp)
  bool kernel_by_fft;   ///< `markov` rounds each value relative to the largest
  void (&check)(const System&);        ///< throws std::invalid_argument naming the field
  Matrix<double> (&B)(const System&);  ///< N x p
  Matrix<double> (&C)(const System&);  ///< q x N
  AddTransition<float> (&add_in_float)(const System&);
  AddTransition<double> (&add_in_double)(const System&);
  Work (&work)(const System&);                            ///< of x <- A x
  double (&log_growth)(const System&);                    ///< log of the spectral radius, 0 where that is below 1
  Matrix<double> (&increment)(const System&);             ///< A - I, with the digits that A could not hold beside a 1
  Matrix<double> (&markov)(const System&, Index length);  ///< C A^j B, j < length: q p x length, input by input
  Matrix<double> (&stepped_markov)(const System&, Index length);  ///< each rounded relative to the states it is made of
  Matrix<double> (&observability)(const System&, Index length);   ///< these four: block_realization.hpp
  Matrix<double> (&controllability)(const System&, Index length);
  Matrix<double> (&block_increment)(const System&, Index length);
  std::vector<Matrix<double>> (&doubled_increments)(const System&, Index length);
};

const StructureRow<DiscreteStateSpace>& row(const DiscreteStateSpace&);
const StructureRow<DiscreteHippo>& row(const DiscreteHippo&);
const StructureRow<DiscreteNplr>& row(const DiscreteNplr&);
const StructureRow<DiscreteDiagonal>& row(const DiscreteDiagonal&);
const StructureRow<TransferFunction>& row(const TransferFunction&);

/// ask(row, system) of the system as the type that it is.
template <class Ask>
auto with_row(const DiscreteSystem& system, const Ask& ask) {
  return std::visit([&](const auto& s) { return ask(row(s), s); }, system);
}

/// A loop of `Transition(system)` as a row has it.
template <class T, class Transition, class System>
AddTransition<T> add_by(const System& system) {
  return [A = Transition(system)](const T* x, T* next) mutable { A.add(x, next); };
}

}  // namespace longstate::detail
