#pragma once

// Systems as JSON: dense {"A":[[…]],"B":[[…]],"C":[[…]],"D":[[…]]}, or diagonal {"lambda":[[re,im],…],"B":[[re,im],…],
// "C":[[re,im],…],"D":x,"conjugate":true}, where each entry of a conjugate one stands for itself and its conjugate.

#include <longstate/system/state_space.hpp>

#include <string>
#include <string_view>

namespace cli {

/// A diagonal file gives the equivalent real dense system, a 2 x 2 block for each complex entry. Throws InputError,
/// with `source` and the name of the culprit, for anything that is not such a system.
longstate::StateSpace parse_system(std::string_view json, const std::string& source);

longstate::StateSpace load_system(const std::string& path);

/// The "state" of a document that simulate printed: N x copies. Throws InputError.
longstate::Matrix<double> load_state(const std::string& path);

}  // namespace cli
