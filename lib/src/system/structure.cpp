#include "../detail/check.hpp"

#include <longstate/system/structure.hpp>

#include <array>

namespace longstate {
namespace {

using namespace std::string_view_literals;

constexpr std::array known_structures{"dense"sv, "hippo"sv, "nplr"sv, "diagonal"sv, "transfer"sv};

}  // namespace

std::span<const std::string_view> structure_names() { return known_structures; }

std::string_view name(Structure structure) { return known_structures[static_cast<std::size_t>(structure)]; }

Structure make_structure(std::string_view wanted) {
  for (std::size_t i = 0; i < known_structures.size(); ++i) {
    if (known_structures[i] == wanted) return static_cast<Structure>(i);
  }
  detail::fail_unknown("make_structure", "structure", known_structures, wanted);
}

}  // namespace longstate
