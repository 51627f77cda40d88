#include "boundary.hpp"

#include <longstate/longstate.hpp>

#include <cmath>
#include <utility>
#include <vector>

namespace ls = longstate;

std::string layout_with() { return layout_of(Pose()); }

Eigen::MatrixXd taken(Eigen::MatrixXd u) {
  ls::Matrix<double> ours = u;
  u = made(2, 3);
  ours.conservativeResize(ours.rows(), ours.cols() + 1);
  ours.rightCols(1).setOnes();
  return ours;
}

void grow(Eigen::MatrixXd& u) {
  Eigen::MatrixXd more(u.rows(), 2 * u.cols());
  more << u, u;
  u = more;
}

namespace {

/// Values of the library's made here, changed there, and given back.
ls::StateSpace composed() {
  ls::StateSpace a = ls::delay_system(ls::LegT{.window = 0.2}, 9, 0.1), b = ls::coefficient_system(ls::LegSExp{}, 5);
  b.C = ls::Matrix<double>::Ones(1, 5);
  b.D.setZero(1, 1);
  ls::StateSpace sum = ls::parallel(a, b);
  sum = ls::rescale_states(sum, ls::balanced_units(sum));
  const auto reduced = ls::balanced_truncation(sum, 10);
  sum = reduced.system;
  std::vector<ls::StateSpace> many(3, sum);
  many.push_back(std::move(sum));
  return ls::sum_of_channels({many.data() + 3, 1});
}

template <class Path>
Eigen::MatrixXd output(Path path, const Eigen::MatrixXd& u) {
  Path copy = path;
  path = std::move(copy);
  Eigen::MatrixXd y(path.outputs(), u.cols());
  auto x = path.zero_state();
  const Eigen::Index half = u.cols() / 2 + 1;
  path.run(u.leftCols(half), y.leftCols(half), x);
  x = ls::restore_state<double>(ls::save_state<double>(x));
  path.run(u.rightCols(u.cols() - half), y.rightCols(u.cols() - half), x);
  return y;
}

}  // namespace

Outcome run(const Eigen::MatrixXd& u) {
  const ls::DiscreteSystem dense = ls::discretize(composed(), 1e-3, ls::Discretization::zoh);
  Outcome outcome;
  outcome.recurrence = output(ls::Recurrence<double>(dense), u);
  outcome.other = output(ls::Chunked<double>(dense, 16), u);
  const std::vector<ls::DiscreteSystem> layer{dense};
  const auto make = [&](ls::Index /*first*/, ls::Index count) { return ls::Recurrence<double>(layer, count); };
  const Eigen::MatrixXd planned = output(ls::Planned<double>(layer, ls::plan<double>(layer)), u),
                        threaded = output(ls::Threaded<ls::Recurrence<double>>(ls::Threads(2), 1, make), u);
  if ((planned - outcome.recurrence).norm() > 1e-9 * outcome.recurrence.norm() || threaded != outcome.recurrence)
    outcome.other.setConstant(NAN);
#if LONGSTATE_WITH_FFTW
  outcome.other = (outcome.other + output(ls::Convolution<double>(dense, 64), u)) / 2;
#endif
  const ls::Plan plan = ls::plan<double>(dense, {.length = u.cols()});
  outcome.other = (outcome.other + output(ls::Planned<double>(dense, ls::load_plan(ls::save_plan(plan))), u)) / 2;

  ls::Memory<double> memory(ls::LegS{}, {.order = 17, .dt = 1e-3});
  memory.push_block(u);
  ls::Memory<double> again = memory;
  again.restore(memory.save());
  outcome.past = again.reconstruct(Eigen::VectorXd::LinSpaced(9, 0, again.elapsed()));

  ls::DiagonalSystem diagonal = ls::initialize_diagonal("s4d-lin", 18);
  ls::Recurrence<float> lanes(ls::discretize(diagonal, 1e-3, ls::Discretization::zoh), 3);
  ls::State<float> x = lanes.zero_state();
  for (int block = 0; block < 4; ++block) {
    const Eigen::MatrixXf in = Eigen::MatrixXf::Constant(3, 7 + block, 0.5F);
    Eigen::MatrixXf out(3, in.cols());
    lanes.run(in, out, x);
    ls::Vector<float> one(3), y(3);
    one.setOnes();
    lanes.step(one, y, x);
    out.col(0) = y;
    outcome.blocks.push_back(out);
  }
  return outcome;
}
