#pragma once

// One picture of reconstructions, drawn by gnuplot: the signal with what is remembered of it, the error, the weights.

#include "cli/history.hpp"
#include "cli/reconstruction.hpp"

#include <string>
#include <vector>

namespace cli {

/// Throws InputError unless PATH ends in .svg, .png or .pdf, and Failure if gnuplot is not on the PATH.
void check_can_plot(const std::string& path);

/// Draws the first channel. `history` is the whole input, for the background. Throws Failure if gnuplot fails.
void plot(const std::string& path, const std::string& title, const std::vector<Reconstruction>& results,
          const History& history, double dt);

/// Hankel singular values over their number, on a logarithmic scale, the first `order` of them as kept.
void plot_singular_values(const std::string& path, const std::string& title, const longstate::Vector<double>& values,
                          longstate::Index order);

}  // namespace cli
