#include "support/limits.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <stdexcept>
#include <string>

using namespace longstate;

namespace {

using Complex = std::complex<double>;
using support::infinity;
using support::not_a_number;

/// Every way in that takes a discrete system refuses it, by the name of the culprit.
void check_refused(const DiscreteSystem& system, const std::string& culprit) {
  const auto refuses = [&](const auto& call) {
    INFO(culprit);
    try {
      call();
      CHECK_MESSAGE(false, "taken");
    } catch (const std::invalid_argument& error) {
      const std::string what = error.what();
      INFO(what);
      CHECK(what.find(culprit) != std::string::npos);
    }
  };
  refuses([&] { validate(system); });
  refuses([&] { std::visit([](const auto& of_structure) { DiscreteSystem made(of_structure); }, system); });
  refuses([&] { Recurrence<double> path(system); });
  refuses([&] { Chunked<float> path(system, 16); });
  refuses([&] { default_chunk(system); });
#if LONGSTATE_WITH_FFTW
  refuses([&] { Convolution<double> path(system, 16); });
  refuses([&] { Planned<double> path(system, {{}, Planning::estimate, {{Path::fft, 0, 0}}}); });
  refuses([&] { default_block(system); });
#endif
  refuses([&] { Transition<double> A(system); });
  refuses([&] { kernel(system, 4); });
  refuses([&] { dense(system); });
  refuses([&] { increment(system); });
  refuses([&] { plan<double>(system); });
  refuses([&] { transfer_function(system); });
}

template <class System, class Change>
DiscreteSystem changed(const System& system, const Change& change) {
  DiscreteSystem later = system;  // checked before the change
  change(std::get<System>(later));
  return later;
}

DiagonalSystem one_entry(Complex lambda) {
  return {Vector<Complex>::Constant(1, lambda), Matrix<Complex>::Ones(1, 1), Matrix<Complex>::Ones(1, 1),
          Matrix<double>::Zero(1, 1)};
}

}  // namespace

TEST_CASE("A5: a discrete system of any structure is refused where a number, a shape or an option is wrong") {
  const auto hippo = discretize(hippo_delay_system(LegT{}, 4, 0.5), 0.1, Discretization::gbt);
  check_refused(changed(hippo, [](auto& s) { s.B(2, 0) = not_a_number; }), "B must be finite");
  check_refused(changed(hippo, [](auto& s) { s.B.resize(3, 1); }), "B must be 4 x 1, got");
  check_refused(changed(hippo, [](auto& s) { s.B = Matrix<double>::Ones(4, 2); }), "B must be 4 x 1, got 4 x 2");
  check_refused(changed(hippo, [](auto& s) { s.C = Matrix<double>::Ones(1, 9); }), "B must be 9 x 1, got 4 x 1");
  check_refused(changed(hippo, [](auto& s) { s.D(0, 0) = infinity; }), "D must be finite");
  check_refused(changed(hippo, [](auto& s) { s.alpha = 7; }), "alpha must be from 0 to 1, got 7");
  check_refused(changed(hippo, [](auto& s) { s.pade.degree = 3; }), "degree must be even");
  check_refused(changed(hippo, [](auto& s) { s.pade.substeps = -1; }), "substeps must be from 0 to 2^20");
  check_refused(changed(hippo, [](auto& s) { s.dt = not_a_number; }), "dt must be positive");
  check_refused(changed(hippo, [](auto& s) { s.measure = LegT{-1}; }), "window must be positive");

  const NplrSystem continuous = normal_plus_low_rank(LegT{}, 4, Matrix<double>::Ones(1, 4));
  const auto nplr = discretize(continuous, 0.1, Discretization::bilinear);
  check_refused(changed(nplr, [](auto& s) { s.B(1, 0) = {0, not_a_number}; }), "B must be finite");
  check_refused(changed(nplr, [](auto& s) { s.B = Matrix<Complex>::Ones(1, 1); }), "B must be 2 x 1, got 1 x 1");
  check_refused(changed(nplr, [](auto& s) { s.C = Matrix<Complex>::Ones(1, 7); }), "C must be 1 x 2, got 1 x 7");
  check_refused(changed(nplr, [](auto& s) { s.D.resize(0, 0); }), "D must be 1 x 1");
  check_refused(changed(nplr, [](auto& s) { s.alpha = 7; }), "alpha must be from 0 to 1, got 7");
  check_refused(changed(nplr, [](auto& s) { s.alpha = not_a_number; }), "alpha must be from 0 to 1");
  // The kernel goes by the continuous B, the recurrence by the discrete one.
  check_refused(changed(nplr, [](auto& s) { s.B *= 2; }), "B must be that of `continuous`");
  check_refused(changed(nplr, [](auto& s) { s.continuous.B *= 1 + 1e-6; }), "B must be that of `continuous`");
  check_refused(changed(nplr, [](auto& s) { s.alpha = 0.6; }), "B must be that of `continuous`");
  for (const double units : {1e-200, 1e200}) {
    CHECK_NOTHROW(DiscreteSystem(changed(nplr, [&](auto& s) { s.B *= units, s.continuous.B *= units; })));
    check_refused(changed(nplr, [&](auto& s) { s.B *= 2 * units, s.continuous.B *= units; }),
                  "B must be that of `continuous`");
  }
  check_refused(changed(nplr,
                        [](auto& s) {
                          s.continuous.B = Matrix<Complex>::Ones(2, 9);
                          s.continuous.D = Matrix<double>::Zero(1, 9);
                        }),
                "continuous.B must have as many columns as B, got 9");

  const auto none = static_cast<Convention>(7);
  check_refused(changed(hippo, [&](auto& s) { s.convention = none; }), "convention must be sequence or control, got 7");
  check_refused(changed(nplr, [&](auto& s) { s.convention = none; }), "convention must be sequence or control, got 7");

  const auto diagonal = discretize(one_entry({-1, 2}), 0.1, Discretization::zoh);
  check_refused(changed(diagonal, [](auto& s) { s.mu(0) = {not_a_number, 0}; }), "mu must be finite");
  check_refused(changed(diagonal, [](auto& s) { s.mu(0) = {infinity, 0}; }), "mu must be finite");
  check_refused(changed(diagonal, [](auto& s) { s.mu(0) = {-1, infinity}; }), "mu must be finite");
  check_refused(changed(diagonal, [](auto& s) { s.C = Matrix<Complex>::Ones(1, 3); }), "C must be 1 x 1, got 1 x 3");
  DiscreteDiagonal wrong = diagonal;
  wrong.B = Matrix<Complex>::Ones(5, 1);
  CHECK_THROWS_AS(longstate::continuous(wrong), std::invalid_argument);
}

