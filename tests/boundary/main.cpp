// Prints "ok", or what is wrong.

#include "boundary.hpp"

#include <cstdio>

int main() {
  if (layout_with() != layout_without()) {
    std::printf("the layout of fixed-size members: with %s, without %s\n", layout_with().c_str(),
                layout_without().c_str());
    return 1;
  }
  double worst = 0;
  for (Eigen::Index n : {1, 2, 3, 5, 8, 13, 100, 1001}) {
    Eigen::MatrixXd u = taken(made(1, n));
    grow(u);
    shrink(u);
    worst = std::max(worst, use(run(u)));
  }
  std::puts(worst < 1e-12 ? "ok" : "the paths disagree");
  return worst < 1e-12 ? 0 : 1;
}
