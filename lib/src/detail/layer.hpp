#pragma once

// What the execution paths share: the check of a layer, and of the arguments of run().

#include "check.hpp"

#include <longstate/discretize/structured.hpp>

#include <vector>

namespace longstate::detail {

/// Checks that all systems of a layer are valid and alike in their sizes, dt and convention.
inline void check_layer(std::string_view where, const std::vector<DiscreteSystem>& layer, Index copies) {
  if (layer.empty()) fail(where, "a layer must have at least one system", 0);
  if (copies < 1) fail(where, "copies must be at least 1", copies);
  const DiscreteSystem& first = layer.front();
  for (const DiscreteSystem& system : layer) {
    validate(system);
    const bool alike = order(system) == order(first) && inputs(system) == inputs(first) &&
                       outputs(system) == outputs(first) && convention(system) == convention(first) &&
                       time_step(system) == time_step(first);
    if (!alike) fail(where, "the systems of a layer must agree in sizes, dt and convention", "two that differ");
  }
}

/// `path` is any execution path, with inputs(), outputs(), order() and copies().
template <class Path, class U, class Y, class X>
void check_run(std::string_view where, const Path& path, const U& u, const Y& y, const X& x) {
  check_shape(where, "u", u.rows(), u.cols(), path.inputs(), u.cols());
  check_shape(where, "y", y.rows(), y.cols(), path.outputs(), u.cols());
  check_shape(where, "x", x.rows(), x.cols(), path.order(), path.copies());
}

}  // namespace longstate::detail
