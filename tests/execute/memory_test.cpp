#include "cli/signal_input.hpp"
#include "support/allocations.hpp"
#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"
#include "support/sizes.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>
#include <Eigen/QR>

#include <cmath>
#include <limits>
#include <stdexcept>

using namespace longstate;
using support::band_limited;
using support::random_matrix;
using support::relative_error;

namespace {

constexpr auto foh = Discretization::foh;
constexpr auto zoh = Discretization::zoh;

Memory<double> remember(const Measure& measure, const Vector<double>& u, const MemoryOptions& options) {
  Memory<double> memory(measure, options);
  memory.push_block(u.transpose());
  return memory;
}

/// Relative root mean square of the reconstruction at the samples of the last `window` seconds, compared `shift` early.
double reconstruction_error(const Memory<double>& memory, const Vector<double>& u, double window, double shift) {
  const double dt = memory.options().dt;
  const Index count = std::min<Index>(u.size(), static_cast<Index>(std::floor(window / dt + 1e-9)));
  Vector<double> delays(count);
  for (Index k = 0; k < count; ++k) delays(k) = std::min(double(k) * dt + shift, memory.window());
  const Vector<double> expected = u.reverse().head(count);
  return (memory.reconstruct(delays) - expected).norm() / expected.norm();
}

/// The exact projection of the signal by quadrature: int u(t - delay) h_n(age) omega / chi^2 dage.
Vector<double> exact(const Measure& measure, Index order, const support::Held& signal) {
  const double now = signal.times(signal.times.size() - 1);
  const double theta = is_time_invariant(measure) ? timescale(measure) : now - signal.start;
  return support::project(signal, order, [&](double t) -> Vector<double> {
    const double age = (now - t) / theta;
    const double density = weight(measure, age) / std::pow(tilt(measure, age), 2);
    return density / theta * basis(measure, order, age);
  });
}

Vector<double> even_times(Index n, double dt, double first) {
  return Vector<double>::NullaryExpr(n, [=](Index k) { return first + dt * double(k); });
}

}  // namespace

TEST_CASE("legs, held and joined: the coefficients are the exact projection, by quadrature") {
  double worst = 0;
  for (const Index N : support::values<Index>({1, 2, 5, 64}, {1, 64})) {
    for (const Index n : support::values<Index>({2, 3, 40, 700}, {2, 40})) {
      const Vector<double> u = random_matrix(n, 1, unsigned(N + n));
      for (const auto method : {foh, zoh}) {
        const bool lines = method == foh;
        CAPTURE(N);
        CAPTURE(n);
        CAPTURE(lines);
        const Memory<double> memory = remember(LegS{}, u, {.order = N, .dt = 0.01, .method = method});
        const support::Held signal{even_times(n, 0.01, lines ? 0 : 0.01), u, 0, lines};
        const double error = relative_error(memory.coefficients(), exact(LegS{}, N, signal));
        CHECK(error < 1e-10);
        worst = support::larger(worst, error);
      }
    }
  }
  MESSAGE("largest error relative to the largest coefficient: " << worst);
}

TEST_CASE("legs at uneven times: exact, too") {
  const Vector<double> gaps = 0.02 * (random_matrix(300, 1, 4).array() + 1.01).matrix();
  const Vector<double> u = random_matrix(300, 1, 5);
  for (const auto method : {foh, zoh}) {
    Memory<double> memory(LegS{}, {.order = 48, .dt = 0.01, .method = method});
    Vector<double> times(300);
    double now = 1000;
    for (Index k = 0; k < 300; ++k) {
      times(k) = now;
      memory.push_at(now, u.segment(k, 1));
      now += gaps(k);
    }
    const support::Held signal{times, u, method == foh ? times(0) : times(0) - 0.01, method == foh};
    CHECK(memory.elapsed() == doctest::Approx(times(299) - signal.start).epsilon(1e-12));
    CHECK(relative_error(memory.coefficients(), exact(LegS{}, 48, signal)) < 1e-10);
  }
}

