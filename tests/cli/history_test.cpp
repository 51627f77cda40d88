#include "cli/history.hpp"
#include "cli/least_squares.hpp"

#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <doctest/doctest.h>
#include <Eigen/QR>

using longstate::Index;
using longstate::Matrix;
using longstate::Vector;

TEST_CASE("an unlimited history covers everything in at most its capacity, and keeps the sums") {
  const Matrix<double> u = support::random_matrix(2, 1000, 1);
  for (const Index block : {1, 7, 1000}) {
    cli::History history(16);
    for (Index done = 0; done < 1000; done += block)
      history.push(u.middleCols(done, std::min<Index>(block, 1000 - done)));
    CHECK(history.bins().size() <= 16);
    CHECK(history.bins().size() >= 8);
    Index next = 0;
    double sum = 0, held = 0;
    for (const cli::Bin& bin : history.bins()) {
      CHECK(bin.first == next);
      next += bin.count;
      sum += bin.sum(1);
      held += bin.held(1);
      CHECK(bin.low(0) == u.row(0).segment(bin.first, bin.count).minCoeff());
      CHECK(bin.high(0) == u.row(0).segment(bin.first, bin.count).maxCoeff());
    }
    CHECK(next == 1000);
    CHECK(sum == doctest::Approx(u.row(1).sum()));
    CHECK(held == doctest::Approx(u.row(1).squaredNorm()));
  }
}

TEST_CASE("a limited history covers its span, and no memory beyond") {
  cli::History history(10, 95);
  history.push(support::random_matrix(1, 5000, 2));
  CHECK(history.bins().size() <= 11);
  CHECK(history.bins().front().first <= 5000 - 95);
  CHECK(history.bins().back().first + history.bins().back().count == 5000);
}

TEST_CASE("the energy of joined samples is the integral of the squared line") {
  cli::History history(4);
  history.push(Vector<double>::LinSpaced(11, 0, 1).transpose());  // u = t on [0, 1]
  double joined = 0;
  for (const cli::Bin& bin : history.bins()) joined += bin.joined(0);
  CHECK(joined * 0.1 == doctest::Approx(1.0 / 3).epsilon(1e-14));
}

TEST_CASE("least squares by blocks is least squares at once, also with fewer rows than unknowns") {
  for (const Index n : {3, 8, 500}) {
    const Matrix<double> H = support::random_matrix(n, 8, 3);
    const Matrix<double> u = support::random_matrix(n, 2, 4);
    const Matrix<double> z = H.completeOrthogonalDecomposition().solve(u);
    for (const Index block : {1, 3, 10, 500}) {
      cli::LeastSquares solver(8, 2);
      for (Index done = 0; done < n; done += block) {
        const Index more = std::min(block, n - done);
        solver.add(H.middleRows(done, more), u.middleRows(done, more));
      }
      CHECK(solver.residual() == doctest::Approx((H * z - u).squaredNorm()).epsilon(1e-12));
    }
  }
}
