#pragma once

/// \file
/// A memory watched while it works: what each step did to it.

#include <longstate/config.hpp>
#include <longstate/execute/memory.hpp>

#include <vector>

namespace longstate {

/// One step, x_k = fade(x_(k-1)) + what the sample adds, and what is remembered after it.
struct TraceStep {
  Index sample = 0;  ///< k, from 0
  double time = 0;   ///< seconds from the start of the signal to now
  double input = 0;  ///< u_k

  Vector<double> before;  ///< x_(k-1), N
  Vector<double> faded;   ///< Memory::faded() of it: what it becomes without the signal (zoh, foh: e^(hA) x)
  Vector<double> added;   ///< after - faded: what the sample brought (with foh the line to it from the one before)
  Vector<double> after;   ///< x_k

  Vector<double> delays;          ///< seconds before now, from 0 to the end of the window: a grid
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

/// A signal through a Memory of one channel, whose steps can be looked at in any order. The update is the Memory's own: what it
/// was before is a copy of it, what it becomes without the sample is another copy's step with zeros. Copies lie every 64 samples, so
/// that the way back is short.
///
/// A fading measure (legs-exp, lagt) is shown over three time constants, and its errors count within one.
///
/// Cost       at(k): up to 64 steps of Memory (going on from the last one: one), and O(n N^2) for the best fit of the n samples in the
///            window.
/// Memory     the samples, and O(N) for each 64 of them.
/// Threads    one thread at a time.
class LONGSTATE_API Trace {
 public:
  /// grid: points of `delays`, at least 2. Throws std::invalid_argument as Memory, for more than one channel, a smaller grid, or a
  /// sample that is not finite.
  Trace(const Measure& measure, const MemoryOptions& options, Vector<double> samples, Index grid = 201);

  Index samples() const { return samples_.size(); }

  /// The step of sample k. Throws std::invalid_argument if there is none.
  TraceStep at(Index k);

  /// As the step looked at last left it.
  const Memory<double>& memory() const { return memory_; }

 private:
  void go_to(Index k);
  void look_back(TraceStep& step) const;
  void compare(TraceStep& step) const;

  Vector<double> samples_;
  Index grid_;
  std::vector<Memory<double>> copies_;  // after 0, 64, 128, … samples, as far as anyone has looked
  Memory<double> memory_;               // after some
};

}  // namespace longstate
