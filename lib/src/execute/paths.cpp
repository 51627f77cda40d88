#include "paths.hpp"

#include "../detail/check.hpp"
#include "../structure/growth.hpp"

#include <algorithm>
#include <stdexcept>

namespace longstate {
namespace detail {

std::vector<DiscreteSystem> part_of(const std::vector<DiscreteSystem>& layer, Index first, Index count) {
  const auto systems = static_cast<Index>(layer.size());
  std::vector<DiscreteSystem> part;
  for (Index c = 0; c < std::min(systems, count); ++c)
    part.push_back(layer[static_cast<std::size_t>((first + c) % systems)]);
  return part;
}

namespace {

/// A path whose constructor takes a layer, a block and copies.
template <class Path>
Threaded<Path> in_parts(const Threads& threads, const std::vector<DiscreteSystem>& layer, Index copies, Index block) {
  return Threaded<Path>(threads, copies,
                        [&](Index first, Index count) { return Path(part_of(layer, first, count), block, count); });
}

std::vector<Index> no_blocks(const std::vector<DiscreteSystem>& /*layer*/, const CostOf& /*of*/) { return {0}; }
double seconds_of_recurrence(const CostOf& of, Index /*block*/) { return recurrent_seconds(of); }

template <class T>
AnyPath<T> make_recurrence(const Threads& threads, const std::vector<DiscreteSystem>& layer, Index copies,
                           Index /*block*/) {
  return Threaded<Recurrence<T>>(
      threads, copies, [&](Index first, Index count) { return Recurrence<T>(part_of(layer, first, count), count); });
}

std::vector<Index> chunk_blocks(const std::vector<DiscreteSystem>& layer, const CostOf& of) {
  const Index most = std::min(of.call, longest_block(log_growth(layer), most_growth_in_chunks));
  std::vector<Index> blocks;
  std::copy_if(std::begin(chunks), std::end(chunks), std::back_inserter(blocks), [&](Index b) { return b <= most; });
  return blocks;
}

template <class T>
AnyPath<T> make_chunked(const Threads& threads, const std::vector<DiscreteSystem>& layer, Index copies, Index block) {
  return in_parts<Chunked<T>>(threads, layer, copies, block);
}

#if LONGSTATE_WITH_FFTW
/// The longest that all systems take, for a signal of that length (0: not known).
template <class T>
Index best_block(const std::vector<DiscreteSystem>& layer, Index length) {
  return std::min(default_block(layer.front(), length), longest_block(log_growth(layer), most_growth_by_fft<T>));
}

template <class T>
std::vector<Index> fft_blocks(const std::vector<DiscreteSystem>& layer, const CostOf& of) {
  const Index most = best_block<T>(layer, of.call);
  if (most < 16) return {most};
  std::vector<Index> blocks;
  for (Index block = std::max<Index>(most / 16, 16); block <= most; block *= 4) blocks.push_back(block);
  return blocks;
}

template <class T>
AnyPath<T> make_convolution(const Threads& threads, const std::vector<DiscreteSystem>& layer, Index copies,
                            Index block) {
  return in_parts<Convolution<T>>(threads, layer, copies, block != 0 ? block : best_block<T>(layer, 0));
}
#else
template <class T>
std::vector<Index> fft_blocks(const std::vector<DiscreteSystem>& /*layer*/, const CostOf& /*of*/) {
  return {};
}

template <class T>
AnyPath<T> make_convolution(const Threads& /*threads*/, const std::vector<DiscreteSystem>& /*layer*/, Index /*copies*/,
                            Index /*block*/) {
  fail("Planned", "path must be recurrent or chunked in a library built without FFTW", "fft");
}
#endif

/// Null for a number that is no path.
template <class T>
const PathRow<T>* find_row(Path path) {
  static constexpr PathRow<T> recurrent{"recurrent", no_blocks, seconds_of_recurrence, make_recurrence<T>};
  static constexpr PathRow<T> chunked{"chunked", chunk_blocks, chunked_seconds, make_chunked<T>};
  static constexpr PathRow<T> fft{"fft", fft_blocks<T>, convolution_seconds, make_convolution<T>};
  switch (path) {
    case Path::recurrent:
      return &recurrent;
    case Path::chunked:
      return &chunked;
    case Path::fft:
      return &fft;
  }
  return nullptr;
}

}  // namespace

template <class T>
const PathRow<T>& row(Path path) {
  const PathRow<T>* const found = find_row<T>(path);
  if (found == nullptr) throw std::invalid_argument("longstate: the path must be one of path_names()");
  return *found;
}
template const PathRow<float>& row(Path);
template const PathRow<double>& row(Path);

}  // namespace detail

std::span<const std::string_view> path_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    while (const auto* found = detail::find_row<double>(static_cast<Path>(all.size()))) all.push_back(found->name);
    return all;
  }();
  return names;
}

std::string_view name(Path path) { return detail::row<double>(path).name; }

Path make_path(std::string_view wanted) {
  const auto names = path_names();
  const auto found = std::find(names.begin(), names.end(), wanted);
  if (found == names.end()) detail::fail_unknown("make_path", "path", names, wanted);
  return static_cast<Path>(found - names.begin());
}

}  // namespace longstate
