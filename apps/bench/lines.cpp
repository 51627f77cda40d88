// The lines of `longstate bench`, each beside its limit or the plain way of doing the same.

#include "aligned.hpp"
#include "grid.hpp"
#include "jobs.hpp"
#include "limit.hpp"
#include "paired.hpp"
#include "plain.hpp"

#include <longstate/longstate.hpp>

#include <memory>

namespace bench {
namespace {

using namespace longstate;

Line diagonal_batch() {
  constexpr Index order = 64, channels = 256, length = 1 << 14;
  constexpr double multiply_adds_each = 6.0 * order / 2;
  return {"diagonal, float, N = 64, 256 channels, L = 2^14",
          "its six multiply-adds a pair, in registers",
          1.2,
          Better::lower,
          job(Recurrence<float>(diagonal_layer(order, channels)), length),
          [] { multiply_adds(multiply_adds_each * channels * length / 64); },
          64};
}

Line diagonal_one_channel() {
  constexpr Index order = 64, channels = 256, length = 1 << 12;
  return {"diagonal, float, N = 64, one channel",
          "a channel of 256",
          1.2,
          Better::lower,
          job(Recurrence<float>(diagonal_layer(order, 1)), 16 * length),
          job(Recurrence<float>(diagonal_layer(order, channels)), length),
          16.0 / channels};
}

/// A system whose step is a sweep over the state, in lanes of channels.
Line sweep(const std::string& what, const DiscreteSystem& system) {
  constexpr Index channels = 256, length = 1 << 10;
  return {what + ", float, N = 64, 256 channels, each",
          "one channel",
          8,
          Better::higher,
          job(Recurrence<float>(system, channels), length),
          job(Recurrence<float>(system), length),
          channels};
}

DiscreteHippo legt(Index order) {
  const HippoSystem system{LegT{}, Matrix<double>::Ones(1, order), Matrix<double>::Zero(1, 1)};
  return discretize(system, 1e-3, Discretization::bilinear);
}

Line sweep_hippo() { return sweep("recurrence of legt, bilinear, by its O(N) operator", legt(64)); }

/// One channel, whose sums over the state are prefix scans, beside HippoStep, which goes entry by entry.
Line scan_hippo(Index order) {
  constexpr Index length = 1 << 10;
  struct Plain {
    HippoStep<float> step;
    State<float> x;
    Aligned<float> u = Matrix<float>::Random(1, length);
    Vector<float> y = Vector<float>::Zero(length), C;
    explicit Plain(Index N)
        : step(LegT{}, N, Discretization::bilinear), x(State<float>::Zero(N, 1)), C(Vector<float>::Ones(N)) {
      step.prepare(1e-3);
    }
  };
  auto plain = std::make_shared<Plain>(order);
  std::string name("recurrence of legt, bilinear, float, one channel, by prefix scans, N = ");
  name.append(std::to_string(order));
  return {name, "its sums entry by entry", 3, Better::higher, job(Recurrence<float>(legt(order)), length), [plain] {
            for (Index k = 0; k < length; ++k) {
              plain->step.advance(plain->x, plain->u.col(k), plain->u.col(k));
              plain->y(k) = plain->C.dot(plain->x.col(0));
            }
          }};
}

Line chunked_hippo() {
  constexpr Index length = 1 << 12;
  return {"chunked, legt, bilinear, float, N = 64, one channel",
          "its recurrence",
          5,
          Better::higher,
          job(Chunked<float>(legt(64)), length),
          job(Recurrence<float>(legt(64)), length)};
}

Line sweep_nplr() {
  const NplrSystem legs = normal_plus_low_rank(LegSExp{}, 64, Matrix<double>::Ones(1, 64));
  return sweep("recurrence of legs-exp, bilinear, nplr", discretize(legs, 1e-3, Discretization::bilinear));
}

/// Sequences that share their channels' systems, side by side in a frame or each in frames of its own, one after the other.
/// Recurrence takes four samples at once: chunks.
Line chunked(bool apart) {
  constexpr Index order = 64, channels = 256, sequences = 8, length = 1 << 12;
  const Index copies = apart ? channels : sequences * channels;
  struct Plain {
    PlainRecurrence path;
    Aligned<float> u, y = u;
  };
  const auto layer = diagonal_layer(order, channels);
  const auto plain = std::make_shared<Plain>(
      Plain{{layer, copies}, Matrix<float>::Random(copies, sequences * channels * length / copies)});
  return {std::string("chunks of four, diagonal, float, N = 64, L = 2^12, 8 sequences of 256 channels, ") +
              (apart ? "each in frames of its own" : "side by side in a frame"),
          "their recurrence, a sample at a time",
          apart ? 1.1 : 1.2,
          Better::higher,
          job(Recurrence<float>(layer, copies), plain->u.cols()),
          [plain] { plain->path.run(plain->u, plain->y); }};
}

Line diagonal_kernels() {
  constexpr Index order = 64, channels = 256, length = 4096;
  constexpr double multiply_adds_each = 2.0 * order / 2;
  struct Work {
    DiagonalKernels<float> kernels{diagonal_layer(order, channels)};
    Aligned<float> K = Matrix<float>::Zero(length, channels);
  };
  return {"kernel of diagonal systems, float, 256 channels, N = 64, L = 4,096",
          "its two multiply-adds a pair and value, in registers",
          2,
          Better::lower,
          [work = std::make_shared<Work>()] { work->kernels.run(work->K); },
          [] { multiply_adds(multiply_adds_each * channels * length); }};
}

Line selective_scan() {
  constexpr Index order = 16, channels = 1536, length = 1024;
  // four of the recurrence, and an exponential of fifteen instructions of the same kind
  constexpr double multiply_adds_each = 4 + 15;
  struct Work {
    SelectiveScan<float> scan{-Matrix<double>::Random(channels, order).cwiseAbs(), Vector<double>::Zero(channels)};
    Aligned<float> u = Matrix<float>::Random(channels, length);
    Aligned<float> delta = 0.1F * Matrix<float>::Random(channels, length).cwiseAbs();
    Aligned<float> B = Matrix<float>::Random(order, length), C = B, y = u;
    State<float> x = scan.zero_state();
  };
  return {
      "selective scan, float, 1,536 channels, N = 16, L = 1,024",
      "its multiply-adds and exponentials (as 15), in registers",
      2,
      Better::lower,
      [work = std::make_shared<Work>()] { work->scan.run(work->u, work->delta, work->B, work->C, work->y, work->x); },
      [] { multiply_adds(multiply_adds_each * order * channels * length / 16); },
      16};
}

}  // namespace

std::vector<Entry> entries() {
  std::vector<Entry> all{{"diagonal", diagonal_batch},
                         {"diagonal-one", diagonal_one_channel},
                         {"sweep-hippo", sweep_hippo},
                         {"sweep-nplr", sweep_nplr},
                         {"scan-hippo", [] { return scan_hippo(64); }},
                         {"scan-hippo-256", [] { return scan_hippo(256); }},
                         {"chunked-hippo", chunked_hippo},
                         {"chunked", [] { return chunked(false); }},
                         {"chunked-apart", [] { return chunked(true); }},
                         {"auto", auto_line},
                         {"diagonal-kernels", diagonal_kernels},
                         {"selective-scan", selective_scan}};
#if LONGSTATE_WITH_FFTW
  for (Entry& entry : fft_entries()) all.push_back(std::move(entry));
#endif
  for (Entry& entry : step_entries()) all.push_back(std::move(entry));
  for (Entry& entry : blocks_entries()) all.push_back(std::move(entry));
  for (Entry& entry : legs_entries()) all.push_back(std::move(entry));
  for (Entry& entry : attention_entries()) all.push_back(std::move(entry));
  for (Entry& entry : threads_entries()) all.push_back(std::move(entry));
  return all;
}

}  // namespace bench
