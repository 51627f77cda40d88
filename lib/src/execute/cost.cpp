#include "cost.hpp"

#include "stepper.hpp"

#include <algorithm>
#include <cmath>

namespace longstate::detail {
namespace {

// nanoseconds
constexpr double multiply_add = 0.0178;      // of float, in vectors
constexpr double from_second_cache = 0.033;  // a float's multiply-add where it waits for its matrix
constexpr double byte_from_memory = 0.13;
constexpr double cached = 3 << 20;   // bytes that stay near from one call to the next
constexpr double of_a_call = 100;    // of run(), beside all else
constexpr double taken_over = 0.15;  // a number of the state into lanes, and back

double number(Index n) { return static_cast<double>(n); }

/// Vectors hold half as many doubles.
double width(const CostOf& of) { return number(of.bytes) / 4; }

/// The matrices of many systems do not stay in the cache from one call to the next.
double reading(const CostOf& of, double values) {
  const double bytes = values * number(of.bytes) * number(of.systems);
  return std::max(0.0, bytes - cached) * byte_from_memory /
         (number(of.copies) * number(std::min<Index>(of.call, 1 << 14)));
}

/// Nanoseconds of a multiply-add and of a sample and copy beside them. In double a vector's multiply-adds take twice as long.
struct Pace {
  double multiply_add, frame;
  bool in_vectors = true;
};
Pace pace(LoopKind loop) {
  switch (loop) {
    case LoopKind::lanes:
      return {0.0172, 0.15};
    case LoopKind::sums:
      return {0.0225, 0.4};
    case LoopKind::scans:
      return {0.03, 35};
    case LoopKind::dense:
      return {0.066, 30};
    case LoopKind::hippo:
      return {0.5, 50, false};
    case LoopKind::nplr:
      return {0.53, 30, false};
    case LoopKind::diagonal:
      return {0.4, 30, false};
    case LoopKind::transfer:
      break;
  }
  return {0.55, 30, false};
}

/// Of a sample and copy, by the work of the loop that it will go in.
double recurrent(const CostOf& of) {
  const Work work = of.recurrence(of.call);
  const Pace its = pace(work.loop);
  const double each = its.multiply_add * (its.in_vectors ? width(of) : 1);
  // Numbers of their own in every lane come from the second cache, and from beyond.
  const double slower = work.own_numbers ? 1.3 + 0.4 * std::clamp((number(order(of.system)) - 64) / 192, 0.0, 1.0) : 1;
  const double all = of_a_call + number(work.multiply_adds) * each * slower + number(work.frames) * its.frame +
                     number(work.taken_over) * taken_over * width(of);
  return all / number(of.copies * of.call);
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
  const double frames = (of.copies > 1 ? 0.35 : 0.7) * (p + q);
  const double matrices = N * (p + q) * T + p * q * T * T + (diagonal ? 0 : N * N);
  return frames + (products * slower * multiply_add + steps / T) * width(of) + reading(of, matrices) +
         of_a_call / number(of.copies * of.call);
}

}  // namespace

template <class T>
CostOf cost_of(const std::vector<DiscreteSystem>& layer, Index copies, Index call) {
  const auto systems = static_cast<Index>(layer.size());
  const StepperShape<T> shape = stepper_shape<T>(layer, copies);
  return {layer.front(), systems, copies, call, sizeof(T), [shape](Index samples) {
            return std::visit([&](const auto& loop) { return loop.work(samples); }, shape);
          }};
}
template CostOf cost_of<float>(const std::vector<DiscreteSystem>&, Index, Index);
template CostOf cost_of<double>(const std::vector<DiscreteSystem>&, Index, Index);

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
