#pragma once

// What an option's number must be; CLI11's own say the range in hundreds of digits.

#include <CLI/CLI.hpp>

#include <cmath>
#include <string>

namespace cli {

inline CLI::Validator number_that(const char* name, const char* rule, bool (*holds)(double)) {
  return CLI::Validator(
      [rule, holds](std::string& text) {
        double value = 0;
        const bool is_number = CLI::detail::lexical_cast(text, value) && std::isfinite(value);
        return is_number && holds(value) ? std::string() : std::string(rule).append(", got ").append(text);
      },
      name);
}

inline CLI::Validator positive() {
  return number_that("POSITIVE", "must be a positive number", [](double value) { return value > 0; });
}
inline CLI::Validator not_negative() {
  return number_that("NONNEGATIVE", "must be a number of at least 0", [](double value) { return value >= 0; });
}

}  // namespace cli
