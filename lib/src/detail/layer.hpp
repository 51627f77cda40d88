#pragma once

// What the execution paths share: the check of a layer, and of the arguments of run().

#include "check.hpp"

#include <longstate/discretize/structured.hpp>

#include <algorithm>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

namespace longstate::detail {

/// Of one system.
inline Index check_copies(std::string_view where, Index copies) {
  if (copies < 1) fail(where, "copies must be at least 1", copies);
  return copies;
}

/// Checks that all systems of a layer are valid and alike in their sizes and convention; each may have a dt of its own. Gives the number of copies: 0 is one of each.
inline Index check_layer(std::string_view where, const std::vector<DiscreteSystem>& layer, Index copies = 0) {
  if (layer.empty()) fail(where, "a layer must have at least one system", 0);
  const auto systems = static_cast<Index>(layer.size());
  if (copies != 0 && copies < systems) {
    fail(where, "copies must be 0 or at least the number of systems, " + std::to_string(systems), copies);
  }
  const DiscreteSystem& first = layer.front();
  for (Index i = 0; i < systems; ++i) {
    const DiscreteSystem& system = layer[static_cast<std::size_t>(i)];
    validate(system);
    const auto check = [&](const char* what, const auto& of_first, const auto& got) {
      if (got == of_first) return;
      std::ostringstream rule;
      rule << "system " << i << " of a layer must have the " << what << " of the first, " << of_first;
      fail(where, rule.str(), got);
    };
    check("order", order(first), order(system));
    check("inputs", inputs(first), inputs(system));
    check("outputs", outputs(first), outputs(system));
    check("convention", name(convention(first)), name(convention(system)));
  }
  return copies == 0 ? systems : copies;
}

/// Throws std::domain_error where A of a dense system, B, C or D has numbers beyond the largest of T.
template <class T>
void check_range(std::string_view where, const DiscreteSystem& system) {
  const auto check = [&](std::string_view name, const Matrix<double>& M) {
    if (M.template cast<T>().allFinite()) return;
    throw std::domain_error(std::string("longstate::")
                                .append(where)
                                .append(": ")
                                .append(name)
                                .append(" has numbers beyond the largest float; take double, or other units"));
  };
  if (const auto* dense = std::get_if<DiscreteStateSpace>(&system)) check("A", dense->A);
  check("B", input_matrix(system));
  check("C", output_matrix(system));
  check("D", feed_through(system));
}

/// Blocks of `width` copies whose systems differ: where copy c runs system c mod `systems`, block k has those of block k + tables.
inline Index tables_of(Index systems, Index width, Index copies) {
  return std::min(systems / std::gcd(systems, width), (copies + width - 1) / width);
}

/// `path` is any execution path, with inputs(), outputs(), order() and copies().
template <class Path, class U, class Y, class X>
void check_run(std::string_view where, const Path& path, const U& u, const Y& y, const X& x) {
  check_shape(where, "u", u.rows(), u.cols(), path.inputs(), u.cols());
  check_shape(where, "y", y.rows(), y.cols(), path.outputs(), u.cols());
  check_shape(where, "x", x.rows(), x.cols(), path.order(), path.copies());
}

}  // namespace longstate::detail
