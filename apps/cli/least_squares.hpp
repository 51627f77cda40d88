#pragma once

// Least squares over any number of rows in constant memory: the triangular factor of all rows so far, updated by blocks of
// them (Golub & Van Loan, Matrix Computations, 6.5.2 and 5.2: row-wise updating of a QR factorisation).

#include <longstate/types.hpp>

namespace cli {

class LeastSquares {
 public:
  LeastSquares(longstate::Index unknowns, longstate::Index channels);

  /// Rows of the matrix (n x unknowns) and of the right-hand sides (n x channels). With c = unknowns + channels: O(c^2) a row, whatever
  /// n is, since c rows wait for a factorisation in O(c^3), in place; 2 c^2 numbers are held.
  void add(const longstate::Matrix<double>& rows, const longstate::Matrix<double>& values);

  /// The sum over channels of min ||H z - u||^2, also where H has fewer rows than columns; O(c^3).
  double residual();

 private:
  void factor();

  longstate::Index unknowns_;
  longstate::Matrix<double> stacked_;  // above, the triangular factor of all rows before; below, rows [H | u] that wait
  longstate::Index filled_;            // rows of stacked_ in use
};

}  // namespace cli
