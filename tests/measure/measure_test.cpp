#include "../lib/src/measure/table.hpp"

#include <longstate/measure/measure.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace longstate;

TEST_CASE("a measure comes back from its name with its window") {
  for (const std::string_view wanted : measure_names()) {
    const Measure measure = make_measure(wanted, 2.5);
    CHECK(name(measure) == wanted);
    CHECK(timescale(measure) == (wanted == "legs" ? 1.0 : 2.5));
    CHECK(is_time_invariant(measure) == (wanted != "legs"));
  }
}

TEST_CASE("bad measures are refused by name") {
  CHECK_THROWS_WITH_AS(
      make_measure("legz"),
      "longstate::make_measure: measure must be one of legs legs-exp legt lmu lagt fourier chebt, got 'legz'",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(make_measure("legt", 0), "longstate::legt: window must be positive and finite, got 0",
                       std::invalid_argument);
  CHECK_THROWS_AS(make_measure("lagt", -1), std::invalid_argument);
  CHECK_THROWS_AS(validate(LagT{.alpha = -1}), std::invalid_argument);
  CHECK_THROWS_AS(validate(LagT{.beta = -2}), std::invalid_argument);
}

TEST_CASE("weights are those of HiPPO, and zero outside the window") {
  CHECK(weight(LegS{}, 0.3) == 1);
  CHECK(weight(LegT{}, 1.01) == 0);
  CHECK(weight(Fourier{}, -0.01) == 0);
  CHECK(weight(LegSExp{}, 2) == doctest::Approx(0.1353352832366127).epsilon(1e-15));
  CHECK(weight(LagT{.alpha = 0.5}, 4) == doctest::Approx(2 * 0.01831563888873418).epsilon(1e-15));
  CHECK(weight(ChebT{}, 0.5) == doctest::Approx(0.6366197723675814).epsilon(1e-15));
  CHECK(tilt(LagT{}, 2) == doctest::Approx(0.36787944117144233).epsilon(1e-15));
}

TEST_CASE("the kind of operator that a row states is that of its matrices") {
  using detail::OperatorKind;
  for (const std::string_view wanted : measure_names()) {
    CAPTURE(wanted);
    const detail::Form form =
        detail::with_row(make_measure(wanted), [](const auto& row, const auto& m) { return row.matrices(m, 3); });
    const auto* semiseparable = std::get_if<detail::Semiseparable>(&form);
    const OperatorKind kind = std::holds_alternative<detail::Waves>(form) ? OperatorKind::waves
                              : !semiseparable                            ? OperatorKind::none
                              : semiseparable->above.size() == 0          ? OperatorKind::triangular
                                                                          : OperatorKind::semiseparable;
    CHECK(detail::operator_kind(make_measure(wanted)) == kind);
  }
}
