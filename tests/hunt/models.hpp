#pragma once

// Models drawn at random: every structure, ordinary, stiff and growing.

#include <longstate/longstate.hpp>

#include <optional>
#include <random>
#include <string>
#include <vector>

namespace hunt {

using namespace longstate;

class Random {
 public:
  explicit Random(std::uint64_t seed) : generator_(seed) {}

  double uniform(double from, double to) { return std::uniform_real_distribution<double>(from, to)(generator_); }
  double log_uniform(double from, double to) { return std::exp(uniform(std::log(from), std::log(to))); }
  Index integer(Index from, Index to) { return std::uniform_int_distribution<Index>(from, to)(generator_); }
  bool chance(double probability) { return uniform(0, 1) < probability; }
  template <class Choices>
  auto one_of(const Choices& choices) {
    return *(std::begin(choices) + integer(0, static_cast<Index>(std::size(choices)) - 1));
  }
  Matrix<double> matrix(Index rows, Index cols) {
    Matrix<double> M(rows, cols);
    for (double& value : M.reshaped()) value = uniform(-1, 1);
    return M;
  }
  Matrix<std::complex<double>> complex_matrix(Index rows, Index cols) {
    Matrix<std::complex<double>> M(rows, cols);
    M.real() = matrix(rows, cols);
    M.imag() = matrix(rows, cols);
    return M;
  }

 private:
  std::mt19937_64 generator_;
};

struct Model {
  std::vector<DiscreteSystem> layer;  // of one or more systems alike
  std::string text;                   // what it is
  // For VaryingScan: the continuous system of a layer of one, where there is one.
  std::optional<DiagonalSystem> diagonal;
  Discretization method{};
};

Model draw_model(Random& random);

/// Noise, or what real signals have: constants, ramps, slow waves, an impulse, silence after sound. `slow` is told of all but noise.
Matrix<double> draw_signal(Random& random, Index number, Index channels, Index n, bool& slow);

}  // namespace hunt
