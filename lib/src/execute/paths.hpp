#pragma once

// The table of paths: all that a plan has to know of one is its row. A path without a row does not compile.

#include "cost.hpp"

#include <longstate/execute/chunked.hpp>
#include <longstate/execute/plan.hpp>
#include <longstate/execute/recurrence.hpp>
#include <longstate/execute/threads.hpp>
#if LONGSTATE_WITH_FFTW
#include <longstate/execute/convolution.hpp>
#endif

#include <string_view>
#include <variant>
#include <vector>

namespace longstate::detail {

#if LONGSTATE_WITH_FFTW
template <class T>
using AnyPath = std::variant<Threaded<Recurrence<T>>, Threaded<Chunked<T>>, Threaded<Convolution<T>>>;
#else
template <class T>
using AnyPath = std::variant<Threaded<Recurrence<T>>, Threaded<Chunked<T>>>;
#endif

template <class T>
struct PathRow {
  std::string_view name;
  /// That may be best: 0 where the path has none, nothing where this library is built without the path.
  std::vector<Index> (&blocks)(const std::vector<DiscreteSystem>& layer, const CostOf& of);
  double (&seconds)(const CostOf& of, Index block);  ///< a sample and copy
  /// block: 0: the path's choice.
  AnyPath<T> (&make)(const Threads& threads, const std::vector<DiscreteSystem>& layer, Index copies, Index block);
};

/// Throws std::invalid_argument for a number that is no path.
template <class T>
const PathRow<T>& row(Path path);

/// The systems of copies first … first + count - 1, the first of them first.
std::vector<DiscreteSystem> part_of(const std::vector<DiscreteSystem>& layer, Index first, Index count);

}  // namespace longstate::detail
