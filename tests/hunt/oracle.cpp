#include "oracle.hpp"

#include <algorithm>
#include <cmath>

using namespace longstate;

namespace hunt {
namespace {

Long lengthen(const Matrix<double>& M) { return M.cast<long double>(); }

/// |M|, of complex entries their moduli, each twice, times 1 / sqrt 2.
Long sizes(const Long& M, bool complex) {
  if (!complex) return M.cwiseAbs();
  Long result(M.rows(), M.cols());
  for (Index n = 0; n < M.rows(); n += 2) {
    for (Index k = 0; k < M.cols(); ++k)
      result.block<2, 1>(n, k).setConstant(M.block<2, 1>(n, k).norm() / std::sqrt(2.0L));
  }
  return result;
}

}  // namespace

Matrices matrices(const DiscreteSystem& system) {
  const Index N = order(system);
  const Matrix<double> rest = increment(system);
  Long A = lengthen(dense(system).A);
  for (Index n = 0; n < N; ++n) {
    if (rest(n, n) > -0.5) A.row(n) = lengthen(rest.row(n)) + Long::Identity(N, N).row(n);
  }
  if (const auto* s = std::get_if<DiscreteDiagonal>(&system)) {
    A.setZero();
    for (Index n = 0; n < s->mu.size(); ++n) {
      const long double modulus = std::exp(static_cast<long double>(s->mu(n).real()));
      const long double angle = s->mu(n).imag(), re = modulus * std::cos(angle), im = modulus * std::sin(angle);
      if (modulus > 0) A.block<2, 2>(2 * n, 2 * n) << re, -im, im, re;
    }
  }
  if (const auto* s = std::get_if<DiscreteStateSpace>(&system)) A = lengthen(s->A);
  return {A,
          lengthen(input_matrix(system)),
          lengthen(output_matrix(system)),
          lengthen(feed_through(system)),
          convention(system) == Convention::control,
          structure(system) == Structure::diagonal || structure(system) == Structure::nplr};
}

Oracle run(const Matrices& m, const Long& u, const Long& x0) {
  const Index n = u.cols();
  Oracle o{Long(m.C.rows(), n), Vector<long double>(n), Long(x0.rows(), n)};
  Long x = x0;
  const Long C_sizes = sizes(m.C.transpose(), m.complex).transpose(), D_sizes = m.D.cwiseAbs();
  for (Index k = 0; k < n; ++k) {
    const Long next = m.A.lazyProduct(x) + m.B.lazyProduct(u.col(k));
    const Long& seen = m.control ? x : next;
    o.y.col(k) = m.C.lazyProduct(seen) + m.D.lazyProduct(u.col(k));
    o.scale(k) = (C_sizes.lazyProduct(sizes(seen, m.complex)) + D_sizes.lazyProduct(u.col(k).cwiseAbs())).maxCoeff();
    if (k == 0) o.scale(0) = std::max(o.scale(0), C_sizes.lazyProduct(sizes(x0, m.complex)).maxCoeff());
    x = next;
    o.x.col(k) = x;
  }
  return o;
}

template <class T, class Coefficient>
Oracle plain(const Matrices& m, const Long& u, const Long& x0) {
  const auto rounded = [](const Long& M) -> Matrix<Coefficient> { return M.cast<Coefficient>(); };
  const Vector<long double> ones = (m.A.diagonal().array() > 0.5L).cast<long double>();
  const Matrix<Coefficient> rest = rounded(m.A - Long(ones.asDiagonal())), B = rounded(m.B), C = rounded(m.C),
                            D = rounded(m.D);
  const Vector<Coefficient> kept = ones.cast<Coefficient>();
  Oracle o{Long(m.C.rows(), u.cols()), {}, Long(x0.rows(), u.cols())};
  Vector<T> x = x0.cast<T>();
  for (Index k = 0; k < u.cols(); ++k) {
    const Vector<Coefficient> u_k = u.col(k).cast<Coefficient>(), now = x.template cast<Coefficient>();
    const Vector<T> next = (kept.cwiseProduct(now) + (rest * now + B * u_k)).template cast<T>();
    const Vector<Coefficient> seen = (m.control ? x : next).template cast<Coefficient>();
    o.y.col(k) = (C * seen + D * u_k).template cast<long double>();
    x = next;
    o.x.col(k) = x.template cast<long double>();
  }
  return o;
}

template <class T, class Coefficient>
Oracle plain_backwards(const Matrices& m, const Long& u, const Long& x0) {
  Oracle o = plain<T, Coefficient>(
      {m.A.reverse(), m.B.colwise().reverse(), m.C.rowwise().reverse(), m.D, m.control, m.complex}, u,
      x0.colwise().reverse());
  o.x = o.x.colwise().reverse().eval();
  return o;
}

double relative_error(const Oracle& other, const Oracle& exact, const Long& x0, Index n) {
  long double scale = 0, error = 0;
  for (Index k = 0; k < n; ++k) {
    scale = std::max(scale, exact.scale(k));
    if (scale > 0) error = std::max(error, (other.y.col(k) - exact.y.col(k)).cwiseAbs().maxCoeff() / scale);
  }
  const long double states = std::max(exact.x.leftCols(n).cwiseAbs().maxCoeff(), x0.cwiseAbs().maxCoeff());
  if (states > 0) error = std::max(error, (other.x - exact.x).leftCols(n).cwiseAbs().maxCoeff() / states);
  return static_cast<double>(error);
}

template Oracle plain<float>(const Matrices&, const Long&, const Long&);
template Oracle plain<float, double>(const Matrices&, const Long&, const Long&);
template Oracle plain<double>(const Matrices&, const Long&, const Long&);
template Oracle plain_backwards<float>(const Matrices&, const Long&, const Long&);
template Oracle plain_backwards<float, double>(const Matrices&, const Long&, const Long&);
template Oracle plain_backwards<double>(const Matrices&, const Long&, const Long&);

}  // namespace hunt
