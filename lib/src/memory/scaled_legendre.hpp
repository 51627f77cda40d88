#pragma once

// The update of legs, whose window is all of the past: x' = (A x + B u) / t, in log time.

#include "scaled_legendre_lanes.hpp"

#include <longstate/execute/memory.hpp>
#include <longstate/hippo/operators.hpp>

#include <memory>

namespace longstate::detail {

/// Times are seconds since the start: a frame comes dt after t. Docs of the formulas: docs/execute.md.
template <class T>
class ScaledLegendre {
 public:
  ScaledLegendre(const LegS& measure, const MemoryOptions& options);

  /// x: N x channels, u: a frame that comes dt after `previous`, which came at t.
  void advance(double t, double dt, const Vector<T>& previous, const ConstFrame<T>& u, State<T>& x);

  ScaledLegendreLanes<T>& lanes() { return lanes_; }

 private:
  /// The nodes by which polynomials of the basis are projected on parts of the window.
  struct Quadrature {
    explicit Quadrature(Index order);
    Vector<T> nodes, weights;  // Gauss-Legendre on [0, 1]
    Matrix<T> basis_at_nodes;  // p_n(node_j)
  };
  bool is_exact() const { return quadrature_ != nullptr; }
  void first_piece(const Vector<T>& previous, const ConstFrame<T>& u, State<T>& x) const;
  void by_series(double t, double dt, double log_ratio, Index substeps, const Vector<T>& previous,
                 const ConstFrame<T>& u, State<T>& x);
  void by_taylor(double h, State<T>& x);
  void by_quadrature(double t, double dt, const Vector<T>& previous, const ConstFrame<T>& u, State<T>& x);
  void place_node(Index j, T v, T one_less_v);
  void add_projection(State<T>& x);
  void by_gbt(double t, double dt, const ConstFrame<T>& u, State<T>& x);

  MemoryOptions options_;
  bool lines_;  // foh: straight lines between samples
  HippoOperator<T> A_;
  double norm_;                                   // upper bound of the 2-norm of A in log time
  std::shared_ptr<const Quadrature> quadrature_;  // foh and zoh; others have none
  ShiftedHippo<T, T> implicit_;                   // of the published updates
  ScaledLegendreLanes<T> lanes_;
  State<T> term_, sampled_;
  Vector<T> slope_, level_, node_, legendre_, legendre_step_, sign_;
};

extern template class ScaledLegendre<float>;
extern template class ScaledLegendre<double>;

}  // namespace longstate::detail
