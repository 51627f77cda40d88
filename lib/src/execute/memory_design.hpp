#pragma once

// What a Memory computes once: its dense update for steps of dt, or the operator and the quadrature of legs.

#include <longstate/discretize/discretize.hpp>
#include <longstate/discretize/phi.hpp>
#include <longstate/execute/memory.hpp>
#include <longstate/execute/transition.hpp>
#include <longstate/hippo/operators.hpp>
#include <longstate/measure/basis.hpp>
#include <longstate/system/state_space.hpp>

#include <boost/math/special_functions/legendre.hpp>

#include <optional>
#include <stdexcept>
#include <string>

namespace longstate {

/// x <- A x + B_previous u_{k-1} + B u_k, for one length of step.
template <class T>
struct DenseStep {
  DenseTransition<T> A;
  Vector<T> B, B_previous;  // B_previous is empty where the sample before does not matter

  DenseStep() = default;
  DenseStep(const StateSpace& system, double dt, Discretization method, double alpha) {
    if (intersample(method) == Intersample::lines) {
      const auto phi = phi_functions(system.A * dt, 2);
      A = DenseTransition<T>(phi[0]);
      B_previous = (dt * (phi[1] - phi[2]) * system.B.col(0)).template cast<T>();
      B = (dt * phi[2] * system.B.col(0)).template cast<T>();
    } else {
      const DiscreteStateSpace step = discretize(system, dt, method, {.alpha = alpha});
      A = DenseTransition<T>(step.A);
      B = step.B.col(0).template cast<T>();
    }
  }

  void advance(State<T>& x, const Vector<T>& previous, ConstFrame<T> u, State<T>& next) const {
    next.noalias() = B * u.transpose();
    if (B_previous.size() > 0) next.noalias() += B_previous * previous.transpose();
    for (Index c = 0; c < x.cols(); ++c) A.add(x.col(c), next.col(c));
    x.swap(next);
  }
};

template <class T>
struct Memory<T>::Design {
  bool lines;       // foh: straight lines between samples
  bool exact;       // foh or zoh
  double norm = 0;  // of legs: upper bound of the 2-norm of A in log time

  // legs
  std::optional<HippoOperator<T>> legs;
  Vector<T> nodes, weights;  // Gauss-Legendre on [0, 1]
  Matrix<T> basis_at_nodes;  // p_n(node_j)

  // the time-invariant measures
  StateSpace system;                  // where a step may have to be dense
  std::optional<DenseStep<T>> dense;  // the step of dt, where it is not structured

  Design(const Measure& measure, const MemoryOptions& options)
      : lines(intersample(options.method) == Intersample::lines),
        exact(lines || intersample(options.method) == Intersample::held) {
    if (intersample(options.method) == Intersample::none) {
      throw std::invalid_argument(std::string("longstate::Memory: method must not be ")
                                      .append(name(options.method))
                                      .append(", which holds no signal between samples"));
    }
    if (!exact) gbt_alpha(options.method, options.alpha);  // checks alpha
    if (is_time_invariant(measure)) {
      system = coefficient_system(measure, options.order);
    } else {
      design_legs(std::get<LegS>(measure), options.order);  // the one that varies
    }
  }

 private:
  void design_legs(const LegS& measure, Index order) {
    legs.emplace(measure, order);
    norm = legs->norm_bound();
    if (!exact) return;
    // Boost gives the zeros that are not negative; P_n is even or odd.
    const auto zeros = boost::math::legendre_p_zeros<double>(static_cast<int>(order));
    nodes.resize(order);
    weights.resize(order);
    const Index count = static_cast<Index>(zeros.size());
    for (Index i = 0; i < count; ++i) {
      const double y = zeros[static_cast<std::size_t>(i)];
      const double slope = boost::math::legendre_p_prime(static_cast<int>(order), y);
      const double weight = 1 / ((1 - y * y) * slope * slope);  // half of it on [-1, 1]
      const Index above = order - count + i;
      const Index below = count - 1 - i;
      nodes(above) = static_cast<T>((1 + y) / 2);
      nodes(below) = static_cast<T>((1 - y) / 2);
      weights(above) = weights(below) = static_cast<T>(weight);
    }
    // p_n(v) = (-1)^n sqrt(2n+1) P_n(1 - 2v): at age v, since 1 - v would lose the digits of a small v, of which the
    // basis takes n^2 times as many.
    Matrix<double> values = basis(LegT{}, order, nodes.template cast<double>());
    for (Index n = 1; n < order; n += 2) values.row(n) = -values.row(n);
    basis_at_nodes = values.template cast<T>();
  }
};

}  // namespace longstate
