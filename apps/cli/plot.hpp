#pragma once

// Pictures, drawn by gnuplot.

#include "cli/comparison.hpp"
#include "cli/history.hpp"
#include "cli/recall.hpp"
#include "cli/reconstruction.hpp"

#include <bench/grid.hpp>

#include <string>
#include <vector>

namespace cli {

/// Throws InputError unless PATH ends in .svg, .png or .pdf, and Failure if gnuplot is not on the PATH.
void check_can_plot(const std::string& path);

/// The signal with what is remembered of it, the error, the weights; the first channel. `history` is the whole input, for the background. Throws Failure if gnuplot fails.
void plot(const std::string& path, const std::string& title, const std::vector<Reconstruction>& results,
          const History& history, double dt);

/// Hankel singular values over their number, on a logarithmic scale, the first `order` of them as kept.
void plot_singular_values(const std::string& path, const std::string& title, const longstate::Vector<double>& values,
                          longstate::Index order);

struct BenchBar {
  std::string name;
  double lower, median, upper;  ///< quartiles of a ratio
  double bound;
};

/// Ratios with their quartiles, each beside its bound, on a logarithmic scale.
void plot_bench(const std::string& path, const std::vector<BenchBar>& bars);

/// Which path is the fastest for each order and length, a panel for each number of channels, with its time.
void plot_paths(const std::string& path, const std::vector<bench::Cell>& cells);

/// Time of a token, state and peak memory against the length, both logarithmic; a list of runs for each model.
void plot_comparison(const std::string& path, const std::vector<std::vector<ComparisonRun>>& models);

/// Steps side by side, six or fewer: the window with its samples, what is remembered and the best fit; the coefficients.
void plot_steps(const std::string& path, const std::string& title, const std::vector<longstate::TraceStep>& steps);

/// Error against age, both logarithmic.
void plot_recall(const std::string& path, const std::vector<RecallCurve>& curves);

}  // namespace cli
