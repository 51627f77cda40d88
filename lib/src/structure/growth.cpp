#include "growth.hpp"

#include "../detail/balance.hpp"
#include "../detail/decompositions.hpp"
#include "../detail/product.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <sstream>
#include <stdexcept>
#include <string>

namespace longstate::detail {
namespace {

constexpr int most_bits = 27;  // the longest block of Convolution has 26

/// ||A^m||^(1/m) comes down to the spectral radius as m doubles; rounding leaves it above where eigenvalues lie together.
double log_radius_by_squaring(Matrix<double> power) {
  double log_scale = 0, log_radius = 0;
  for (int bit = 0; bit < most_bits; ++bit) {
    const double norm = power.stableNorm();
    if (!(norm > 0)) return 0;  // nilpotent
    log_scale += std::log(norm);
    log_radius = std::ldexp(log_scale, -bit);
    if (log_radius <= 0) return 0;
    power = product<double>(power / norm, power / norm);
    log_scale *= 2;
  }
  return log_radius;
}

}  // namespace

double log_radius(const Matrix<double>& A) {
  constexpr double none = 1e-7;  // no block is so long that this matters, and the next would not see less
  const Matrix<double> B = rescaled(A, balancing(A));
  if (log_radius_by_squaring(B) < none) return 0;
  const Vector<std::complex<double>> values = eigenvalues(B);
  if (!values.allFinite())
    throw std::domain_error(
        "longstate: the eigenvalues of A could not be found: its numbers are too large, or lie too far apart");
  return std::max(0.0, std::log(values.cwiseAbs().maxCoeff()));
}

double log_growth(const std::vector<DiscreteSystem>& layer) {
  double most = 0;
  for (const DiscreteSystem& system : layer) most = std::max(most, log_growth(system));
  return most;
}

bool is_tame(const Matrix<double>& power) {
  constexpr double most = 8;  // a measure's: at most 1; of a product of two, 8^2 eps is far from what is promised
  return power.norm() <= most * std::sqrt(static_cast<double>(power.rows()));
}

bool powers_are_tame(const Matrix<double>& A, Index length) {
  Matrix<double> power = rescaled(A, balancing(A));
  for (Index done = 1; done < length && is_tame(power); done *= 2) power = product<double>(power, power);
  return is_tame(power);
}

DiscreteStateSpace in_float(DiscreteStateSpace s) {
  const Matrix<double> ones = (s.A.diagonal().array() > 0.5).cast<double>().matrix().asDiagonal();
  s.A = ones + (s.A - ones).cast<float>().cast<double>();
  return s;
}

void check_in_float(std::string_view where, const DiscreteSystem& system) {
  constexpr double slack = 1e-5;  // of a sample
  const auto* dense = std::get_if<DiscreteStateSpace>(&system);
  if (!dense) return;
  const double growth = log_growth(in_float(*dense));
  if (growth <= slack || growth <= log_growth(system) + slack) return;
  std::ostringstream text;
  text << "longstate::" << where << ": rounded to float, the poles of A, which lie together, would grow by "
       << std::expm1(growth) << " a sample; take double, or " << other_coordinates;
  throw std::domain_error(text.str());
}

void check_step(std::string_view where, std::string_view precision, const DiscreteSystem& system,
                const Matrix<double>& rounded, Index block) {
  constexpr double slack = 0.05;  // of a block
  if (log_radius(rounded) <= log_growth(system) * static_cast<double>(block) + slack) return;
  std::ostringstream text;
  text << "longstate::" << where << ": rounded to " << precision << ", the step of a block of " << block
       << " would grow; take the recurrence" << (precision == "float" ? ", or double" : "");
  throw std::domain_error(text.str());
}

Index longest_block(double log_growth, double most) {
  constexpr double longest = 0x1p26;
  return static_cast<Index>(std::clamp(std::log(most) / std::max(log_growth, 1e-300), 1.0, longest));
}

}  // namespace longstate::detail
