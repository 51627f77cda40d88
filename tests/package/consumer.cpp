#include <longstate/longstate.hpp>

#include <iostream>

int main() {
  namespace ls = longstate;
  const auto model = ls::discretize(ls::delay_system(ls::LegT{.window = 0.5}, 24, 0.25), 1e-3, ls::Discretization::zoh);
  ls::Recurrence<double> recurrence{model};
  ls::Convolution<double> convolution{model, 256};
  const Eigen::MatrixXd u = Eigen::MatrixXd::Random(1, 1000);
  Eigen::MatrixXd y(1, 1000), z(1, 1000);
  ls::State<double> x = recurrence.zero_state(), x2 = convolution.zero_state();
  recurrence.run(u, y, x);
  convolution.run(u, z, x2);
  ls::Memory<double> memory{ls::LegS{}, {.order = 16, .dt = 1e-3}};
  memory.push_block(u);
  const Eigen::VectorXd past = memory.reconstruct(Eigen::VectorXd::LinSpaced(9, 0, 0.9));
  std::cout << "the same to rounding: " << ((y - z).norm() < 1e-12 * y.norm() && past.allFinite() ? "yes" : "no")
            << '\n';
}
