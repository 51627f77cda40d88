#pragma once

/// \file
/// Which path runs a system fastest, and one type that runs any of them.

#include <longstate/config.hpp>
#include <longstate/detail/owned.hpp>
#include <longstate/discretize/structured.hpp>
#include <longstate/execute/planning.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace longstate {

enum class Path {
  recurrent,  ///< Recurrence
  chunked,    ///< Chunked
  fft         ///< Convolution; only in a library built with FFTW
};

/// "recurrent", "chunked", "fft".
LONGSTATE_API std::span<const std::string_view> path_names();
LONGSTATE_API std::string_view name(Path path);
/// The path of that name; throws std::invalid_argument with the known ones for another.
LONGSTATE_API Path make_path(std::string_view name);

/// What a path is wanted for.
struct Workload {
  Index copies = 1;  ///< as Recurrence's; of a layer at least as many as it has systems
  Index length = 0;  ///< samples of a signal, if known; 0: many
  Index call = 0;    ///< samples a call of run(); 0: all of the signal
  int threads = 1;
};

/// One way to run it.
struct Candidate {
  Path path;
  Index block;     ///< samples; 0 for recurrent, and, for others, their own choice
  double seconds;  ///< a sample and copy
};

/// The choice and what it was chosen from: a value to look at, keep as text, or change.
struct Plan {
  Workload workload;
  Planning planning = Planning::estimate;
  /// The fastest first: the one that runs. Those behind it may be refused when they are built.
  std::vector<Candidate> candidates;

  const Candidate& best() const { return candidates.front(); }
};

/// All paths that this library has, in blocks of all good sizes, each with its time.
///
///     estimate    by a model of the cost: multiply-adds, what a sample and a block cost beside them, transforms, and matrices that
///                 come from memory (src/execute/cost.hpp), with constants measured on one machine (Zen 4, AVX-512). Only their
///                 ratios count, and these hold on others.
///     measure     each path timed on noise for some milliseconds; for machines and systems that the model does not know.
///
/// The time to build a path is not counted. T is the precision that will run. Of a system that grows, blocks that its path would
/// refuse are no candidates; the recurrence is one. The best of a dense system or transfer function has been built and tried, since some
/// are refused only then, and others would lose far more than the recurrence: digital filters in companion form, in blocks.
/// Cost       estimate: microseconds (HiPPO systems whose steps are by matrices: those, O(N^3), as the path itself); dense systems some products of N x N, to see whether they grow, and to build the best; of those whose
///            powers are large each path that is tried takes up to half a second: some five, and all where the recurrence is refused.
///            measure: all paths are built and run, up to seconds for N = 1,024.
/// Throws     std::invalid_argument as Recurrence, if a number of the workload is negative, or if threads or copies is 0 (of a layer
///            fewer copies than systems are as many);
///            std::domain_error, as Recurrence, where every path refuses a dense system or transfer function.
template <class T>
LONGSTATE_API Plan plan(const DiscreteSystem& system, const Workload& workload = {},
                        Planning planning = Planning::estimate);
template <class T>
LONGSTATE_API Plan plan(const std::vector<DiscreteSystem>& layer, const Workload& workload = {},
                        Planning planning = Planning::estimate);

/// What was chosen, how, and what else there was: a line for each candidate.
LONGSTATE_API std::string describe(const Plan& plan);

/// A plan as text, a line for each part, and back. Throws std::invalid_argument if `text` is no plan, or has a path that
/// this library was built without.
LONGSTATE_API std::string save_plan(const Plan& plan);
LONGSTATE_API Plan load_plan(const std::string& text);

/// A system or a layer on the path of a plan: the same `run(u, y, x)` and the same result as Recurrence.
///
/// Real-time  run() and step() as the path's own, on one thread; with more, run() waits for them.
/// Threads    copy it to use it on another thread.
/// Throws     run() std::invalid_argument on shapes; the constructors as below.
template <class T>
class LONGSTATE_API Planned {
 public:
  /// Runs the first candidate that can be built. Throws as the last one's own constructor, and std::invalid_argument if the plan has no
  /// candidate.
  Planned(const DiscreteSystem& system, const Plan& plan);
  Planned(const std::vector<DiscreteSystem>& layer, const Plan& plan);

  Index order() const;
  Index copies() const;
  Index inputs() const;
  Index outputs() const;
  State<T> zero_state() const { return State<T>::Zero(order(), copies()); }

  /// One frame, as the path's own step(), on this thread.
  void step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept;
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x);

 private:
  struct Loops;
  detail::Owned<Loops> loops_;
};

extern template class Planned<float>;
extern template class Planned<double>;

}  // namespace longstate
