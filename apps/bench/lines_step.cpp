// step(), a frame at a time as a callback has it, beside the same samples by run().

#include "aligned.hpp"
#include "jobs.hpp"
#include "paired.hpp"

#include <longstate/longstate.hpp>

#include <memory>
#include <string>

namespace bench {
namespace {

using namespace longstate;

Line step(const std::string& what, const Recurrence<float>& path, Index length, double bound) {
  struct Work {
    Recurrence<float> path;
    Aligned<float> u, y;
    State<float> x;
    Work(const Recurrence<float>& of, Index n)
        : path(of), u(Matrix<float>::Random(of.inputs(), n)), y(of.outputs(), n), x(of.zero_state()) {}
  };
  const auto work = std::make_shared<Work>(path, length);
  return {"step, " + what,
          "a sample of run",
          bound,
          Better::lower,
          [work] {
            const NoDenormals guard;
            for (Index k = 0; k < work->u.cols(); ++k) {
              work->path.step(work->u.col(k), work->y.col(k), work->x);
            }
          },
          job(path, length)};
}

Line step_diagonal(Index channels, Index length, double bound) {
  return step("diagonal, float, N = 64, " + std::to_string(channels) + (channels == 1 ? " channel" : " channels"),
              Recurrence<float>(diagonal_layer(64, channels)), length, bound);
}

Line step_legt(Index channels, Index length) {
  const HippoSystem system{LegT{}, Matrix<double>::Ones(1, 64), Matrix<double>::Zero(1, 1)};
  return step("legt, bilinear, float, N = 64, " + std::to_string(channels) + (channels == 1 ? " channel" : " channels"),
              Recurrence<float>(discretize(system, 1e-3, Discretization::bilinear), channels), length, 1.5);
}

}  // namespace

std::vector<Entry> step_entries() {
  return {{"step-diagonal", [] { return step_diagonal(1, 1 << 14, 4); }},
          {"step-diagonal-256", [] { return step_diagonal(256, 1 << 10, 1.5); }},
          {"step-legt", [] { return step_legt(1, 1 << 12); }},
          {"step-legt-256", [] { return step_legt(256, 1 << 8); }}};
}

}  // namespace bench
