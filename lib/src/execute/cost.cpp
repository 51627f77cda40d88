#include "cost.hpp"

#include "../measure/table.hpp"

#include <longstate/execute/transition.hpp>

#include <algorithm>
#include <cmath>

namespace longstate::detail {
namespace {

// nanoseconds
constexpr double multiply_add = 0.0178;      // of float, in vectors
constexpr double from_second_cache = 0.033;  // a float's multiply-add where it waits for its matrix
constexpr double byte_from_memory = 0.13;
constexpr double cached = 3 << 20;  // bytes that stay near from one call to the next
constexpr Index lanes = 16;         // copies that go together

double number(Index n) { return static_cast<double>(n); }

/// Vectors hold half as many doubles.
double width(const CostOf& of) { return number(of.bytes) / 4; }

/// The matrices of many systems do not stay in the cache from one call to the next.
double reading(const CostOf& of, double values) {
  const double bytes = values * number(of.bytes) * number(of.systems);
  return std::max(0.0, bytes - cached) * byte_from_memory /
         (number(of.copies) * number(std::min<Index>(of.call, 1 << 14)));
}

/// A diagonal system with one input and output goes in lanes: of copies, or of the state of one copy.
double lanes_of_diagonal(const CostOf& of) {
  const double N = number(order(of.system));
  const Index together = lanes * 4 / of.bytes;
  if (of.copies < (together + 1) / 2) return 0.45 + 0.57 * std::ceil(N / number(2 * together));
  const double groups = number((of.copies + together - 1) / together) * number(together) / number(of.copies);
  return groups * (0.1 + 0.0195 * N) * width(of);
}

/// HiPPO and nplr systems with one input and output in lanes of copies (sweep_lanes.hpp). Sums wait for each other unless
/// several vectors share a system.
double lanes_of_sweep(const CostOf& of) {
  const double N = number(order(of.system));
  const Index together = lanes * 4 / of.bytes;
  const double groups = number((of.copies + together - 1) / together) * number(together) / number(of.copies);
  const bool alone = of.systems > 1 || of.copies <= together;
  const double from_second = of.systems > 1 ? 1 + std::clamp((N - 64) / 192, 0.0, 0.8) : 1;  // its tables
  double each = 0;                                                                           // of an entry
  double factors = 1;
  if (const auto* nplr = std::get_if<DiscreteNplr>(&of.system)) {
    each = 0.05 + 0.018 * number(nplr->continuous.rank());
  } else {
    const auto& hippo = std::get<DiscreteHippo>(of.system);
    const HippoStep<double> step = hippo_step<double>(hippo, hippo.pade);
    const bool triangular = operator_kind(hippo.measure) == OperatorKind::triangular;
    each = (triangular ? 0.068 : 0.105) * (alone ? 1.9 : 1);
    if (!is_gbt(hippo.method)) factors = 1.5 * number(step.pade().degree / 2) * number(step.pade().substeps);
  }
  return groups * (0.4 + each * factors * from_second * N) * width(of);
}

/// One copy of a HiPPO system with entries in the lanes, by gbt.
bool scans(const DiscreteSystem& system) {
  const auto* hippo = std::get_if<DiscreteHippo>(&system);
  return hippo && is_gbt(hippo->method) && operator_kind(hippo->measure) != OperatorKind::waves;
}
double scan_over_state(const CostOf& of) { return 35 + 0.87 * number(order(of.system)) * width(of); }

double step_alone(Structure structure, double N) {
  switch (structure) {
    case Structure::dense:
      return 28 + 2 * N + 0.062 * N * N;
    case Structure::hippo:
      return 55 + 9.5 * N;
    case Structure::nplr:
      return 22 + 2.4 * N;
    case Structure::transfer:
      return 22 + 1.2 * N;
    case Structure::diagonal:
      break;
  }
  return 22 + 0.1 * N;
}

/// A hippo system whose step is too stiff for sweeps.
bool by_matrix(const DiscreteSystem& system) {
  const auto* hippo = std::get_if<DiscreteHippo>(&system);
  return hippo && hippo_step<double>(*hippo, hippo->pade).by_matrix();
}

double recurrent(const CostOf& of) {
  const double ports = number(inputs(of.system) + outputs(of.system));
  const bool in_lanes = structure(of.system) == Structure::diagonal && ports == 2 && of.call >= lanes;
  if (in_lanes) return lanes_of_diagonal(of);
  const bool sweeps =
      structure(of.system) == Structure::nplr || (structure(of.system) == Structure::hippo && !by_matrix(of.system));
  if (sweeps && ports == 2 && of.copies >= (lanes * 4 / of.bytes + 1) / 2) return lanes_of_sweep(of);
  if (ports == 2 && scans(of.system)) return scan_over_state(of);
  const double N = number(order(of.system));
  return step_alone(by_matrix(of.system) ? Structure::dense : structure(of.system), N) + (ports - 2) * N * 0.1;
}

/// Of the samples that fill blocks.
double whole_chunks(const CostOf& of, Index block) {
  const double N = number(order(of.system)), T = number(block);
  const double p = number(inputs(of.system)), q = number(outputs(of.system));
  const bool diagonal = structure(of.system) == Structure::diagonal;
  const double products = p * q * (T + 16) / 2 + N * (p + q);
  const double steps = diagonal ? 2 * N * multiply_add : 10 + N * N * from_second_cache;
  // products go eight blocks at a time; fewer cost twice as much each
  const Index blocks = std::max<Index>(of.call / block, 1);
  const double slower = 1 + number(blocks % 8) / number(blocks);
  const double frames = of.copies > 1 ? 0.35 * (p + q) : 0.3 * (p + q);
  const double matrices = N * (p + q) * T + p * q * T * T + (diagonal ? 0 : N * N);
  return frames + (products * slower * multiply_add + steps / T) * width(of) + reading(of, matrices);
}

}  // namespace

double recurrent_seconds(const CostOf& of) { return 1e-9 * recurrent(of); }

double chunked_seconds(const CostOf& of, Index block) {
  const double whole = number(of.call / block * block) / number(of.call);
  CostOf rest = of;
  rest.call = std::max<Index>(of.call % block, 1);
  return 1e-9 * (whole * whole_chunks(of, block) + (whole < 1 ? (1 - whole) * recurrent(rest) : 0));
}

double convolution_seconds(const CostOf& of, Index block) {
  const double N = number(order(of.system)), L = number(block);
  const double p = number(inputs(of.system)), q = number(outputs(of.system));
  const double filled = number(of.call) / number((of.call + block - 1) / block * block);
  const double transforms = (p + q) * (1 + 0.2 * std::log2(2 * L)) + 0.5 * p * q + 250 / L;
  const double responses = N * (p + q) * 0.07;
  const double step = N * N * std::log2(L) * from_second_cache / L;
  return 1e-9 * ((transforms + responses + step) * width(of) / filled + reading(of, L * N * (p + q)));
}

}  // namespace longstate::detail
