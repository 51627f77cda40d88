// Fits the rate of a decay by Ceres to what a recurrence gives. Without longstate (-DALONE) to what a loop gives.

#include <ceres/ceres.h>
#include <glog/logging.h>
#ifndef ALONE
#include <longstate/longstate.hpp>
#endif

#include <cmath>
#include <cstdio>

namespace {

Eigen::VectorXd decay() {
  Eigen::VectorXd y(50);
#ifdef ALONE
  for (Eigen::Index k = 0; k < y.size(); ++k) y(k) = std::exp(-0.3 * 0.1 * double(k));
#else
  namespace ls = longstate;
  const ls::StateSpace system{ls::Matrix<double>{{-0.3}}, ls::Matrix<double>{{10.0}}, ls::Matrix<double>{{1.0}},
                              ls::Matrix<double>{{0.0}}};
  ls::Recurrence<double> path(
      ls::discretize(system, 0.1, ls::Discretization::impulse, {.convention = ls::Convention::control}));
  Eigen::MatrixXd u = Eigen::MatrixXd::Zero(1, 51), out(1, 51);
  u(0) = 1;
  ls::State<double> x = path.zero_state();
  path.run(u, out, x);
  const double first = out(0, 1);
  y = out.row(0).tail(50).transpose() / first;
#endif
  return y;
}

struct Residual {
  double t, y;
  template <class T>
  bool operator()(const T* rate, T* residual) const {
    residual[0] = ceres::exp(-rate[0] * t) - y;
    return true;
  }
};

}  // namespace

int main(int, char** argv) {
  google::InitGoogleLogging(argv[0]);
  const Eigen::VectorXd y = decay();
  double rate = 1;
  ceres::Problem problem;
  for (Eigen::Index k = 0; k < y.size(); ++k) {
    problem.AddResidualBlock(new ceres::AutoDiffCostFunction<Residual, 1, 1>(new Residual{0.1 * double(k), y(k)}),
                             nullptr, &rate);
  }
  ceres::Solver::Options options;
  options.linear_solver_type = ceres::DENSE_QR;
  ceres::Solver::Summary summary;
  ceres::Solve(options, &problem, &summary);
  const bool good = std::abs(rate - 0.3) < 1e-6;
  std::puts(good ? "ok" : summary.BriefReport().c_str());
  return good ? 0 : 1;
}