TEST_CASE("A5: an eigenvalue of zero, mu of -infinity, is a value") {
  DiscreteDiagonal gone = discretize(one_entry({-1, 0}), 1, Discretization::forward_euler);
  CHECK(std::isinf(gone.mu(0).real()));
  const Matrix<double> K = kernel(gone, 3);
  CHECK(K(0, 0) == 2);
  CHECK(K(0, 1) == 0);
  CHECK(K(0, 2) == 0);
}

TEST_CASE("A6: what a step takes beyond the range of double is an error that names it") {
  const auto overflows = [](const auto& call, const std::string& what) {
    try {
      call();
      CHECK_MESSAGE(false, "taken: ", what);
    } catch (const std::domain_error& error) {
      CHECK(std::string(error.what()).find(what) != std::string::npos);
    }
  };
  const DiagonalSystem growing = one_entry({1000, 0});
  for (const auto method : {Discretization::zoh, Discretization::foh, Discretization::impulse}) {
    const DiscretizeOptions options{.convention =
                                        method == Discretization::zoh ? Convention::sequence : Convention::control};
    overflows([&] { discretize(growing, 1, method, options); }, "e^(lambda dt) overflows");
    CHECK(std::isfinite(discretize(growing, 0.1, method, options).B(0, 0).real()));
  }
  DiagonalSystem loud = one_entry({-1, 0});
  loud.B(0, 0) = 1e308;
  overflows([&] { discretize(loud, 100, Discretization::forward_euler); }, "B overflows");
  const HippoSystem hippo = hippo_delay_system(LegT{}, 4, 0.5);
  CHECK_THROWS_AS(discretize(hippo, 1e308, Discretization::forward_euler), std::invalid_argument);  // A dt, before B
  NplrSystem nplr = normal_plus_low_rank(LegT{}, 4, Matrix<double>::Ones(1, 4));
  nplr.B *= 1e307;
  overflows([&] { discretize(nplr, 1e3, Discretization::forward_euler); }, "B overflows");
}

TEST_CASE("A6: a kernel that grows beyond the range of double is an error that says where, in every structure") {
  // K_j = 2 * 3^j, beyond 1.8e308 at j = 646
  const auto diagonal = discretize(one_entry({2, 0}), 1, Discretization::forward_euler);
  const DiscreteStateSpace dense_one{Matrix<double>::Constant(1, 1, 3.0),
                                     Matrix<double>::Constant(1, 1, 2.0),
                                     Matrix<double>::Ones(1, 1),
                                     Matrix<double>::Zero(1, 1),
                                     1,
                                     Convention::sequence};
  for (const DiscreteSystem& system : {DiscreteSystem(diagonal), DiscreteSystem(dense_one)}) {
    CAPTURE(name(structure(system)));
    CHECK(kernel(system, 600)(0, 599) == doctest::Approx(2 * std::pow(3.0, 599)).epsilon(1e-10));
    CHECK_THROWS_AS(kernel(system, 700), std::domain_error);
  }
  CHECK_THROWS_WITH_AS(kernel(dense_one, 2000),
                       doctest::Contains("longstate::kernel: value 646 is beyond the largest number: the system grows"),
                       std::domain_error);
}
