#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

DiscreteSystem diagonal_of_order(Index order) {
  return discretize(initialize_diagonal("s4d-lin", order), 0.01, Discretization::zoh);
}

DiscreteSystem legt(Index order) {
  const HippoSystem system{LegT{}, Matrix<double>::Ones(1, order), Matrix<double>::Zero(1, 1)};
  return discretize(system, 1e-3, Discretization::bilinear);
}

bool has(const Plan& plan, Path path) {
  for (const Candidate& candidate : plan.candidates) {
    if (candidate.path == path) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a plan knows what it was asked: structure, order and the samples of a call change the path") {
  CHECK(plan<float>(diagonal_of_order(64), {.copies = 16}).best().path == Path::recurrent);
  CHECK(plan<float>(legt(64), {.copies = 16}).best().path == Path::chunked);
  CHECK(plan<float>(diagonal_of_order(64), {.call = 8}).best().path == Path::recurrent);
  CHECK_FALSE(has(plan<float>(legt(64), {.call = 8}), Path::chunked));
  CHECK(plan<double>(dense(legt(256))).best().block > plan<double>(dense(legt(16))).best().block);
}

TEST_CASE_TEMPLATE("a planned system is the recurrence, on every path, estimated or measured, alone and in layers", T,
                   float, double) {
  const double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-12;
  std::vector<DiscreteSystem> layer;
  for (Index c = 0; c < 33; ++c) {
    DiagonalSystem system = initialize_diagonal("s4d-lin", 8);
    system.lambda *= 1 + 0.1 * static_cast<double>(c);
    layer.emplace_back(discretize(system, 0.01, Discretization::zoh));
  }
  const Matrix<T> u = random_matrix(33, 900, 1).cast<T>();
  Recurrence<T> recurrence(layer);
  State<T> x = recurrence.zero_state();
  Matrix<T> expected(33, 900);
  recurrence.run(u, expected, x);
  const auto check = [&](Planned<T> path) {
    REQUIRE(path.inputs() == 33);
    REQUIRE(path.outputs() == 33);
    State<T> z = path.zero_state();
    Matrix<T> y(33, 900);
    path.run(u, y, z);
    CHECK(relative_error(y.template cast<double>(), expected.template cast<double>()) < tolerance);
    CHECK(relative_error(z.template cast<double>(), x.template cast<double>()) < tolerance);
  };
  const Plan estimated = plan<T>(layer, {.length = 900, .threads = 2});
  for (const Candidate& candidate : estimated.candidates) {
    CAPTURE(name(candidate.path));
    check(Planned<T>(layer, {estimated.workload, estimated.planning, {candidate}}));
  }
  const Plan measured = plan<T>(layer, {.length = 900}, Planning::measure);
  CHECK(measured.candidates.size() == estimated.candidates.size());
  check(Planned<T>(layer, measured));
  for (DiscreteSystem& system : layer) system = layer[0];
  recurrence = Recurrence<T>(layer);
  x = recurrence.zero_state();
  recurrence.run(u, expected, x);
  check(Planned<T>(layer[0], plan<T>(layer[0], {.copies = 33})));
}

TEST_CASE("a plan tells what it chose, and is the same from its text") {
  const Plan made = plan<double>(legt(64), {.copies = 2, .length = 1000, .call = 0, .threads = 1});
  const std::string text = describe(made);
  CHECK(text.starts_with("chunked, blocks of "));
  CHECK(text.find("estimated for copies = 2, threads = 1, 1000 samples, all in one call") != std::string::npos);
  CHECK(text.find("\n  recurrent: ") != std::string::npos);
  const Plan again = load_plan(save_plan(made));
  CHECK(save_plan(again) == save_plan(made));
  CHECK(describe(again) == text);
}

TEST_CASE("what is no plan is refused") {
  const std::string good = save_plan(plan<double>(diagonal_of_order(4)));
  const std::string head = "longstate plan 1\ncopies 1 length 0 call 0 threads 1\n";
  for (const std::string& text :
       {std::string(), std::string("longstate plan 2"), good.substr(0, 30), head, head + "guess\nrecurrent 0 1\n",
        head + "estimate\n", head + "estimate\nsideways 0 1\n", head + "estimate\nchunked 16\n",
        head + "estimate\nchunked -16 1\n", head + "estimate\nchunked 16 nan\n",
        std::string("longstate plan 1\ncopies 0 length 0 call 0 threads 1\nestimate\nrecurrent 0 1\n")}) {
    CAPTURE(text);
    CHECK_THROWS_AS(load_plan(text), std::invalid_argument);
  }
  CHECK_THROWS_WITH_AS(plan<double>(diagonal_of_order(4), {.copies = 0}),
                       "longstate::plan: copies must be at least 1, got 0", std::invalid_argument);
  CHECK_THROWS_AS(plan<double>(diagonal_of_order(4), {.length = -1}), std::invalid_argument);
  CHECK_THROWS_AS(plan<double>(diagonal_of_order(4), {.call = -1}), std::invalid_argument);
  CHECK_THROWS_AS(plan<double>(diagonal_of_order(4), {.threads = 0}), std::invalid_argument);
  CHECK_THROWS_AS(plan<double>(std::vector<DiscreteSystem>{}), std::invalid_argument);
  CHECK_THROWS_WITH_AS(Planned<double>(diagonal_of_order(4), Plan{}),
                       "longstate::Planned: the plan must have a candidate, got none", std::invalid_argument);
  CHECK_THROWS_WITH_AS(make_path("scan"), "longstate::make_path: path must be one of recurrent chunked fft, got 'scan'",
                       std::invalid_argument);
}

TEST_CASE("a plan of a layer may have more copies than systems") {
  const std::vector<DiscreteSystem> layer(32, diagonal_of_order(64));
  const Plan more = plan<float>(layer, {.copies = 256}), alone = plan<float>(layer);
  CHECK(more.workload.copies == 256);
  CHECK(alone.workload.copies == 32);
  CHECK(Planned<float>(layer, more).copies() == 256);
  CHECK(Planned<float>(layer, load_plan(save_plan(more))).copies() == 256);
}
