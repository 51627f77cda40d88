#pragma once

// Systems as JSON: dense {"A":[[…]],"B":[[…]],"C":[[…]],"D":[[…]]}, or diagonal {"lambda":[[re,im],…],"B":[[re,im],…],
// "C":[[re,im],…],"D":x,"conjugate":true}, where each entry of a conjugate one stands for itself and its conjugate. A
// dense one with "dt" (and "convention", default sequence) is in discrete time.

#include <longstate/longstate.hpp>

#include <string>
#include <string_view>
#include <variant>

namespace cli {

/// What a file may hold.
using SystemFile = std::variant<longstate::StateSpace, longstate::DiagonalSystem, longstate::DiscreteStateSpace>;

/// Throws InputError, with `source` and the name of the culprit, for anything that is not such a system.
SystemFile parse_system(std::string_view json, const std::string& source);

SystemFile load_system(const std::string& path);

/// A system as such a document.
std::string system_to_text(const longstate::StateSpace& system);
std::string system_to_text(const longstate::DiscreteStateSpace& system);

/// The "state" of a document that simulate printed, or a file that --save-state made: N x copies. Throws InputError.
longstate::Matrix<double> load_state(const std::string& path, const longstate::DiscreteSystem& system);

}  // namespace cli
