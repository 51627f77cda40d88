// Any bytes, in any chunks, are numbers or an InputError; and how they are cut into chunks changes nothing.

#include "cli/csv.hpp"
#include "cli/error.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

struct Outcome {
  std::vector<double> values;
  std::string complaint;
  bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view text, std::size_t chunk) {
  Outcome outcome;
  cli::CsvParser parser("input");
  try {
    for (std::size_t at = 0; at < text.size(); at += chunk) parser.feed(text.substr(at, chunk), outcome.values);
    parser.finish(outcome.values);
    if (outcome.values.size() != parser.rows() * parser.columns()) std::abort();
  } catch (const cli::InputError& error) {
    outcome.complaint = error.what();
  }
  for (const double value : outcome.values) {
    if (!std::isfinite(value)) std::abort();
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (parse(text, text.size() + 1) != parse(text, 1 + data[0])) std::abort();
  return 0;
}