namespace {

/// Largest error of the legs coefficients of a signal at these times, N = 64 and 256, joined.
void check_long_legs(const std::string& what, const Vector<double>& times, const Vector<double>& u) {
  for (const Index N : {64, 256}) {
    Memory<double> memory(LegS{}, {.order = N, .dt = times(1) - times(0)});
    for (Index k = 0; k < u.size(); ++k) memory.push_at(times(k), u.segment(k, 1));
    const double error = relative_error(memory.coefficients(), support::project_legs({times, u, times(0), true}, N));
    CAPTURE(what);
    CAPTURE(N);
    CHECK(error < 1e-10);
    MESSAGE(what << ", " << u.size() << " samples, N = " << N << ": " << error);
  }
}

/// Weekly, in seconds, with gaps of two to six months after one sample in two hundred.
Vector<double> weekly_with_gaps(Index n) {
  const Matrix<double> random = random_matrix(n, 2, 77);
  Vector<double> times(n);
  double now = 0;
  for (Index k = 0; k < n; ++k) {
    times(k) = now;
    const double weeks = random(k, 0) > 0.99 ? std::round(17 + 9 * random(k, 1)) : 1;
    now += weeks * 7 * 86400;
  }
  return times;
}

void check_long_signals(Index n) {
  const Vector<double> even = even_times(n, 1e-3, 0);
  check_long_legs("noise", even, random_matrix(n, 1, 71));
  check_long_legs("band-limited", even,
                  even.unaryExpr([](double t) { return std::sin(3 * t) + std::cos(0.7 * t * t / (1 + t)); }));
  check_long_legs("weekly with gaps of months", weekly_with_gaps(n), random_matrix(n, 1, 72));
}

}  // namespace

TEST_CASE("legs over many samples, even and with gaps of months: exact, with no table that grows") {
  constexpr Index most = support::sanitized ? 300 : 30'000;
  check_long_signals(most);
  const cli::LoadedSignal speech = cli::load_signal(LONGSTATE_DATA_DIR "/speech.wav");
  const Index n = std::min(speech.samples.cols(), most);
  check_long_legs("speech", even_times(n, 1 / *speech.rate, 0), speech.samples.row(0).head(n).transpose());
}

TEST_CASE("legs over 10^6 samples" * doctest::skip()) {
  check_long_signals(1'000'000);
  const cli::LoadedSignal speech = cli::load_signal(LONGSTATE_DATA_DIR "/speech.wav");
  check_long_legs("speech", even_times(speech.samples.cols(), 1 / *speech.rate, 0), speech.samples.row(0).transpose());
}

TEST_CASE("the fading measures are exact, too, with even and with uneven steps") {
  const Vector<double> u = random_matrix(200, 1, 6);
  for (const Measure& measure : {Measure(LegSExp{.timescale = 0.7}), Measure(LagT{.timescale = 0.1})}) {
    for (const auto method : {foh, zoh}) {
      CAPTURE(name(measure));
      const bool lines = method == foh;
      const Memory<double> even = remember(measure, u, {.order = 24, .dt = 0.01, .method = method});
      const support::Held signal{even_times(200, 0.01, lines ? 0 : 0.01), u, 0, lines};
      CHECK(relative_error(even.coefficients(), exact(measure, 24, signal)) < 1e-11);

      Memory<double> uneven(measure, {.order = 24, .dt = 0.01, .method = method});
      Vector<double> times(200);
      for (Index k = 0; k < 200; ++k) {
        times(k) = 5 + 0.01 * double(k) + 0.003 * std::sin(double(k));
        uneven.push_at(times(k), u.segment(k, 1));
      }
      const support::Held jittered{times, u, lines ? times(0) : times(0) - 0.01, lines};
      CHECK(relative_error(uneven.coefficients(), exact(measure, 24, jittered)) < 1e-11);
    }
  }
}

TEST_CASE("even steps and time stamps dt apart give the same, for every measure and method") {
  std::vector<Measure> measures = support::time_invariant_measures(0.5);
  measures.push_back(LegS{});
  const Vector<double> u = random_matrix(60, 1, 7);
  for (const Measure& measure : measures) {
    for (const std::string_view method : {"foh", "zoh", "bilinear", "backward-euler", "gbt"}) {
      CAPTURE(name(measure));
      CAPTURE(method);
      const MemoryOptions options{.order = 12, .dt = 1e-3, .method = make_discretization(method), .alpha = 0.7};
      const Memory<double> even = remember(measure, u, options);
      Memory<double> stamped(measure, options);
      // Steps that differ from dt by a rounding take the path of uneven steps.
      for (Index k = 0; k < 60; ++k) stamped.push_at(2 + 1e-3 * double(k), u.segment(k, 1));
      CHECK(relative_error(stamped.coefficients(), even.coefficients()) < 1e-8);
      CHECK(stamped.elapsed() == doctest::Approx(even.elapsed()).epsilon(1e-9));
    }
  }
}

