// Each path on two threads beside itself on one.

#include "aligned.hpp"
#include "jobs.hpp"
#include "limit.hpp"
#include "paired.hpp"

#include <string>

namespace bench {
namespace {

constexpr Index N = 64, copies = 256, samples_each = 1 << 14;

std::vector<DiscreteSystem> part_of(const std::vector<DiscreteSystem>& layer, Index first, Index count) {
  return {layer.begin() + first, layer.begin() + first + count};
}

template <class Path>
Line line(const std::string& name, Index samples, const typename Threaded<Path>::Make& make) {
  std::string full("two threads, float, N = 64, 256 channels: ");
  full.append(name);
  return {full,
          "one thread",
          1.7,
          Better::higher,
          job(Threaded<Path>(Threads(2), copies, make), samples),
          job(Threaded<Path>(Threads(1), copies, make), samples)};
}

/// What the machine gives, whatever the path.
Line registers() {
  constexpr double count = 1e9;
  const auto run = [](int threads) {
    return [pool = Threads(threads), threads] { pool.each(threads, [&](Index) { multiply_adds(count / threads); }); };
  };
  return {"two threads, float: multiply-adds in registers, what the machine gives",
          "one thread",
          1.7,
          Better::higher,
          run(2),
          run(1)};
}

Line recurrence() {
  return line<Recurrence<float>>("recurrence", samples_each, [layer = diagonal_layer(N, copies)](Index first, Index n) {
    return Recurrence<float>(part_of(layer, first, n));
  });
}

Line hippo_recurrence() {
  const HippoSystem hippo{LegT{}, Matrix<double>::Ones(1, N), Matrix<double>::Zero(1, 1)};
  return line<Recurrence<float>>("recurrence of one HiPPO system", samples_each,
                                 [system = discretize(hippo, 1e-3, Discretization::bilinear)](Index, Index n) {
                                   return Recurrence<float>(system, n);
                                 });
}

Line chunks() {
  return line<Chunked<float>>("chunked", samples_each, [layer = diagonal_layer(N, copies)](Index first, Index n) {
    return Chunked<float>(part_of(layer, first, n));
  });
}

Line chunks_of_one() {
  return line<Chunked<float>>(
      "chunked, of one system", samples_each,
      [system = diagonal_layer(N, 1).front()](Index, Index n) { return Chunked<float>(system, 16, n); });
}

Line selective() {
  struct Work {
    Threaded<SelectiveScan<float>> scan;
    Aligned<float> u = Matrix<float>::Random(copies, samples_each), delta = u.cwiseAbs() * 0.1F;
    Aligned<float> B = Matrix<float>::Random(16, samples_each), C = B, y = u;
    State<float> x = scan.zero_state();
    explicit Work(int threads)
        : scan(Threads(threads), copies, [](Index, Index n) {
            return SelectiveScan<float>(-Matrix<double>::Random(n, 16).cwiseAbs(), Vector<double>::Zero(n));
          }) {}
  };
  const auto run = [](int threads) {
    return [w = std::make_shared<Work>(threads)] { w->scan.run(w->u, w->delta, w->B, w->C, w->y, w->x); };
  };
  return {
      "two threads, float, N = 16, 256 channels: selective scan", "one thread", 1.7, Better::higher, run(2), run(1)};
}

#if LONGSTATE_WITH_FFTW
Line convolution() {
  return line<Convolution<float>>("convolution", samples_each,
                                  [layer = diagonal_layer(N, copies)](Index first, Index n) {
                                    return Convolution<float>(part_of(layer, first, n), 1024);
                                  });
}

Line fir() {
  constexpr Index taps = 1 << 13;
  Line made = line<Fir<float>>("kernels of 2^13 given", samples_each, [](Index, Index n) {
    return Fir<float>(Matrix<double>::Random(n, taps), taps, Planning::measure);
  });
  made.name = "two threads, float, 256 channels: kernels of 2^13 given";
  return made;
}
#endif

}  // namespace

std::vector<Entry> threads_entries() {
  return {
    {"threads-registers", registers, 2}, {"threads-recurrence", recurrence, 2}, {"threads-hippo", hippo_recurrence, 2},
        {"threads-chunked", chunks, 2}, {"threads-chunked-one", chunks_of_one, 2},
#if LONGSTATE_WITH_FFTW
        {"threads-convolution", convolution, 2}, {"threads-fir", fir, 2},
#endif
    {
      "threads-scan", selective, 2
    }
  };
}

}  // namespace bench
