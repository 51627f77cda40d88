// The memory of legs, beside the loop that the published operator has.

#include "aligned.hpp"
#include "paired.hpp"

#include <longstate/execute/memory.hpp>

#include <cmath>
#include <memory>
#include <string>

namespace bench {
namespace {

using namespace longstate;

constexpr Index legs_order = 256;
constexpr Index samples_before = 1 << 19;  // of the second half of a signal of 2^20

/// x <- (I - h/2 A)^-1 ((I + h/2 A) x + h B u), h = 1/k, as its formula stands: two running sums, a root and a quotient for each
/// entry.
class PlainLoop {
 public:
  explicit PlainLoop(Index length) : u_(Vector<float>::Random(length)), x_(Vector<float>::Zero(legs_order)) {}

  void operator()() {
    for (Index k = 0; k < u_.size(); ++k) {
      const float h = 1.0F / static_cast<float>(samples_before + k);
      const float input = h * u_(k);
      float ahead = 0, behind = 0;
      for (Index n = 0; n < legs_order; ++n) {
        const float root = static_cast<float>(std::sqrt(2.0 * static_cast<double>(n) + 1));
        const float diagonal = static_cast<float>(n + 1);
        const float rate = h / 2 * (ahead * root + x_(n) * diagonal);
        const float explicit_part = x_(n) - rate + input * root;
        ahead += x_(n) * root;
        x_(n) = (explicit_part - h / 2 * behind * root) / (1 + diagonal * h / 2);
        behind += x_(n) * root;
      }
    }
  }

 private:
  Vector<float> u_, x_;
};

std::function<void()> memory(Discretization method, Index channels, Index length) {
  struct Work {
    Memory<float> memory;
    Aligned<float> u;
  };
  auto work = std::make_shared<Work>(
      Work{Memory<float>(LegS{}, {.order = legs_order, .dt = 1, .channels = channels, .method = method}),
           Matrix<float>::Random(channels, length)});
  work->memory.push(work->u.col(0));
  return [work, from = work->memory, aged = false]() mutable {
    if (!aged) {
      work->memory.push_at(static_cast<double>(samples_before), work->u.col(0));
      from = work->memory;
      aged = true;
    }
    work->memory = from;
    work->memory.push_block(work->u);
  };
}

Line beside_plain(Index channels, double bound) {
  const Index length = 1 << 12;
  std::string name("legs memory, bilinear, float, N = 256, ");
  name.append(channels == 1 ? "one channel" : std::to_string(channels) + " channels, each");
  return {name,
          "the published operator's loop",
          bound,
          Better::higher,
          memory(Discretization::bilinear, channels, length),
          PlainLoop(length),
          static_cast<double>(channels)};
}

Line exact(Index channels) {
  const Index length = 1 << 12;
  std::string name("legs memory, exact (foh), float, N = 256, ");
  name.append(channels == 1 ? "one channel" : std::to_string(channels) + " channels");
  return {name,
          "its bilinear update",
          2.5,
          Better::lower,
          memory(Discretization::foh, channels, length),
          memory(Discretization::bilinear, channels, length)};
}

}  // namespace

std::vector<Entry> legs_entries() {
  return {{"legs-one", [] { return beside_plain(1, 5); }},
          {"legs-64", [] { return beside_plain(64, 30); }},
          {"legs-exact", [] { return exact(1); }},
          {"legs-exact-64", [] { return exact(64); }}};
}

}  // namespace bench
