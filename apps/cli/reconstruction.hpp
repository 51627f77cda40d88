#pragma once

// A signal through a Memory and back, with its errors: of a signal that is kept, at its samples; of one that streams
// by, from energies or a decimated history.

#include "cli/history.hpp"
#include "cli/progress.hpp"

#include <longstate/longstate.hpp>

#include <string>
#include <vector>

namespace cli {

using longstate::Matrix;

struct Reconstruction {
  std::string measure;
  std::string method;
  double window = 0;  ///< theta, seconds
  Index order = 0;
  Index samples = 0;
  double error = 0;        ///< relative root mean square
  double best_error = 0;   ///< of the best least-squares fit in the same basis
  std::string error_from;  ///< "samples", "energies" or "bins"
  Matrix<double> coefficients;
  longstate::Measure shape;  ///< the measure, for its weight

  Vector<double> times;   ///< seconds from the first sample, rising: where `signal` is
  Matrix<double> signal;  ///< channels x times
  Matrix<double> input;   ///< the same of what went in
};

/// What to remember and how; window <= 0 stands for the whole signal.
struct MemoryRequest {
  std::string measure;
  std::string method;
  double alpha = 0.5;
  Index order = 64;
  double window = 0;
  double dt = 1;
  Index channels = 1;

  longstate::Memory<double> make(double default_window) const;
};

/// Error and best error at the samples in the window, in the relative root mean square.
/// Throws Failure if the coefficients do not stay finite.
Reconstruction reconstruct(const MemoryRequest& request, const Matrix<double>& samples, Progress& progress);

/// The same from a memory that has seen everything and a history of it: the reconstruction at the middle of each bin, and both errors, where
/// the coefficients are the projection (foh and zoh, but of sliding windows), from the energies, ||u - u_hat||^2 = ||u||^2 - ||x||^2 for an
/// orthonormal basis; else at the bins.
Reconstruction reconstruct(const MemoryRequest& request, const longstate::Memory<double>& memory,
                           const History& history);

}  // namespace cli
