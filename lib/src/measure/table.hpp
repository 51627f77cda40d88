#pragma once

// The table of measures: all that the library has to know of one is its row, and the rows of a family are in its file. Whatever depends
// on the measure asks here, so that a new one is a file and a line below. A row, or a part of one, that is missing does not compile.

#include "form.hpp"

#include <longstate/measure/measure.hpp>
#include <longstate/types.hpp>

#include <array>
#include <string_view>

namespace longstate::detail {

/// A parameter besides theta: finite, and above its bound. `value` is null where there is none.
template <class M>
struct Parameter {
  std::string_view name;
  double M::*value;
  double above;
};
template <class M>
using Parameters = std::array<Parameter<M>, 2>;  // a saved Memory has room for so many

/// A measure whose matrices are known to be normal plus low rank, and the diagonal similarity that leads to it:
/// A_there = diag(scale) A diag(scale)^-1.
struct NormalCoordinates {
  Measure measure;
  Vector<double> scale;
};

/// Ages are in units of theta, and matrices are at unit theta.
template <class M>
struct MeasureRow {
  std::string_view name;
  double M::*theta;  ///< null: the window is all that has passed, and the matrices are for log time
  Parameters<M> parameters;
  double support;                                  ///< the greatest age that carries weight
  bool (&has_finite_basis)(const M&, double age);  ///< at an age within the support
  double (&weight)(const M&, double age);          ///< within the support
  double (&tilt)(const M&, double age);            ///< of the basis
  void (&basis)(const M&, double age, Frame<double> h);
  double (&squared_norm)(const M&, Index n);           ///< of basis function n
  OperatorKind kind;                                   ///< of `matrices`
  Form (&matrices)(const M&, Index order);             ///< A and B
  Matrix<double> (&low_rank)(const M&, Index order);   ///< P of low_rank.hpp, without columns where none is known
  NormalCoordinates (&normal)(const M&, Index order);  ///< where there is such a P
};

const MeasureRow<LegS>& row(const LegS&);
const MeasureRow<LegSExp>& row(const LegSExp&);
const MeasureRow<LegT>& row(const LegT&);
const MeasureRow<Lmu>& row(const Lmu&);
const MeasureRow<LagT>& row(const LagT&);
const MeasureRow<Fourier>& row(const Fourier&);
const MeasureRow<ChebT>& row(const ChebT&);

/// ask(row, measure) of the measure as the type that it is.
template <class Ask>
auto with_row(const Measure& measure, const Ask& ask) {
  return std::visit([&](const auto& m) { return ask(row(m), m); }, measure);
}

inline OperatorKind operator_kind(const Measure& measure) {
  return with_row(measure, [](const auto& row, const auto&) { return row.kind; });
}

// What many rows say.

template <class M>
bool finite_everywhere(const M& /*measure*/, double /*age*/) {
  return true;
}
template <class M>
double evenly(const M& /*measure*/, double /*age*/) {
  return 1;
}
template <class M>
double no_tilt(const M& /*measure*/, double /*age*/) {
  return 1;
}
template <class M>
double orthonormal(const M& /*measure*/, Index /*n*/) {
  return 1;
}
template <class M>
Matrix<double> no_low_rank(const M& /*measure*/, Index order) {
  return Matrix<double>(order, 0);
}
template <class M>
NormalCoordinates its_own(const M& measure, Index order) {
  return {measure, Vector<double>::Ones(order)};
}

}  // namespace longstate::detail
