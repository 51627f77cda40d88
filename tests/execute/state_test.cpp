#include "support/oracle.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <limits>
#include <stdexcept>

using namespace longstate;

TEST_CASE_TEMPLATE("a saved state is restored equal, and refused with any one bit flipped", T, float, double) {
  State<T> x = support::random_matrix(7, 3, 1).cast<T>();
  x(0, 0) = std::numeric_limits<T>::denorm_min();
  x(1, 0) = -T(0);
  const std::vector<std::byte> bytes = save_state<T>(x);
  CHECK(restore_state<T>(bytes) == x);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::vector<std::byte> damaged = bytes;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    CHECK_THROWS_AS(restore_state<T>(damaged), std::invalid_argument);
  }
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CHECK_THROWS_AS(restore_state<T>(std::span(bytes).first(length)), std::invalid_argument);
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back(std::byte{0});
  CHECK_THROWS_AS(restore_state<T>(longer), std::invalid_argument);
}

TEST_CASE("a state of another precision, or that is not finite, is refused by name") {
  CHECK_THROWS_WITH_AS(restore_state<float>(save_state<double>(State<double>::Ones(2, 1))),
                       "longstate::restore_state: values must have 4 bytes, got 8", std::invalid_argument);
  const State<double> nan = State<double>::Constant(1, 1, std::numeric_limits<double>::quiet_NaN());
  CHECK_THROWS_WITH_AS(restore_state<double>(save_state<double>(nan)),
                       "longstate::restore_state: values must be finite, got nan or infinity", std::invalid_argument);
}

TEST_CASE_TEMPLATE("a memory that was saved goes on as if it had not been", T, float, double) {
  const Matrix<T> u = support::random_matrix(2, 300, 2).cast<T>();
  for (const Measure& measure : {Measure(LegS{}), Measure(LegT{.window = 0.5}), Measure(ChebT{})}) {
    const MemoryOptions options{.order = 16, .dt = 0.01, .channels = 2};
    Memory<T> memory(measure, options), later(measure, options);
    memory.push_block(u.leftCols(100));
    memory.push_at(1.7, u.col(100));
    later.restore(memory.save());
    memory.push_block(u.rightCols(199));
    later.push_block(u.rightCols(199));
    CHECK(later.coefficients() == memory.coefficients());
    CHECK(later.elapsed() == memory.elapsed());
    Memory<T> other(measure, {.order = 17, .dt = 0.01, .channels = 2});
    CHECK_THROWS_AS(other.restore(memory.save()), std::invalid_argument);
  }
}

TEST_CASE("a read-out at any age is the basis times the coefficients") {
  const Vector<double> x = support::random_matrix(12, 1, 3);
  const Vector<double> ages = Vector<double>::LinSpaced(1000, 0, 1);
  const Vector<double> values = read_out(LegT{}, x, ages);
  CHECK((values - basis(LegT{}, 12, ages).transpose() * x).norm() < 1e-12);
  CHECK_THROWS_AS(read_out(LegT{}, x, Vector<double>::Constant(1, 1.5)), std::invalid_argument);
}
