#pragma once

// Steps on a terminal, forward and back at the press of a key, by ncurses, which gives the terminal back as it was.

#include <longstate/longstate.hpp>

#include <functional>
#include <string>

namespace cli {

/// Shows what `page` writes of place 0 … count - 1. Throws InputError if standard input or output is no terminal.
void show_pages(std::size_t count, const std::function<std::string(std::size_t place)>& page);

}  // namespace cli
