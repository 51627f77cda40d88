#include "support/dense.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace longstate;
using support::random_matrix;
using support::relative_error;

namespace {

std::vector<Measure> measures_with_operators() {
  std::vector<Measure> measures{LegS{}};
  for (const Measure& measure : support::time_invariant_measures(0.5)) {
    if (has_operator(measure)) measures.push_back(measure);
  }
  return measures;
}

}  // namespace

TEST_CASE_TEMPLATE("products and solves are those of the matrix, without it", T, float, double) {
  const bool single = std::is_same_v<T, float>;
  for (const Measure& measure : measures_with_operators()) {
    for (const Index N : {1, 2, 3, 5, 64, 257}) {
      CAPTURE(name(measure));
      CAPTURE(N);
      const HippoOperator<T> op(measure, N);
      const Hippo dense = hippo(measure, N);
      const Matrix<double> x = random_matrix(N, 3, 1).cast<T>().template cast<double>();
      CHECK(relative_error(op.B().template cast<double>(), dense.B) < (single ? 1e-6 : 1e-14));

      Matrix<T> y(N, 3);
      op.multiply(T(0.25), x.cast<T>(), y);
      CHECK(relative_error(y.template cast<double>(), 0.25 * dense.A * x) < (single ? 2e-5 : 1e-13));
      op.transposed().multiply(T(0.25), x.cast<T>(), y);
      CHECK(relative_error(y.template cast<double>(), 0.25 * dense.A.transpose() * x) < (single ? 2e-5 : 1e-13));

      for (const double alpha : {1e-6, 1e-2, 5.0}) {
        CAPTURE(alpha);
        ShiftedHippo<T, T> shifted;
        shifted.prepare(op, T(alpha));
        Vector<T> z = x.col(0).cast<T>();
        shifted.solve(z);
        const Matrix<double> M = Matrix<double>::Identity(N, N) - alpha * dense.A;
        CHECK(relative_error(z.template cast<double>(), support::solve<double>(M, x.col(0))) < (single ? 1e-4 : 1e-13));
      }
    }
  }
}

TEST_CASE("solves with complex shifts") {
  using Complex = std::complex<double>;
  for (const Measure& measure : measures_with_operators()) {
    for (const Index N : {1, 4, 64, 256}) {
      CAPTURE(name(measure));
      CAPTURE(N);
      const Matrix<double> A = hippo(measure, N).A;
      const Vector<Complex> b = random_matrix(N, 1, 2).cast<Complex>() + Complex(0, 1) * random_matrix(N, 1, 3);
      for (const Complex alpha : {Complex(0.01, 0.02), Complex(0.001, -0.004), Complex(1, 3)}) {
        ShiftedHippo<double, Complex> shifted;
        shifted.prepare(HippoOperator<double>(measure, N), alpha);
        Vector<Complex> x = b;
        shifted.solve(x);
        const Matrix<Complex> M = Matrix<Complex>::Identity(N, N) - alpha * A;
        const Vector<Complex> expected = support::solve<Complex>(M, b);
        CHECK((x - expected).norm() < 1e-12 * expected.norm());
      }
    }
  }
}

TEST_CASE("the norm bound bounds the norm, of legs it is the Frobenius norm") {
  for (const Measure& measure : measures_with_operators()) {
    const Index N = 40;
    if (std::holds_alternative<Lmu>(measure) || name(measure) == "lagt") continue;  // bounds after a scaling
    CAPTURE(name(measure));
    const Matrix<double> A = hippo(measure, N).A;
    const double norm = std::sqrt(support::eigenvalues(A.transpose() * A).real().maxCoeff());
    const double bound = HippoOperator<double>(measure, N).norm_bound();
    CHECK(bound >= norm);
    CHECK(bound <= 2.5 * norm);
  }
  CHECK(HippoOperator<double>(LegS{}, 64).norm_bound() == doctest::Approx(hippo(LegS{}, 64).A.norm()).epsilon(1e-13));
  CHECK(HippoOperator<double>(Lmu{}, 64).norm_bound() == HippoOperator<double>(LegT{}, 64).norm_bound());
}

TEST_CASE("what has no operator is refused") {
  CHECK_THROWS_AS(HippoOperator<double>(ChebT{}, 4), std::invalid_argument);
  CHECK_THROWS_AS(HippoOperator<double>(LegT{}, 0), std::invalid_argument);
  CHECK_THROWS_AS(HippoOperator<double>(LegT{.window = -1}, 4), std::invalid_argument);
}
