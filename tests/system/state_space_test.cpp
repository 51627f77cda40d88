#include "support/reference.hpp"

#include <longstate/measure/basis.hpp>
#include <longstate/system/state_space.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

using namespace longstate;

TEST_CASE("legs has no time-invariant system, and says where to go") {
  CHECK_THROWS_WITH_AS(
      coefficient_system(LegS{}, 4),
      "longstate::coefficient_system: measure must be time-invariant (legs-exp is, with the matrices of "
      "legs), got legs",
      std::invalid_argument);
}

TEST_CASE("a delay line reads out the basis at its age") {
  const StateSpace system = delay_system(LegT{.window = 0.5}, 7, 0.125);
  CHECK(system.C == basis(LegT{}, 7, 0.25).transpose());
  CHECK_THROWS_AS(delay_system(LegT{.window = 0.5}, 7, 0.6), std::invalid_argument);
  CHECK_THROWS_AS(delay_system(ChebT{}, 7, 0), std::invalid_argument);
  CHECK_NOTHROW(delay_system(LegSExp{}, 7, 3));
}

TEST_CASE("a system whose shapes do not fit is refused by the name of the matrix") {
  StateSpace system = coefficient_system(LegT{}, 3);
  CHECK_NOTHROW(validate(system));
  system.C.resize(2, 4);
  CHECK_THROWS_WITH_AS(validate(system), "longstate::StateSpace: C must be 2 x 3, got 2 x 4", std::invalid_argument);
  system = coefficient_system(LegT{}, 3);
  system.A(1, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(validate(system), std::invalid_argument);
  CHECK_THROWS_AS(validate(StateSpace{}), std::invalid_argument);
}

TEST_CASE("systems are values") {
  const StateSpace a = coefficient_system(Fourier{}, 5);
  StateSpace b = a;
  CHECK(a == b);
  b.D(0, 0) = 1;
  CHECK_FALSE(a == b);
}
