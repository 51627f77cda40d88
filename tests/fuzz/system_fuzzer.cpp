// Any bytes are a valid system or an InputError.

#include "cli/error.hpp"
#include "cli/system_file.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const cli::SystemFile file = cli::parse_system({reinterpret_cast<const char*>(data), size}, "input");
    std::visit([](const auto& system) { longstate::validate(system); }, file);
  } catch (const cli::InputError&) {
    return 0;
  }
  return 0;
}
