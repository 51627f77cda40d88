#include "precise.hpp"

#include "oracle.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <vector>

namespace support {
namespace {

using longstate::DiscreteStateSpace;
using longstate::Discretization;
using longstate::StateSpace;

template <unsigned digits>
using Real = boost::multiprecision::number<boost::multiprecision::cpp_bin_float<digits>, boost::multiprecision::et_off>;

/// A square matrix, or a column.
template <class R>
struct Grid {
  Index rows, cols;
  std::vector<R> values;
  Grid(Index r, Index c) : rows(r), cols(c), values(static_cast<std::size_t>(r * c), R(0)) {}
  R& operator()(Index i, Index j) { return values[static_cast<std::size_t>(i * cols + j)]; }
  const R& operator()(Index i, Index j) const { return values[static_cast<std::size_t>(i * cols + j)]; }
};

template <class R>
Grid<R> widened(const Matrix<double>& M) {
  Grid<R> wide(M.rows(), M.cols());
  for (Index i = 0; i < M.rows(); ++i) {
    for (Index j = 0; j < M.cols(); ++j) wide(i, j) = M(i, j);
  }
  return wide;
}

template <class R>
Grid<R> identity(Index n) {
  Grid<R> I(n, n);
  for (Index i = 0; i < n; ++i) I(i, i) = 1;
  return I;
}

template <class R>
Grid<R> operator*(const Grid<R>& a, const Grid<R>& b) {
  Grid<R> product(a.rows, b.cols);
  for (Index i = 0; i < a.rows; ++i) {
    for (Index k = 0; k < a.cols; ++k) {
      if (a(i, k) == 0) continue;
      for (Index j = 0; j < b.cols; ++j) product(i, j) += a(i, k) * b(k, j);
    }
  }
  return product;
}

template <class R>
Grid<R> operator+(Grid<R> a, const Grid<R>& b) {
  for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
  return a;
}

template <class R>
Grid<R> operator*(const R& factor, Grid<R> a) {
  for (R& value : a.values) value *= factor;
  return a;
}

template <class R>
Grid<R> transposed(const Grid<R>& a) {
  Grid<R> result(a.cols, a.rows);
  for (Index i = 0; i < a.rows; ++i) {
    for (Index j = 0; j < a.cols; ++j) result(j, i) = a(i, j);
  }
  return result;
}

template <class R>
R largest(const Grid<R>& a) {
  R most = 0;
  for (const R& value : a.values) most = std::max<R>(most, abs(value));
  return most;
}

/// A^-1 B by Gauss-Jordan with pivots.
template <class R>
Grid<R> solved(Grid<R> A, Grid<R> B) {
  for (Index k = 0; k < A.rows; ++k) {
    Index pivot = k;
    for (Index i = k; i < A.rows; ++i) {
      if (abs(A(i, k)) > abs(A(pivot, k))) pivot = i;
    }
    for (Index j = 0; j < A.cols; ++j) std::swap(A(k, j), A(pivot, j));
    for (Index j = 0; j < B.cols; ++j) std::swap(B(k, j), B(pivot, j));
    for (Index i = 0; i < A.rows; ++i) {
      if (i == k) continue;
      const R factor = A(i, k) / A(k, k);
      for (Index j = k; j < A.cols; ++j) A(i, j) -= factor * A(k, j);
      for (Index j = 0; j < B.cols; ++j) B(i, j) -= factor * B(k, j);
    }
  }
  for (Index k = 0; k < A.rows; ++k) {
    for (Index j = 0; j < B.cols; ++j) B(k, j) /= A(k, k);
  }
  return B;
}

/// By halvings until the sum of all entries is below 1/2, Taylor's series until it stands still, and squarings.
template <class R>
Grid<R> exponential(Grid<R> X) {
  R norm = 0;
  for (const R& value : X.values) norm += abs(value);
  int halvings = 0;
  for (; norm > 0.5; norm /= 2) ++halvings;
  X = R(ldexp(R(1), -halvings)) * X;
  Grid<R> sum = identity<R>(X.rows), term = sum;
  for (int j = 1; largest(term) > std::numeric_limits<R>::epsilon() * 1e-3; ++j) {
    term = R(R(1) / j) * (X * term);
    sum = sum + term;
  }
  for (int i = 0; i < halvings; ++i) sum = sum * sum;
  return sum;
}

template <class R>
std::vector<R> kernel_in(const StateSpace& s, double dt, Discretization method, Index length,
                         const Vector<double>& units) {
  const Index N = s.order();
  const R h = dt;
  Grid<R> X(N + 2, N + 2);
  Grid<R> C(1, N);
  for (Index i = 0; i < N; ++i) {
    for (Index j = 0; j < N; ++j) X(i, j) = h * R(s.A(i, j)) * R(units(j)) / R(units(i));
    X(i, N) = h * R(s.B(i, 0)) / R(units(i));
    C(0, i) = R(s.C(0, i)) * R(units(i));
  }
  X(N, N + 1) = 1;
  const Grid<R> E = exponential(X);
  Grid<R> A(N, N), B(N, 1), held(N, 1), end(N, 1);  // e^(hA), h B, h phi_1 B, h phi_2 B
  for (Index i = 0; i < N; ++i) {
    for (Index j = 0; j < N; ++j) A(i, j) = E(i, j);
    B(i, 0) = X(i, N);
    held(i, 0) = E(i, N);
    end(i, 0) = E(i, N + 1);
  }
  std::vector<R> K(static_cast<std::size_t>(length));
  K[0] = s.D(0, 0);
  Grid<R> x = held;
  if (method == Discretization::impulse) {
    K[0] += (C * B)(0, 0);
    x = A * B;
  } else if (method == Discretization::foh) {
    K[0] += (C * end)(0, 0);
    x = held + (R(-1) * end) + A * end;
  }
  for (std::size_t k = 1; k < K.size(); ++k) {
    K[k] = (C * x)(0, 0);
    x = A * x;
  }
  return K;
}

template <class R>
void sort_falling(std::vector<R>& values) {
  std::sort(values.begin(), values.end(), [](const R& a, const R& b) { return a > b; });
}

/// Eigenvalues of a symmetric matrix by cyclic Jacobi rotations.
template <class R>
std::vector<R> eigenvalues(Grid<R> M) {
  const Index N = M.rows;
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (Index p = 0; p < N; ++p) {
      for (Index q = p + 1; q < N; ++q) {
        if (M(p, q) == 0) continue;
        const R ratio = (M(q, q) - M(p, p)) / (2 * M(p, q));
        const R t = (ratio < 0 ? R(-1) : R(1)) / (abs(ratio) + sqrt(1 + ratio * ratio));
        const R c = 1 / sqrt(1 + t * t), s = t * c;
        for (Index k = 0; k < N; ++k) {
          const R a = M(k, p), b = M(k, q);
          M(k, p) = c * a - s * b;
          M(k, q) = s * a + c * b;
        }
        for (Index k = 0; k < N; ++k) {
          const R a = M(p, k), b = M(q, k);
          M(p, k) = c * a - s * b;
          M(q, k) = s * a + c * b;
        }
      }
    }
  }
  std::vector<R> values;
  for (Index i = 0; i < N; ++i) values.push_back(M(i, i));
  return values;
}

/// P = sum of A^k B B^T A^kT by squaring.
template <class R>
Grid<R> gramian(Grid<R> A, const Grid<R>& B) {
  Grid<R> P = B * transposed(B);
  for (int k = 0; k < 400; ++k) {
    const Grid<R> more = A * P * transposed(A);
    P = P + more;
    if (largest(more) == 0 || largest(A) < std::numeric_limits<R>::epsilon() * 1e-30) return P;
    A = A * A;
  }
  throw std::runtime_error("precise_hankel: the system is not stable");
}

template <class R>
std::vector<R> hankel_in(const Grid<R>& A, const Grid<R>& B, const Grid<R>& C) {
  const Index N = A.rows;
  const Grid<R> P = gramian(A, B), Q = gramian(transposed(A), transposed(C));
  Grid<R> L(N, N);
  for (Index j = 0; j < N; ++j) {
    for (Index i = j; i < N; ++i) {
      R sum = P(i, j);
      for (Index k = 0; k < j; ++k) sum -= L(i, k) * L(j, k);
      if (i == j) {
        L(j, j) = sum > 0 ? R(sqrt(sum)) : R(0);
      } else if (L(j, j) > 0) {
        L(i, j) = sum / L(j, j);
      }
    }
  }
  std::vector<R> values = eigenvalues(transposed(L) * Q * L);
  for (R& value : values) value = value > 0 ? R(sqrt(value)) : R(0);
  sort_falling(values);
  return values;
}

template <class R>
std::vector<R> hankel_in(const StateSpace& s) {
  const Grid<R> A = widened<R>(s.A), I = identity<R>(s.order());
  const R c = largest(A);
  const Grid<R> resolvent = solved(R(c) * I + R(-1) * A, I);
  const R scale = sqrt(2 * c);
  return hankel_in<R>(resolvent * (R(c) * I + A), scale * (resolvent * widened<R>(s.B)),
                      scale * (widened<R>(s.C) * resolvent));
}

template <class R>
std::vector<R> hankel_in(const DiscreteStateSpace& s) {
  return hankel_in<R>(widened<R>(s.A), widened<R>(s.B), widened<R>(s.C));
}

/// The square of the 2-norm of C A^k B over all k.
template <class R>
R energy(const Grid<R>& A, const Grid<R>& B, const Grid<R>& C) {
  return (C * gramian(A, B) * transposed(C))(0, 0);
}

/// The 2-norm of a's response less b's, relative to a's.
template <class R>
std::vector<R> difference_in(const DiscreteStateSpace& a, const DiscreteStateSpace& b) {
  Matrix<double> A = Matrix<double>::Zero(a.order() + b.order(), a.order() + b.order());
  A.topLeftCorner(a.order(), a.order()) = a.A;
  A.bottomRightCorner(b.order(), b.order()) = b.A;
  Matrix<double> B(A.rows(), 1), C(1, A.rows());
  B << a.B, b.B;
  C << a.C, -b.C;
  const R off = energy(widened<R>(A), widened<R>(B), widened<R>(C));
  return {sqrt(off > 0 ? off : R(0)) / sqrt(energy(widened<R>(a.A), widened<R>(a.B), widened<R>(a.C)))};
}

template <class R>
Vector<double> narrowed(const std::vector<R>& values) {
  Vector<double> result(static_cast<Index>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    result(static_cast<Index>(i)) = values[i].template convert_to<double>();
  return result;
}

template <class Less, class More>
bool agree(const std::vector<Less>& a, const std::vector<More>& b) {
  More difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = std::max<More>(difference, abs(More(a[i]) - b[i]));
    size = std::max<More>(size, abs(b[i]));
  }
  return difference <= size * 1e-20;
}

/// compute.operator()<R>() for more and more digits.
template <unsigned digits, class Compute>
Vector<double> doubled(const Compute& compute, const std::vector<Real<digits>>& before) {
  if constexpr (digits >= 800) {
    throw std::runtime_error("800 digits do not suffice");
  } else {
    const auto now = compute.template operator()<Real<2 * digits>>();
    return agree(before, now) ? narrowed(now) : doubled<2 * digits>(compute, now);
  }
}
template <class Compute>
Vector<double> precise(const Compute& compute) {
  return doubled<50>(compute, compute.template operator()<Real<50>>());
}

}  // namespace