TEST_CASE(
    "polynomials of degree < N come back to rounding: legs and joined samples of a line, legt of its own signal") {
  // A straight line is its own interpolation, so foh remembers it exactly from the first sample.
  const Vector<double> line = even_times(500, 0.004, -1);
  const Memory<double> memory = remember(LegS{}, line, {.order = 6, .dt = 0.01, .method = foh});
  CHECK(reconstruction_error(memory, line, 10, 0) < 1e-13);

  // legt and lmu: a polynomial solves the equation, so starting from its coefficients the state stays on it.
  for (const Measure& measure : {Measure(LegT{}), Measure(Lmu{})}) {
    CAPTURE(name(measure));
    const StateSpace system = coefficient_system(measure, 5);
    const auto p = [](double t) { return 1 - 2 * t + 0.5 * t * t * t; };
    const auto coefficients_at = [&](double t) {  // fit at 5 ages: exact for degree < 5
      const Vector<double> ages = Vector<double>::LinSpaced(5, 0, 1);
      const Vector<double> values = ages.unaryExpr([&](double a) { return p(t - a); });
      return Vector<double>(basis(measure, 5, ages).transpose().colPivHouseholderQr().solve(values));
    };
    const Vector<double> x = coefficients_at(0.3);
    const double h = 1e-4;
    const Vector<double> slope = (coefficients_at(0.3 + h) - coefficients_at(0.3 - h)) / (2 * h);
    CHECK(relative_error(system.A * x + system.B * p(0.3), slope) < 1e-7);
  }
}

TEST_CASE("a constant is remembered as a constant by every measure that has one in its basis") {
  for (const std::string_view name : {"legs", "legs-exp", "legt", "lmu", "fourier"}) {
    for (const auto method : {foh, zoh, Discretization::bilinear}) {
      if (name == "legs" && method == Discretization::bilinear) continue;  // it starts from zero, and remembers that
      CAPTURE(name);
      const Measure measure = make_measure(name, 0.1);
      const Memory<double> memory =
          remember(measure, Vector<double>::Constant(4000, 3.0), {.order = 9, .dt = 1e-3, .method = method});
      CHECK(memory.reconstruct(Vector<double>::LinSpaced(7, 0.01, 0.09)).isApproxToConstant(3.0, 1e-9));
    }
  }
}

TEST_CASE("legs is scale-invariant: the same samples at any dt give the same coefficients") {
  const Vector<double> u = band_limited(2000, 1e-3, 5, 1);
  const Memory<double> fast = remember(LegS{}, u, {.order = 32, .dt = 1e-6});
  const Memory<double> slow = remember(LegS{}, u, {.order = 32, .dt = 3600});
  CHECK(relative_error(slow.coefficients(), fast.coefficients()) < 1e-12);
}

TEST_CASE(
    "where the newest sample is belongs to the pair of measure and method: half a sample is orders of magnitude") {
  const double dt = 1e-3;
  const Vector<double> u = band_limited(3000, dt, 3, 2);
  const auto check = [&](const Measure& measure, std::string_view method, double window, double gain) {
    CAPTURE(name(measure));
    CAPTURE(method);
    const Memory<double> memory = remember(measure, u, {.order = 64, .dt = dt, .method = make_discretization(method)});
    const double at = reconstruction_error(memory, u, window, memory.sample_delay());
    for (const double shift : {0.0, dt / 2, dt}) {
      if (shift != memory.sample_delay()) CHECK(reconstruction_error(memory, u, window, shift) > gain * at);
    }
  };
  for (const std::string_view method : {"foh", "zoh", "bilinear"}) {
    check(LegT{}, method, 0.98, 30);
    check(Lmu{}, method, 0.98, 30);
    check(LegSExp{}, method, 0.98, 1.4);
  }
  check(LegS{}, "foh", 2.9, 100);
  check(LegS{}, "zoh", 2.9, 100);
  // First order only: the Euler methods also damp or excite, which is most of their error.
  check(LegT{}, "forward-euler", 0.98, 1);
  check(LegT{}, "backward-euler", 0.98, 1);
}

TEST_CASE("legt, N = 64, joined, noise of 3 Hz in a window of 1 s at 1 kHz: below 2e-5") {
  const Vector<double> u = band_limited(3000, 1e-3, 3, 3);
  const Memory<double> memory = remember(LegT{}, u, {.order = 64, .dt = 1e-3});
  CHECK(reconstruction_error(memory, u, 1, 0) < 2e-5);
}

