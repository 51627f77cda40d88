#include "support/oracle.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>
#include <boost/crc.hpp>

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

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

TEST_CASE("a state is restored without its system from any structure that there is, and from no other") {
  const State<double> x = State<double>::Ones(3, 2);
  const std::vector<std::byte> plain = save_state<double>(x);
  for (unsigned tag = 0; tag < 256; ++tag) {
    std::vector<std::byte> bytes(plain.begin(), plain.end() - 4);
    bytes[7] = std::byte(tag);
    boost::crc_32_type crc;
    crc.process_bytes(bytes.data(), bytes.size());
    for (unsigned byte = 0; byte < 4; ++byte) bytes.push_back(std::byte((crc.checksum() >> (8 * byte)) & 0xff));
    CAPTURE(tag);
    if (tag <= structure_names().size()) {
      CHECK(restore_state<double>(bytes) == x);
    } else {
      CHECK_THROWS_AS(restore_state<double>(bytes), std::invalid_argument);
    }
  }
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

TEST_CASE("S3: the memory of another measure, window, step or method is refused by what differs") {
  const MemoryOptions options{.order = 8, .dt = 0.01, .channels = 2};
  Memory<double> saved(LegT{.window = 0.5}, options);
  saved.push_block(support::random_matrix(2, 30, 1));
  const std::vector<std::byte> bytes = saved.save();
  const auto complaint = [&](const Measure& measure, const MemoryOptions& other) -> std::string {
    Memory<double> memory(measure, other);
    memory.push_block(support::random_matrix(other.channels, 5, 2));
    const State<double> before = memory.coefficients();
    try {
      memory.restore(bytes);
    } catch (const std::invalid_argument& error) {
      CHECK(memory.coefficients() == before);
      CHECK(memory.samples() == 5);
      return error.what();
    }
    return "taken";
  };
  const auto with = [&](auto change) {
    MemoryOptions other = options;
    change(other);
    return complaint(LegT{.window = 0.5}, other);
  };
  CHECK(complaint(LegT{.window = 0.5}, options) == "taken");
  CHECK(complaint(Lmu{.window = 0.5}, options) ==
        "longstate::Memory::restore: the saved memory must be of the same measure, got another");
  CHECK(complaint(LegT{.window = 0.25}, options) ==
        "longstate::Memory::restore: the saved memory must be of the same window (or timescale), 0.25, got 0.5");
  CHECK(with([](auto& o) { o.dt = 0.02; }).find("the same dt, 0.02") != std::string::npos);
  CHECK(with([](auto& o) { o.method = Discretization::zoh; }).find("the same method") != std::string::npos);
  CHECK(with([](auto& o) { o.order = 9; }).find("the saved memory must be") != std::string::npos);
  CHECK(with([](auto& o) { o.channels = 1; }).find("the saved memory must be") != std::string::npos);
}

TEST_CASE_TEMPLATE("S3: hostile numbers in a saved memory are refused and change nothing", T, float, double) {
  for (const Measure& measure : {Measure(LegS{}), Measure(LagT{})}) {
    Memory<T> memory(measure, {.order = 4, .dt = 0.25});
    for (int k = 0; k < 5; ++k) memory.push(T(k));
    const State<double> good = restore_state<double>(memory.save());
    const State<T> before = memory.coefficients();
    const Index place = 5;  // samples, start, last stamp, even steps, and then what it is a memory of
    for (Index row = place; row < good.rows(); ++row) {
      for (const double wrong : {-1.0, 0.5, 1e300, -1e300, 9.1e15, 5e-324}) {
        State<double> bad = good;
        bad(row, 0) = wrong;
        const bool start = row == place + 1, stamp = row == place + 2;
        if (start && wrong <= good(place + 2, 0)) continue;  // any time may be the first
        if (stamp && wrong >= good(place + 1, 0)) continue;
        CAPTURE(row);
        CAPTURE(wrong);
        CHECK_THROWS_AS(memory.restore(save_state<double>(bad)), std::invalid_argument);
        CHECK(memory.coefficients() == before);
        CHECK(memory.samples() == 5);
      }
    }
    State<double> late = good;
    late(place + 3, 0) = 6;  // more even steps than samples
    CHECK_THROWS_AS(memory.restore(save_state<double>(late)), std::invalid_argument);
    State<double> wide = good;
    wide(0, 0) = 1e300;
    if (sizeof(T) == sizeof(float)) CHECK_THROWS_AS(memory.restore(save_state<double>(wide)), std::invalid_argument);
    memory.restore(save_state<double>(good));
    CHECK(memory.coefficients() == before);
  }
}

TEST_CASE("a state of another order than the system's is not saved as its") {
  const DiscreteSystem system = discretize(delay_system(LegT{}, 3, 0.5), 0.1, Discretization::zoh);
  CHECK(restore_state<double>(save_state<double>(State<double>::Ones(3, 2), system), system) ==
        State<double>::Ones(3, 2));
  CHECK_THROWS_WITH_AS(save_state<double>(State<double>::Ones(4, 2), system),
                       "longstate::save_state: x must be 3 x 2, got 4 x 2", std::invalid_argument);
}