Vector<double> precise_kernel(const StateSpace& system, double dt, Discretization method, Index length,
                              const Vector<double>& units) {
  return precise([&]<class R>() { return kernel_in<R>(system, dt, method, length, units); });
}

double kernel_condition(const StateSpace& system, double dt, Discretization method, Index length,
                        const Vector<double>& units, int draws) {
  constexpr double change = 1e-13;  // rounding the changed entries is a thousandth of it
  const auto kernel = [&](const StateSpace& s) { return kernel_in<Real<100>>(s, dt, method, length, units); };
  const auto exact = kernel(system);
  const double size = narrowed(exact).cwiseAbs().maxCoeff();
  const auto in_units = [&](const Matrix<double>& A) -> Matrix<double> {
    return units.cwiseInverse().asDiagonal() * A * units.asDiagonal();
  };
  const double a = in_units(system.A).cwiseAbs().maxCoeff();
  const double b = (units.cwiseInverse().asDiagonal() * system.B).cwiseAbs().maxCoeff();
  const double c = (system.C * units.asDiagonal()).cwiseAbs().maxCoeff();
  double most = 0;
  for (int draw = 0; draw < draws; ++draw) {
    const Index N = system.order();
    const auto signs = [&](Index rows, Index cols, unsigned seed) -> Matrix<double> {
      return random_matrix(rows, cols, seed).unaryExpr([](double v) { return v < 0 ? -1.0 : 1.0; });
    };
    const auto seed = static_cast<unsigned>(3 * draw);
    StateSpace changed = system;
    changed.A += change * a * (units.asDiagonal() * signs(N, N, seed) * units.cwiseInverse().asDiagonal());
    changed.B += change * b * (units.asDiagonal() * signs(N, 1, seed + 1));
    changed.C += change * c * (signs(1, N, seed + 2) * units.cwiseInverse().asDiagonal());
    const auto other = kernel(changed);
    Real<100> difference = 0;
    for (std::size_t k = 0; k < exact.size(); ++k)
      difference = std::max<Real<100>>(difference, abs(other[k] - exact[k]));
    most = std::max(most, difference.convert_to<double>() / size / change);
  }
  return most;
}

Vector<double> precise_hankel(const StateSpace& system) {
  return precise([&]<class R>() { return hankel_in<R>(system); });
}
Vector<double> precise_hankel(const DiscreteStateSpace& system) {
  return precise([&]<class R>() { return hankel_in<R>(system); });
}

double precise_difference(const DiscreteStateSpace& a, const DiscreteStateSpace& b) {
  return precise([&]<class R>() { return difference_in<R>(a, b); })(0);
}

}  // namespace support