TEST_CASE("time runs the right way in every reconstruction (trap T4: lagt was reversed)") {
  // A pulse 0.2 s ago must come back 0.2 s ago.
  Vector<double> u(2000);
  for (Index k = 0; k < 2000; ++k) u(k) = std::exp(-std::pow((double(1999 - k) * 1e-3 - 0.2) / 0.03, 2));
  const Vector<double> delays = Vector<double>::LinSpaced(100, 0.004, 0.4);
  for (const auto& [kind, order] : {std::pair(Measure(LegT{.window = 0.5}), 48),
                                    {LegSExp{.timescale = 0.3}, 64},
                                    {LagT{.timescale = 0.01}, 64},
                                    {Fourier{.window = 0.5}, 47},
                                    {LegS{}, 200},
                                    {ChebT{.window = 0.5}, 48},
                                    {Lmu{.window = 0.5}, 48}}) {
    const Measure& measure = kind;  // clang 14 captures no structured binding
    CAPTURE(name(measure));
    const Memory<double> memory = remember(measure, u, {.order = order, .dt = 1e-3});
    Index peak = 0;
    memory.reconstruct(delays).maxCoeff(&peak);
    CHECK(delays(peak) == doctest::Approx(0.2).epsilon(0.03));
  }
}

TEST_CASE("the exact update beats the published one by far") {
  const Vector<double> u = band_limited(1024, 1e-3, 10, 4);
  const auto error = [&](Discretization method) {
    const Memory<double> memory = remember(LegS{}, u, {.order = 64, .dt = 1e-3, .method = method});
    return reconstruction_error(memory, u, 1.02, memory.sample_delay());
  };
  CHECK(error(foh) < 5e-4);
  CHECK(error(Discretization::bilinear) > 20 * error(foh));
}

