#pragma once

/// \file
/// The forms that a system may have, by name.

#include <longstate/config.hpp>
#include <span>
#include <string_view>

namespace longstate {

/// What is known of A, and with it the cost of a step of order N and of a kernel of length L.
enum class Structure {
  dense,     ///< nothing:                          step O(N^2),   kernel O(L N + sqrt(L) N^2 + N^3)
  hippo,     ///< a HiPPO operator:                 step O(N),     kernel O(L N)
  nplr,      ///< normal plus low rank (S4):        step O(N),     kernel O(L N + L log L)
  diagonal,  ///< diagonal (S4D, DSS, LRU):         step O(N),     kernel O(L N)
  transfer   ///< a transfer function (companion):  step O(N),     kernel O(L log L)
};

/// "dense", "hippo", "nplr", "diagonal", "transfer".
LONGSTATE_API std::span<const std::string_view> structure_names();
LONGSTATE_API std::string_view name(Structure structure);

/// The structure of that name; throws std::invalid_argument with the known ones for another.
LONGSTATE_API Structure make_structure(std::string_view name);

}  // namespace longstate
