#include "cli/csv.hpp"

#include "cli/error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace cli {
namespace {

bool is_separator(char c) { return c == ',' || c == ';' || c == '\t' || c == ' '; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// Cuts the first field off a trimmed line. Spaces around a comma belong to it; without a comma they separate.
std::string_view take_field(std::string_view& line) {
  const std::size_t end = std::min(line.find_first_of(",;\t "), line.size());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(end);
  bool hard = false;  // seen a comma or semicolon
  while (!line.empty() && is_separator(line.front())) {
    const bool is_hard = line.front() == ',' || line.front() == ';';
    if (is_hard && hard) break;  // an empty field
    hard = hard || is_hard;
    line.remove_prefix(1);
    if (hard && line.empty()) return field;
  }
  return field;
}

enum class Field { number, text, out_of_range };

Field parse_field(std::string_view field, double& value) {
  if (!field.empty() && field.front() == '+') field.remove_prefix(1);
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (end != field.data() + field.size()) return Field::text;
  if (error == std::errc()) return Field::number;
  if (error != std::errc::result_out_of_range) return Field::text;
  // from_chars does not tell too small, which is zero, from too large
  value = std::strtod(std::string(field).c_str(), nullptr);
  return std::abs(value) < 1 ? Field::number : Field::out_of_range;
}

/// What to show of a field that is wrong: printable, and not all of a megabyte.
std::string shown(std::string_view field) {
  std::string text(field.substr(0, 24));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (field.size() > text.size()) text.append("...");
  return text;
}

}  // namespace

void CsvParser::fail(const std::string& what) const { throw InputError(fmt::format("{}: {}", source_, what)); }

void CsvParser::feed(std::string_view chunk, std::vector<double>& values) {
  while (!chunk.empty()) {
    const std::size_t newline = chunk.find('\n');
    const std::string_view piece = chunk.substr(0, newline);
    if (partial_.size() + piece.size() > max_line) {
      fail(fmt::format("line {} is longer than {} bytes", line_ + 1, max_line));
    }
    if (newline == std::string_view::npos) {
      partial_.append(piece);
      return;
    }
    if (partial_.empty()) {
      parse_line(piece, values);
    } else {
      partial_.append(piece);
      parse_line(partial_, values);
      partial_.clear();
    }
    chunk.remove_prefix(newline + 1);
  }
}

void CsvParser::finish(std::vector<double>& values) {
  if (!partial_.empty()) parse_line(partial_, values);
  partial_.clear();
  if (rows_ == 0) fail(line_ == 0 ? "the file is empty" : "there is no row of numbers");
}

void CsvParser::parse_line(std::string_view line, std::vector<double>& values) {
  ++line_;
  if (line_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);  // byte-order mark
  line = trim(line);
  if (line.empty() || line.front() == '#') return;

  const std::size_t before = values.size();
  for (std::size_t column = 1; !line.empty(); ++column) {
    const std::string_view field = take_field(line);
    double value = 0;
    if (const Field kind = parse_field(field, value); kind != Field::number) {
      values.resize(before);
      if (kind == Field::text && rows_ == 0 && !header_ && column == 1 && !field.empty()) {
        header_ = true;
        return;
      }
      fail(fmt::format("line {}, column {}: '{}' is {}", line_, column, shown(field),
                       kind == Field::text ? "not a number" : "beyond the range of a double"));
    }
    if (!std::isfinite(value)) {
      values.resize(before);
      fail(fmt::format("line {}, column {}: {} is not a finite number", line_, column, value));
    }
    values.push_back(value);
  }

  const std::size_t width = values.size() - before;
  if (rows_ == 0) columns_ = width;
  if (width != columns_) {
    values.resize(before);
    fail(fmt::format("line {} has {} columns, the lines before it {}", line_, width, columns_));
  }
  ++rows_;
}

}  // namespace cli