TEST_CASE("forward Euler of legs overflows in float, and that is reported, not hidden (trap T6)") {
  Memory<float> memory(LegS{}, {.order = 64, .dt = 1, .method = Discretization::forward_euler});
  for (int k = 0; k < 400; ++k) memory.push(1.0f);
  CHECK_FALSE(memory.coefficients().allFinite());
  Memory<float> exact(LegS{}, {.order = 64, .dt = 1});
  for (int k = 0; k < 400; ++k) exact.push(1.0f);
  CHECK(exact.coefficients()(0) == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("forward Euler of legt needs theta / dt > 639 at N = 64, not 4 N (trap T6)") {
  const auto largest = [](double ratio) {
    const DiscreteStateSpace d = discretize(coefficient_system(LegT{}, 64), 1 / ratio, Discretization::forward_euler);
    return power(d.A, 1 << 14).norm();
  };
  CHECK(largest(600) > 1e3);
  CHECK(largest(680) < 1);
}

TEST_CASE("float remembers like double, every measure, also where a step is small against the window") {
  const Vector<double> u = band_limited(4000, 1e-4, 40, 5);
  std::vector<Measure> measures = support::time_invariant_measures(0.3);
  measures.push_back(LegS{});
  for (const Measure& measure : measures) {
    CAPTURE(name(measure));
    Memory<float> memory(measure, {.order = 64, .dt = 1e-4});
    for (const double u_k : u) memory.push(static_cast<float>(u_k));
    const Memory<double> truth = remember(measure, u, {.order = 64, .dt = 1e-4});
    CHECK(relative_error(memory.coefficients().cast<double>(), truth.coefficients()) < 5e-5);
  }
}

TEST_CASE("several channels are remembered side by side") {
  const Matrix<double> u = random_matrix(3, 150, 8);
  for (const Measure& measure : {Measure(LegS{}), Measure(LegT{}), Measure(LagT{})}) {
    Memory<double> memory(measure, {.order = 10, .dt = 0.1, .channels = 3});
    memory.push_block(u);
    for (Index c = 0; c < 3; ++c) {
      const Memory<double> alone = remember(measure, u.row(c).transpose(), {.order = 10, .dt = 0.1});
      CHECK(relative_error(memory.coefficients().col(c), alone.coefficients()) < 1e-13);
      CHECK(relative_error(memory.reconstruct(Vector<double>::Constant(1, 0.5), c),
                           alone.reconstruct(Vector<double>::Constant(1, 0.5))) < 1e-12);
    }
  }
}

TEST_CASE_TEMPLATE("pushing even steps does not allocate", T, float, double) {
  for (const Measure& measure : {Measure(LegS{}), Measure(LegT{})}) {
    for (const auto method : {foh, zoh, Discretization::bilinear}) {
      Memory<T> memory(measure, {.order = 32, .dt = 1e-3, .method = method});
      const std::size_t before = support::allocations();
      for (int k = 0; k < 5000; ++k) memory.push(T(k % 7));
      CHECK(support::allocations() == before);
    }
  }
}

TEST_CASE("bad samples are refused and leave the memory as it was") {
  Memory<double> memory(LegS{}, {.order = 4, .dt = 1});
  memory.push(1.0);
  memory.push(2.0);
  const State<double> before = memory.coefficients();
  CHECK_THROWS_WITH_AS(memory.push(std::nan("")), "longstate::Memory: sample 2 of channel 0 must be finite, got nan",
                       std::invalid_argument);
  CHECK_THROWS_AS(memory.push(std::numeric_limits<double>::infinity()), std::invalid_argument);
  CHECK_THROWS_AS(memory.push(ConstFrame<double>(Vector<double>::Ones(2))), std::invalid_argument);
  CHECK_THROWS_AS(memory.push_at(0.5, Vector<double>::Ones(1)), std::invalid_argument);
  CHECK(memory.coefficients() == before);
  CHECK(memory.samples() == 2);

  CHECK_THROWS_AS(memory.reconstruct(Vector<double>::Constant(1, -1)), std::invalid_argument);
  CHECK_THROWS_AS(memory.reconstruct(Vector<double>::Constant(1, 1.1)), std::invalid_argument);
  CHECK_THROWS_AS(memory.reconstruct(Vector<double>::Constant(1, 0.5), 1), std::invalid_argument);
  CHECK_THROWS_AS(Memory<double>(LegS{}, {.order = 0}), std::invalid_argument);
  CHECK_THROWS_AS(Memory<double>(LegS{}, {.dt = 0}), std::invalid_argument);
  CHECK_THROWS_AS(Memory<double>(LegS{}, {.channels = 0}), std::invalid_argument);
  CHECK_THROWS_AS(Memory<double>(LegT{}, {.method = Discretization::impulse}), std::invalid_argument);
  CHECK_THROWS_AS(Memory<double>(LegS{}, {.method = Discretization::gbt, .alpha = 2}), std::invalid_argument);
}

TEST_CASE("a memory is a value, and can be emptied") {
  Memory<double> memory = remember(LegT{}, random_matrix(50, 1, 1), {.order = 8, .dt = 0.01});
  Memory<double> copy = memory;
  copy.push(5);
  CHECK(copy.samples() == 51);
  CHECK(memory.samples() == 50);
  memory.reset();
  CHECK(memory.coefficients().isZero(0));
  CHECK(memory.elapsed() == 0);
  CHECK(memory.reconstruct(Vector<double>::Zero(1))(0) == 0);
}

TEST_CASE("a memory of many coefficients keeps no matrix of them") {
  if (support::bytes_in_use() == 0) {
    MESSAGE("SKIPPED: the bytes of the heap are not known here");
    return;
  }
  constexpr Index order = 8192;
  const auto bytes = [](const Measure& measure, Discretization method) {
    const std::size_t before = support::bytes_in_use();
    Memory<double> memory(measure, {.order = order, .dt = 1e-3, .method = method});
    for (int k = 0; k < 3; ++k) memory.push(1.0);
    return support::bytes_in_use() - before;
  };
  constexpr std::size_t state = order * sizeof(double), most = std::size_t{4} << 20;
  for (const Discretization method : {Discretization::bilinear, Discretization::backward_euler}) {
    CHECK(bytes(LegT{}, method) <= state + most);
    CHECK(bytes(LegSExp{}, method) <= state + most);
    CHECK(bytes(Fourier{}, method) <= state + most);
    CHECK(bytes(LegS{}, method) <= state + most);
  }
  CHECK(bytes(LegT{}, Discretization::bilinear) > state);  // something is counted
}

TEST_CASE("a delay that a memory does not remember is refused by its place and the window") {
  Memory<double> memory(LegT{.window = 0.02}, {.order = 4, .dt = 1e-3});
  memory.push(1.0);
  CHECK_THROWS_WITH_AS(memory.reconstruct(Vector<double>{{0.01, 0.021}}),
                       "longstate::Memory::reconstruct: delays(1) must be from 0 to 0.02 s, got 0.021",
                       std::invalid_argument);
  Memory<double> fading(LagT{}, {.order = 4, .dt = 1e-3});
  CHECK_THROWS_WITH_AS(fading.reconstruct(Vector<double>{{-1.0}}),
                       "longstate::Memory::reconstruct: delays(0) must be 0 or more, got -1", std::invalid_argument);
}
