#pragma once

// What the lines run: a layer, and a path with its signals.

#include "aligned.hpp"

#include <longstate/longstate.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace bench {

using namespace longstate;

/// Different systems, as the channels of a layer have them.
inline std::vector<DiscreteSystem> diagonal_layer(Index order, Index channels) {
  std::vector<DiscreteSystem> layer;
  for (Index c = 0; c < channels; ++c) {
    DiagonalSystem system = initialize_diagonal("s4d-lin", order);
    system.lambda *= 1 + 0.01 * static_cast<double>(c);
    layer.emplace_back(discretize(system, 1e-3, Discretization::zoh));
  }
  return layer;
}

/// A path with what it runs on.
template <class Path>
struct Job {
  Path path;
  Aligned<float> u, y;
  State<float> x;

  Job(Path made, Index length)
      : path(std::move(made)),
        u(Matrix<float>::Random(path.inputs(), length)),
        y(path.outputs(), length),
        x(path.zero_state()) {}
  void operator()() { path.run(u, y, x); }
};

template <class Path>
std::function<void()> job(Path path, Index length) {
  return [work = std::make_shared<Job<Path>>(std::move(path), length)] { (*work)(); };
}

}  // namespace bench
