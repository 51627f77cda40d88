#pragma once

// Two ways to do the same, timed in turn (A B A B …): on a shared machine identical work differs by up to 2 x between
// runs, while the ratio of neighbours in time holds.

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bench {

enum class Better { lower, higher };

struct Figure {
  double seconds, reference;    ///< medians; the reference's with its scale
  double lower, median, upper;  ///< quartiles of the paired ratios
  bool holds;                   ///< the median keeps the bound
};

/// What is measured beside what limits it, or beside the plain way of doing it.
struct Line {
  std::string name;
  std::string beside;  ///< what the reference is
  double bound;        ///< of seconds / reference (lower), or reference / seconds (higher: how many times faster)
  Better better;
  std::function<void()> measured;
  std::function<void()> reference;
  double scale = 1;  ///< the reference's time counts so many times: where it does a known part of the work

  /// Where single blocks count, not totals: the figure, already measured; `measured` and `reference` are empty.
  std::optional<Figure> figure = {};
};

/// Between the sorted values, `part` of the way: 0.5 is the median.
double quantile(std::vector<double> values, double part);

/// At least 15 pairs, after a run of each to warm up. Each side is repeated until it takes a millisecond, and as long as the
/// other.
Figure measure(const Line& line, int pairs = 15);

/// A line is made when its turn comes, so that one set of data is in memory at a time.
struct Entry {
  std::string name;
  std::function<Line()> make;
  int cores = 1;  ///< that it runs on
};

/// Every claim about speed (lines.cpp).
std::vector<Entry> entries();
std::vector<Entry> fft_entries();        ///< part of it (lines_fft.cpp)
std::vector<Entry> blocks_entries();     ///< part of it (lines_blocks.cpp)
std::vector<Entry> step_entries();       ///< part of it (lines_step.cpp)
std::vector<Entry> legs_entries();       ///< part of it (lines_legs.cpp)
std::vector<Entry> attention_entries();  ///< part of it (lines_attention.cpp)
std::vector<Entry> threads_entries();    ///< part of it (lines_threads.cpp)

/// Keeps this thread, and those that it will start, on the core it is on, where the system can; on all that the process had for
/// more than one.
void pin(int cores);

}  // namespace bench
