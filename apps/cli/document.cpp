#include "cli/document.hpp"

#include "cli/error.hpp"
#include "cli/output.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace cli {
namespace {

/// Whether a number in there is not finite; `place` is then where, as "A[2][0]".
bool holds_infinity(const Json& value, std::string& place) {
  if (value.is_number_float()) return !std::isfinite(value.get<double>());
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (!holds_infinity(member, place)) continue;
      place.insert(0, key);
      return true;
    }
  }
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!holds_infinity(value[i], place)) continue;
      place.insert(0, fmt::format("[{}]", i));
      return true;
    }
  }
  return false;
}

}  // namespace

using longstate::Index;
using longstate::Matrix;
using longstate::Vector;

Json to_json(const Vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(value);
  return list;
}

Json to_json(const Matrix<double>& rows) {
  Json list = Json::array();
  for (Index i = 0; i < rows.rows(); ++i) list.push_back(to_json(Vector<double>(rows.row(i).transpose())));
  return list;
}

Json columns_to_json(const Matrix<double>& columns) {
  if (columns.cols() == 1) return to_json(Vector<double>(columns.col(0)));
  return to_json(Matrix<double>(columns.transpose()));
}

std::string to_text(const std::string& name, const Matrix<double>& rows) {
  constexpr Index most = 8;
  std::string text = fmt::format("{} ({} x {})\n", name, rows.rows(), rows.cols());
  for (Index i = 0; i < std::min(rows.rows(), most); ++i) {
    for (Index j = 0; j < std::min(rows.cols(), most); ++j) text += fmt::format(" {:12.5g}", rows(i, j));
    text += rows.cols() > most ? " ...\n" : "\n";
  }
  if (rows.rows() > most) text += "          ...\n";
  return text;
}

void check_finite(const Json& document) {
  std::string place;
  if (holds_infinity(document, place)) {
    throw Failure(fmt::format("{} is not finite: the numbers are beyond the range of double", place));
  }
}

std::string to_line(const Json& document) {
  check_finite(document);
  return document.dump().append("\n");
}

void print(const Json& document) { print(to_line(document)); }

void print(const std::string& text) {
  TextOutput output("-");
  output.write(text);
  output.commit();
}

}  // namespace cli
