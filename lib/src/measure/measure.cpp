#include "../detail/check.hpp"
#include "table.hpp"

#include <longstate/measure/measure.hpp>

#include <array>
#include <cmath>
#include <utility>

namespace longstate {
namespace {

using detail::with_row;

template <std::size_t... i>
std::array<Measure, sizeof...(i)> each_measure(std::index_sequence<i...> /*alternatives*/) {
  return {Measure(std::in_place_index<i>)...};
}

/// One of each, in the order of the variant.
const auto& unit_measures() {
  static const auto measures = each_measure(std::make_index_sequence<std::variant_size_v<Measure>>());
  return measures;
}

}  // namespace

std::span<const std::string_view> measure_names() {
  static const auto names = [] {
    std::array<std::string_view, std::variant_size_v<Measure>> all;
    for (const Measure& measure : unit_measures()) all[measure.index()] = name(measure);
    return all;
  }();
  return names;
}

std::string_view name(const Measure& measure) {
  return with_row(measure, [](const auto& row, const auto&) { return row.name; });
}

Measure make_measure(std::string_view wanted, double window) {
  for (Measure measure : unit_measures()) {
    if (name(measure) != wanted) continue;
    std::visit(
        [&](auto& m) {
          if (const auto theta = detail::row(m).theta) m.*theta = window;
        },
        measure);
    validate(measure);
    return measure;
  }
  detail::fail_unknown("make_measure", "measure", measure_names(), wanted);
}

double timescale(const Measure& measure) {
  return with_row(measure, [](const auto& row, const auto& m) { return row.theta ? m.*row.theta : 1.0; });
}

bool is_time_invariant(const Measure& measure) {
  return with_row(measure, [](const auto& row, const auto&) { return row.theta != nullptr; });
}

double support(const Measure& measure) {
  return with_row(measure, [](const auto& row, const auto&) { return row.support; });
}

bool in_support(const Measure& measure, double age) {
  return with_row(measure, [age](const auto& row, const auto& m) {
    return age >= 0 && age <= row.support && std::isfinite(age) && row.has_finite_basis(m, age);
  });
}

double weight(const Measure& measure, double age) {
  return with_row(measure, [age](const auto& row, const auto& m) {
    return age >= 0 && age <= row.support ? row.weight(m, age) : 0.0;
  });
}

double tilt(const Measure& measure, double age) {
  return with_row(measure, [age](const auto& row, const auto& m) { return row.tilt(m, age); });
}

void validate(const Measure& measure) {
  with_row(measure, [&](const auto& row, const auto& m) {
    detail::check_positive(row.name, std::isinf(row.support) ? "timescale" : "window", timescale(measure));
    for (const auto& parameter : row.parameters) {
      if (parameter.value) detail::check_above(row.name, parameter.name, parameter.above, m.*parameter.value);
    }
  });
}

}  // namespace longstate
