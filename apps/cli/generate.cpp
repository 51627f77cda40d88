#include "cli/generate.hpp"

#include <fmt/core.h>
#include <unsupported/Eigen/FFT>

#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <stdexcept>
#include <vector>

namespace cli {
namespace {

/// Normal numbers by Box and Muller: the distributions of the standard library differ from one to the next.
class Normal {
 public:
  explicit Normal(std::uint64_t seed) : bits_(seed) {}
  double operator()() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }

 private:
  double uniform() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }
  std::mt19937_64 bits_;
};

void check_length(Index length) {
  if (length < 1 || length > Index{1} << 30) {
    throw std::invalid_argument(fmt::format("length must be from 1 to 2^30, got {}", length));
  }
}

void check_rate(double rate) {
  if (!(std::isfinite(rate) && rate > 0))
    throw std::invalid_argument(fmt::format("rate must be positive, got {}", rate));
}

Index even_fast_length(Index n) {
  for (Index candidate = n + n % 2;; candidate += 2) {
    Index rest = candidate;
    for (const Index prime : {2, 3, 5}) {
      while (rest % prime == 0) rest /= prime;
    }
    if (rest == 1) return candidate;
  }
}

}  // namespace

Vector<double> white(Index length, double rate, double frequency, double rms, std::uint64_t seed) {
  check_length(length);
  check_rate(rate);
  if (!(std::isfinite(rms) && rms > 0)) throw std::invalid_argument(fmt::format("rms must be positive, got {}", rms));
  if (!(frequency > 0 && frequency <= rate / 2)) {
    throw std::invalid_argument(
        fmt::format("freq must be above 0 and at most half the rate, {}, got {}", rate / 2, frequency));
  }
  const Index period = even_fast_length(length);
  const Index harmonics = static_cast<Index>(std::floor(frequency * static_cast<double>(period) / rate));
  if (harmonics < 1) {
    throw std::invalid_argument(fmt::format("freq must be at least one over the duration, {:.6g} Hz, got {}",
                                            rate / static_cast<double>(period), frequency));
  }
  Normal normal(seed);
  std::vector<std::complex<double>> spectrum(static_cast<std::size_t>(period / 2 + 1));
  for (Index k = 1; k <= harmonics; ++k) {
    const double real = normal();
    const double imaginary = normal();
    spectrum[static_cast<std::size_t>(k)] = {real, k == period / 2 ? 0 : imaginary};
  }
  std::vector<double> wave;
  Eigen::FFT<double> fft;
  fft.SetFlag(Eigen::FFT<double>::HalfSpectrum);
  fft.inv(wave, spectrum, period);

  std::size_t start = 0;
  for (std::size_t k = 0; k < wave.size(); ++k) {
    if (std::abs(wave[k]) < std::abs(wave[start])) start = k;
  }
  Vector<double> signal(length);
  for (Index k = 0; k < length; ++k) signal(k) = wave[(start + static_cast<std::size_t>(k)) % wave.size()];
  const double scale = rms / std::sqrt(signal.squaredNorm() / static_cast<double>(length));
  return std::isfinite(scale) ? Vector<double>(scale * signal) : signal;
}

Vector<double> chirp(Index length, double rate, double from, double to) {
  check_length(length);
  check_rate(rate);
  for (const double frequency : {from, to}) {
    if (!(frequency >= 0 && frequency <= rate / 2)) {
      throw std::invalid_argument(
          fmt::format("a frequency must be from 0 to half the rate, {}, got {}", rate / 2, frequency));
    }
  }
  const double duration = static_cast<double>(length) / rate;
  Vector<double> signal(length);
  for (Index k = 0; k < length; ++k) {
    const double t = static_cast<double>(k) / rate;
    signal(k) = std::sin(2 * std::numbers::pi * (from * t + (to - from) * t * t / (2 * duration)));
  }
  return signal;
}

Vector<double> mackey_glass(Index length, std::uint64_t seed) {
  check_length(length);
  constexpr int steps = 10;  // a unit of time
  constexpr std::size_t delay = std::size_t{17} * steps;
  constexpr int transient = 300;
  constexpr double h = 1.0 / steps;
  const auto slope = [](double x, double past) { return 0.2 * past / (1 + std::pow(past, 10)) - 0.1 * x; };

  Normal normal(seed);
  std::vector<double> past(delay + 1);  // a ring of x over the last 17 units
  for (double& value : past) value = 1.2 + 0.01 * normal();
  std::size_t now = 0;  // the oldest entry, where the newest will go
  double x = past[delay];
  Vector<double> signal(length);
  for (Index k = -transient; k < length; ++k) {
    for (int step = 0; step < steps; ++step) {
      const double before = past[now];
      const double after = past[(now + 1) % past.size()];
      const double between = (before + after) / 2;
      const double k1 = slope(x, before);
      const double k2 = slope(x + h / 2 * k1, between);
      const double k3 = slope(x + h / 2 * k2, between);
      const double k4 = slope(x + h * k3, after);
      x += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
      past[now] = x;
      now = (now + 1) % past.size();
    }
    if (k >= 0) signal(k) = x;
  }
  return signal;
}

}  // namespace cli
