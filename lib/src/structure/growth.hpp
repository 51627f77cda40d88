#pragma once

// How fast a system grows, and what of it a block can hold.

#include <longstate/discretize/structured.hpp>

#include <limits>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace longstate::detail {

/// The logarithm of the spectral radius of A, at least 0: what the fastest mode gains in a sample. Dense systems and transfer functions
/// by squaring until A^m fades (a product for each bit of m), and where it does not, by eigenvalues; the others by what is known of them.
double log_growth(const DiscreteSystem& system);
double log_growth(const std::vector<DiscreteSystem>& layer);  ///< of the fastest

/// The logarithm of a matrix's spectral radius, at least 0.
double log_radius(const Matrix<double>& A);

/// Squares of a matrix lose digits where its powers are large and cancel, as those of a companion form whose poles lie together.
bool is_tame(const Matrix<double>& power);
bool powers_are_tame(const Matrix<double>& A, Index length);  ///< of all A^(2^bit) up to A^length, in balanced units

/// What helps where poles lie together.
inline constexpr std::string_view other_coordinates =
    "a system in other coordinates (balanced_truncation to all states has such, reduce with --order N in the command)";

/// The system whose matrices a float recurrence has: A less the ones on its diagonal is rounded.
DiscreteStateSpace in_float(DiscreteStateSpace system);

/// Throws std::domain_error where poles that lie together, as those of a digital filter of a low cutoff, leave the unit circle once A is
/// rounded to float, so that a recurrence would grow where the system does not. Other structures keep their poles.
void check_in_float(std::string_view where, const DiscreteSystem& system);

/// Throws std::domain_error where poles that lie together, as those of a transfer function of a small dt, leave the unit circle once A^block
/// is rounded. precision: its name.
void check_step(std::string_view where, std::string_view precision, const DiscreteSystem& system,
                const Matrix<double>& rounded, Index block);

/// Samples of a block over which nothing grows by more than `most`; at least 1.
Index longest_block(double log_growth, double most);

/// Rounding in an FFT is relative to the largest value of the block: growth up to here leaves the first samples the digits that
/// are promised (2^12 eps is 1e-12 in double, 2^5 eps is 4e-6 in float).
template <class T>
constexpr double most_growth_by_fft = std::numeric_limits<T>::digits > 24 ? 0x1p12 : 0x1p5;

/// Products of matrices with entries up to here are far from the largest float.
constexpr double most_growth_in_chunks = 0x1p60;

/// Throws std::domain_error if a table of a block is not finite.
template <class Table>
void check_table(std::string_view where, const Table& table, Index block) {
  if (table.allFinite()) return;
  std::ostringstream text;
  text << "longstate::" << where << ": a block of " << block
       << " has numbers beyond the largest of its precision; take a shorter one, or the recurrence";
  throw std::domain_error(text.str());
}

}  // namespace longstate::detail
