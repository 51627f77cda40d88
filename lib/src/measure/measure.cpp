#include "../detail/check.hpp"

#include <longstate/measure/measure.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace longstate {
namespace {

using namespace std::string_view_literals;

constexpr std::array known_measures{"legs"sv, "legs-exp"sv, "legt"sv, "lmu"sv, "lagt"sv, "fourier"sv, "chebt"sv};
static_assert(known_measures.size() == std::variant_size_v<Measure>);

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace

std::span<const std::string_view> measure_names() { return known_measures; }

std::string_view name(const Measure& measure) { return known_measures[measure.index()]; }

Measure make_measure(std::string_view wanted, double window) {
  Measure measure;
  if (wanted == "legs") {
    measure = LegS{};
  } else if (wanted == "legs-exp") {
    measure = LegSExp{window};
  } else if (wanted == "legt") {
    measure = LegT{window};
  } else if (wanted == "lmu") {
    measure = Lmu{window};
  } else if (wanted == "lagt") {
    measure = LagT{window};
  } else if (wanted == "fourier") {
    measure = Fourier{window};
  } else if (wanted == "chebt") {
    measure = ChebT{window};
  } else {
    detail::fail_unknown("make_measure", "measure", known_measures, wanted);
  }
  validate(measure);
  return measure;
}

double timescale(const Measure& measure) {
  return std::visit(Overloaded{[](const LegS&) { return 1.0; }, [](const LegSExp& m) { return m.timescale; },
                               [](const LagT& m) { return m.timescale; }, [](const auto& m) { return m.window; }},
                    measure);
}

bool is_time_invariant(const Measure& measure) { return !std::holds_alternative<LegS>(measure); }

double support(const Measure& measure) {
  const bool fades = std::holds_alternative<LegSExp>(measure) || std::holds_alternative<LagT>(measure);
  return fades ? std::numeric_limits<double>::infinity() : 1.0;
}

bool in_support(const Measure& measure, double age) {
  const bool inside = age >= 0 && age <= support(measure) && std::isfinite(age);
  if (std::holds_alternative<ChebT>(measure)) return inside && age > 0 && age < 1;
  if (const auto* lagt = std::get_if<LagT>(&measure); lagt && lagt->alpha < 0) return inside && age > 0;
  return inside;
}

double weight(const Measure& measure, double age) {
  if (!(age >= 0 && age <= support(measure))) return 0.0;
  return std::visit(
      Overloaded{[&](const LegSExp&) { return std::exp(-age); },
                 [&](const LagT& m) { return (m.alpha == 0 ? 1.0 : std::pow(age, m.alpha)) * std::exp(-age); },
                 [&](const ChebT&) { return 1.0 / (std::numbers::pi * std::sqrt(age * (1 - age))); },
                 [](const auto&) { return 1.0; }},
      measure);
}

double tilt(const Measure& measure, double age) {
  if (const auto* lagt = std::get_if<LagT>(&measure)) {
    const double power = lagt->alpha == 0 ? 1.0 : std::pow(age, lagt->alpha);
    return power * std::exp(-(1 - lagt->beta) * age / 2);
  }
  if (std::holds_alternative<ChebT>(measure)) {
    return std::numbers::pi / std::sqrt(8.0) * weight(measure, age);
  }
  return 1.0;
}

void validate(const Measure& measure) {
  const bool fades = std::isinf(support(measure));
  detail::check_positive(name(measure), fades ? "timescale" : "window", timescale(measure));
  if (const auto* lagt = std::get_if<LagT>(&measure)) {
    if (!(lagt->alpha > -1 && std::isfinite(lagt->alpha))) detail::fail("lagt", "alpha must be above -1", lagt->alpha);
    if (!(lagt->beta > -1 && std::isfinite(lagt->beta))) detail::fail("lagt", "beta must be above -1", lagt->beta);
  }
}

}  // namespace longstate
