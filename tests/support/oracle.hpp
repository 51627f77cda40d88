#pragma once

// Slow, direct computations that the library is held against.

#include <longstate/longstate.hpp>

#include <functional>
#include <vector>

namespace support {

using longstate::Index;
using longstate::Matrix;
using longstate::Vector;

/// Outputs and final state of a discrete system by its definition, in long double, one loop for each sum.
struct Run {
  Matrix<double> y;
  Matrix<double> x;
};
Run direct_run(const longstate::DiscreteStateSpace& system, const Matrix<double>& u, const Matrix<double>& x0);

/// The same of a layer, column c of x0 by system c mod its size: single inputs and outputs, one a row of u.
Run direct_run(const std::vector<longstate::DiscreteSystem>& layer, const Matrix<double>& u, const Matrix<double>& x0);

/// One step of x' = A x + B u in long double (dense, 64 bits of mantissa, so about eps_long ||dt A||): the input goes from
/// `first` to `last` along a line; or, with alpha from 0 to 1, a step of gbt with u = last.
Vector<double> exponential_step(const longstate::Hippo& system, double dt, const Vector<double>& x, double first,
                                double last);
Vector<double> gbt_step(const longstate::Hippo& system, double dt, double alpha, const Vector<double>& x, double last);

/// A signal known at `times`, held (each sample on the cell that ends at its time, the first from `start`) or joined.
struct Held {
  Vector<double> times;
  Vector<double> values;
  double start;
  bool lines;
  double operator()(double t) const;
};

/// int u(t) g_n(t) dt over the signal, g_n = kernel(n, t): Gauss-Legendre with 60 nodes on every cell, 8 pieces each
/// for the kernels that are not polynomials.
Vector<double> project(const Held& signal, Index order, const std::function<Vector<double>(double)>& kernel);

/// The exact legs coefficients of a signal of many samples, int u(s) sqrt(2n+1) P_n(2s/t - 1) ds / t from its start to its
/// last time t, by ten nodes on each cell, or on each part of a cell so long that P_n turns in it.
Vector<double> project_legs(const Held& signal, Index order);

/// Uniform random numbers in [-1, 1], a fixed sequence for each seed, rows x cols.
Matrix<double> random_matrix(Index rows, Index cols, unsigned seed);

/// A sum of cosines below `frequency` Hz with random amplitudes and phases, n samples of dt, scaled to rms 1.
Vector<double> band_limited(Index n, double dt, double frequency, unsigned seed);

/// Every measure with time-invariant matrices, with this window, the general lagt included.
std::vector<longstate::Measure> time_invariant_measures(double window = 1.0);

}  // namespace support
