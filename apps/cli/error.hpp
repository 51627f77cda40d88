#pragma once

// What the command says when it cannot go on. Everything else that is thrown is an error of the library's, about an
// argument (std::invalid_argument: usage, exit 2), or a failure (exit 1).

#include <stdexcept>
#include <string>

namespace cli {

/// Bad input or usage: exit 2.
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Something the user's input is not to blame for, such as a full disk: exit 1.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace cli
