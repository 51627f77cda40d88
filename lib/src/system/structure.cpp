#include "../detail/check.hpp"

#include <longstate/system/structure.hpp>

#include <array>

namespace longstate {
namespace {

using namespace std::string_view_literals;

constexpr std::array names{"dense"sv, "hippo"sv, "nplr"sv, "diagonal"sv, "transfer"sv};

}  // namespace

std::span<const std::string_view> structure_names() { return names; }

std::string_view name(Structure structure) { return names[static_cast<std::size_t>(structure)]; }

Structure make_structure(std::string_view wanted) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == wanted) return static_cast<Structure>(i);
  }
  detail::fail_unknown("make_structure", "structure", names, wanted);
}

}  // namespace longstate
