// Where the slowest block counts: silence after a sound, and streams in real time.

#include "aligned.hpp"
#include "jobs.hpp"
#include "paired.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

template <class Work>
double seconds_of(const Work& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr Index rate = 48000, strip = 32, states = 64;  // channels, order

// ---- silence

struct Silence {
  std::string path;
  double loud, silent;  // seconds of a block: the median of the loud ones, the slowest of the silent
  double ratio() const { return silent / loud; }
};

/// Ten seconds, of which the first is loud, in blocks of a tenth. Of each block the least time of several runs counts: an
/// interruption strikes one of them, denormal numbers all.
template <class T, class Run, class Reset>
Silence measure_silence(const std::string& path, Index signals, const Run& run, const Reset& reset) {
  constexpr Index block = rate / 10, blocks = 100, loud = 10;
  constexpr int runs = 5;
  const Matrix<T> noise = Matrix<T>::Random(signals, block), zeros = Matrix<T>::Zero(signals, block);
  Matrix<T> y(signals, block);
  std::vector<double> least(blocks, HUGE_VAL);
  for (int i = 0; i < runs; ++i) {
    reset();
    for (Index b = 0; b < blocks; ++b) {
      double& time = least[static_cast<std::size_t>(b)];
      time = std::min(time, seconds_of([&] { run(b < loud ? noise : zeros, y); }));
    }
  }
  std::string name(path);
  name.append(sizeof(T) == sizeof(float) ? ", float" : ", double");
  return {name, quantile({least.begin(), least.begin() + loud}, 0.5),
          *std::max_element(least.begin() + loud, least.end())};
}

template <class T, class Path>
Silence silence_of(const std::string& name, Path path) {
  State<T> x = path.zero_state();
  return measure_silence<T>(
      name, path.inputs(), [&](const Matrix<T>& u, Matrix<T>& y) { path.run(u, y, x); }, [&] { x.setZero(); });
}

template <class T>
void add_silences(std::vector<Silence>& all) {
  const double dt = 1.0 / rate;
  const HippoSystem hippo{LegT{0.01}, Matrix<double>::Ones(1, states), Matrix<double>::Zero(1, 1)};
  const DiscreteSystem diagonal = discretize(initialize_diagonal("s4d-lin", states), 1e-3, Discretization::zoh);
  const std::vector<std::pair<std::string, DiscreteSystem>> systems{
      {"diagonal", diagonal},
      {"hippo", discretize(hippo, dt, Discretization::bilinear)},
      {"nplr", discretize(normal_plus_low_rank(LegSExp{}, states, Matrix<double>::Ones(1, states)), 1e-3,
                          Discretization::bilinear)},
      {"dense", discretize(dense(hippo), dt, Discretization::zoh)},
      {"transfer", transfer_function(discretize(initialize_diagonal("lru", states), 1, Discretization::zoh))}};
  for (const auto& [name, system] : systems) {
    all.push_back(silence_of<T>(name + " recurrence", Recurrence<T>(system)));
    all.push_back(silence_of<T>(name + " in chunks", Chunked<T>(system)));
#if LONGSTATE_WITH_FFTW
    all.push_back(silence_of<T>(name + " convolution", Convolution<T>(system, 1024)));
#endif
  }
  all.push_back(silence_of<T>("diagonal recurrence, 16 copies", Recurrence<T>(diagonal, 16)));
  all.push_back(silence_of<T>("diagonal recurrence, 70 copies", Recurrence<T>(diagonal, 70)));

  Memory<T> memory(LegT{0.01}, {.order = states, .dt = dt, .method = Discretization::bilinear});
  all.push_back(measure_silence<T>(
      "memory", 1, [&](const Matrix<T>& u, Matrix<T>&) { memory.push_block(u); }, [&] { memory.reset(); }));
  SelectiveScan<T> scan(-Matrix<double>::Ones(16, 16), Vector<double>::Zero(16));
  State<T> x = scan.zero_state();
  const Matrix<T> delta = Matrix<T>::Constant(16, rate / 10, T(0.01)), B = Matrix<T>::Random(16, rate / 10);
  all.push_back(measure_silence<T>(
      "selective scan", 16, [&](const Matrix<T>& u, Matrix<T>& y) { scan.run(u, delta, B, B, y, x); },
      [&] { x.setZero(); }));
#if LONGSTATE_WITH_FFTW
  Matrix<double> kernel(1, rate / 2);
  for (Index k = 0; k < kernel.cols(); ++k) kernel(0, k) = std::exp(-0.01 * static_cast<double>(k));
  all.push_back(silence_of<T>("kernels given", Fir<T>(kernel)));
  StreamingFir<T> stream(kernel);
  all.push_back(measure_silence<T>(
      "stream through a kernel", 1, [&](const Matrix<T>& u, Matrix<T>& y) { stream.run(u, y); },
      [&] { stream.reset(); }));
#endif
}

Line silence() {
  std::vector<Silence> all;
  add_silences<float>(all);
  add_silences<double>(all);
  const Silence worst = *std::ranges::max_element(all, {}, &Silence::ratio);
  std::vector<double> ratios;
  ratios.reserve(all.size());
  for (const Silence& one : all) ratios.push_back(one.ratio());
  std::string name("silence after a burst, 10 s at 48 kHz, the slowest of ");
  name.append(std::to_string(all.size())).append(" paths: ").append(worst.path);
  Line line{name, "the median of its loud blocks", 1.2, Better::lower, {}, {}};
  line.figure = Figure{worst.silent,  worst.loud,    quantile(ratios, 0.25),
                       worst.ratio(), worst.ratio(), worst.ratio() <= line.bound};
  return line;
}

// ---- streams in real time

/// 10^5 blocks of 64 samples, each timed by itself, beside the time that it has.
template <class Run>
Line stream(const std::string& what, const Run& run) {
  constexpr Index block = 64;
  constexpr int blocks = 100000;
  const Aligned<float> u = Matrix<float>::Random(strip, block);
  Aligned<float> y(strip, block);
  std::vector<double> times;
  times.reserve(blocks);
  for (int b = 0; b < 1000; ++b) run(u, y);
  for (int b = 0; b < blocks; ++b) times.push_back(seconds_of([&] { run(u, y); }));
  const double has = static_cast<double>(block) / rate;
  const double worst = quantile(times, 1), median = quantile(times, 0.5);
  std::string name("stream at 48 kHz, blocks of 64, 32 channels, ");
  name.append(what).append(": the worst of 10^5 blocks, ");
  name.append(std::to_string(std::lround(worst / median))).append(" x the median");
  Line line{name, "the time that a block has; quartiles: of all blocks", 1, Better::lower, {}, {}};
  line.figure = Figure{worst, has, quantile(times, 0.25) / has, worst / has, quantile(times, 0.75) / has, worst < has};
  return line;
}

Line stream_of_states() {
  Chunked<float> path(diagonal_layer(states, strip));
  State<float> x = path.zero_state();
  return stream("diagonal, N = 64, in chunks", [&](const Aligned<float>& u, Aligned<float>& y) { path.run(u, y, x); });
}

#if LONGSTATE_WITH_FFTW
Line stream_of_kernel() {
  StreamingFir<float> fir(Matrix<double>::Random(strip, 2 * rate), 64, Planning::measure);
  return stream("kernels of 2 s", [&](const Aligned<float>& u, Aligned<float>& y) { fir.run(u, y); });
}
#endif

}  // namespace

std::vector<Entry> blocks_entries() {
  return {
    {"silence", silence},
#if LONGSTATE_WITH_FFTW
        {"stream-kernel", stream_of_kernel},
#endif
    {
      "stream-state", stream_of_states
    }
  };
}

}  // namespace bench
