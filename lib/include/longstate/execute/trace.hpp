#pragma once

/// \file
/// A memory watched while it works: what each step did to it.

#include <longstate/execute/memory.hpp>

namespace longstate {

/// One step, x_k = fade(x_(k-1)) + what the sample adds, and what is remembered after it.
struct TraceStep {
  Index sample = 0;       ///< k, from 0
  double time = 0;        ///< seconds from the start of the signal to now
  double input = 0;       ///< u_k
  Vector<double> before;  ///< x_(k-1), N
  Vector<double>
      faded;  ///< what the old state became: the same step with silence in place of the signal (e^(hA) x with zoh, foh)
  Vector<double> added;  ///< after - faded: what the sample brought (with foh the line to it from the one before)
  Vector<double> after;  ///< x_k

  Vector<double> delays;          ///< seconds before now, from 0 to the end of the window; the grid
  Vector<double> reconstruction;  ///< u(t - delay) from x_k
  Vector<double> best;            ///< the same from the best fit

  Vector<double> sample_delays;  ///< where the samples in the window are, newest first
  Vector<double> samples;        ///< and what they were
  Vector<double> remembered;     ///< what they are remembered as
  Vector<double> best_samples;   ///< and what the best fit makes of them
  Vector<double> best_fit;       ///< coefficients, N: least squares in the same basis at these samples, of least norm
  double error = 0;              ///< of x_k at these samples: root mean square, relative to theirs
  double best_error = 0;         ///< that of best_fit
};

/// A Memory of one channel whose steps can be looked at. The update is the Memory's own: what it was before is a copy of it, what
/// it becomes without the sample is another copy's step with zeros.
///
/// A fading measure (legs-exp, lagt) is shown over three time constants, and its errors count within one.
///
/// Cost       step(): three steps of Memory, and O(n N^2) for the best fit of the n samples in the window; skip(): one.
/// Memory     all samples, beside the Memory's.
/// Errors     as Memory.
class Trace {
 public:
  /// grid: points of `delays`, at least 2. Throws std::invalid_argument as Memory, for more than one channel or a smaller grid.
  explicit Trace(const Measure& measure, const MemoryOptions& options = {}, Index grid = 201);

  /// The next sample, unwatched.
  void skip(double u);
  /// The next sample, with what it did.
  TraceStep step(double u);

  const Memory<double>& memory() const { return memory_; }

 private:
  double age_of_sample(Index back) const;
  void look_back(TraceStep& step) const;
  void compare(TraceStep& step) const;

  Memory<double> memory_;
  Index grid_;
  std::vector<double> samples_;
};

}  // namespace longstate
