#include "scaled_legendre.hpp"

#include <longstate/measure/basis.hpp>

#include <boost/math/special_functions/legendre.hpp>

#include <algorithm>
#include <cmath>

namespace longstate::detail {
namespace {

/// Terms of the Taylor series of e^z that reach double precision for z <= 1.
Index taylor_terms(double z) {
  double term = 1;
  Index degree = 1;
  for (; degree < 20; ++degree) {
    term *= z / static_cast<double>(degree);
    if (term < 0x1p-56) break;
  }
  return degree + 1;
}

}  // namespace

template <class T>
ScaledLegendre<T>::Quadrature::Quadrature(Index order) {
  // Boost gives the zeros that are not negative; P_n is even or odd.
  const auto zeros = boost::math::legendre_p_zeros<double>(static_cast<int>(order));
  nodes.resize(order);
  weights.resize(order);
  const Index count = static_cast<Index>(zeros.size());
  for (Index i = 0; i < count; ++i) {
    const double y = zeros[static_cast<std::size_t>(i)];
    const double slope = boost::math::legendre_p_prime(static_cast<int>(order), y);
    const double weight = 1 / ((1 - y * y) * slope * slope);  // half of it on [-1, 1]
    const Index above = order - count + i;
    const Index below = count - 1 - i;
    nodes(above) = static_cast<T>((1 + y) / 2);
    nodes(below) = static_cast<T>((1 - y) / 2);
    weights(above) = weights(below) = static_cast<T>(weight);
  }
  // p_n(v) = (-1)^n sqrt(2n+1) P_n(1 - 2v): at age v, since 1 - v would lose the digits of a small v, of which the
  // basis takes n^2 times as many.
  Matrix<double> values = basis(LegT{}, order, nodes.template cast<double>());
  for (Index n = 1; n < order; n += 2) values.row(n) = -values.row(n);
  basis_at_nodes = values.template cast<T>();
}

template <class T>
ScaledLegendre<T>::ScaledLegendre(const LegS& measure, const MemoryOptions& options)
    : options_(options),
      lines_(intersample(options.method) == Intersample::lines),
      A_(measure, options.order),
      norm_(A_.norm_bound()),
      lanes_(options, A_),
      term_(options.order, options.channels),
      sampled_(options.order, options.channels) {
  if (!is_gbt(options.method)) quadrature_ = std::make_shared<const Quadrature>(options.order);
  implicit_.prepare(A_, T(0));  // allocates, so that steps do not
  for (Vector<T>* const frame : {&slope_, &level_}) frame->resize(options.channels);
  for (Vector<T>* const at_nodes : {&node_, &legendre_, &legendre_step_, &sign_}) at_nodes->resize(options.order);
}

/// One step of x' = A x + B u in log time over h by the Taylor series of its solution: x^(j) = A x^(j-1) + B u^(j-1).
/// The input starts at level_ with derivative slope_, and so are all its further derivatives (it is exponential).
template <class T>
void ScaledLegendre<T>::by_taylor(double h, State<T>& x) {
  const HippoOperator<T>& A = A_;
  const Index degree = taylor_terms(norm_ * h);
  double power = 1;  // h^j / j!
  term_ = x;
  for (Index j = 1; j <= degree; ++j) {
    const double ratio = h / static_cast<double>(j);
    power *= ratio;
    A.multiply(static_cast<T>(ratio), term_, sampled_);
    term_.swap(sampled_);
    term_.noalias() += A.B() * (static_cast<T>(power) * (j == 1 ? level_ : slope_)).transpose();
    x += term_;
  }
}

/// The past is one piece of the signal: its own polynomial.
template <class T>
void ScaledLegendre<T>::first_piece(const Vector<T>& previous, const ConstFrame<T>& u, State<T>& x) const {
  x.setZero();
  x.row(0) = u.transpose();
  if (!lines_) return;
  x.row(0) = (u + previous).transpose() / 2;
  if (x.rows() > 1) x.row(1) = (u - previous).transpose() / static_cast<T>(2 * std::sqrt(3.0));
}

template <class T>
void ScaledLegendre<T>::advance(double t, double dt, const Vector<T>& previous, const ConstFrame<T>& u, State<T>& x) {
  if (!is_exact()) return by_gbt(t, dt, u, x);
  if (t == 0) return first_piece(previous, u, x);
  const double log_ratio = std::log1p(dt / t);
  const double z = norm_ * log_ratio;
  // The series costs about 18 running sums for each unit of z, the quadrature about 8 sums for each degree.
  const double break_even = std::max(1.0, 8.0 * static_cast<double>(options_.order) / (4 * 18.0));
  if (z > break_even) {
    by_quadrature(t, dt, previous, u, x);
  } else {
    const Index substeps = std::max<Index>(1, static_cast<Index>(std::ceil(z)));
    by_series(t, dt, log_ratio, substeps, previous, u, x);
  }
}

template <class T>
void ScaledLegendre<T>::by_series(double t, double dt, double log_ratio, Index substeps, const Vector<T>& previous,
                                  const ConstFrame<T>& u, State<T>& x) {
  const double h = log_ratio / static_cast<double>(substeps);
  slope_.setZero();
  level_ = u;
  for (Index step = 0; step < substeps; ++step) {
    if (lines_) {  // u = previous + (u - previous)(e^sigma - t) / dt: exponential in log time
      const double now = t * std::exp(h * static_cast<double>(step));
      level_ = previous + static_cast<T>((now - t) / dt) * (u - previous);
      slope_ = static_cast<T>(now / dt) * (u - previous);
    }
    by_taylor(h, x);
  }
}

/// The projection of both parts of the new window [0, t'], r = t / t': the old polynomial on [0, r], where it is
/// sum_k x_k p_k(v / r), and the line (or constant) of this step on [r, 1], each by the N Gauss-Legendre nodes of its
/// part, which are exact: the integrands are of degree 2N - 2 and N.
template <class T>
void ScaledLegendre<T>::by_quadrature(double t, double dt, const Vector<T>& previous, const ConstFrame<T>& u,
                                      State<T>& x) {
  const Quadrature& d = *quadrature_;
  const double end = t + dt;
  const T r = static_cast<T>(t / end);
  const T rest = static_cast<T>(dt / end);
  const auto mirrored = [&](Index j) { return d.nodes(options_.order - 1 - j); };  // 1 - node, to its last digit

  for (Index c = 0; c < options_.channels;
       ++c) {  // one by one: Eigen's product of matrices takes memory for its blocks
    term_.col(c).noalias() = d.basis_at_nodes.transpose() * x.col(c);  // the polynomial at each node
  }
  x.setZero();
  for (Index j = 0; j < options_.order; ++j) {
    term_.row(j) *= r * d.weights(j);
    place_node(j, r * d.nodes(j), mirrored(j) + d.nodes(j) * rest);
  }
  add_projection(x);
  for (Index j = 0; j < options_.order; ++j) {
    const T weight = rest * d.weights(j);
    const T part = lines_ ? d.nodes(j) : T(1);
    term_.row(j) = weight * (previous + part * (u - previous)).transpose();
    place_node(j, r + rest * d.nodes(j), rest * mirrored(j));
  }
  add_projection(x);
}

/// Node j at v, with 1 - v given to its last digit, too: P_n(2v - 1) is taken from the nearer end, t = 2 min(v, 1 - v),
/// in differences, since 2v - 1 would lose the digits of a small t, of which P_n takes n^2 times as many
/// (measure/polynomials.hpp has the recurrence).
template <class T>
void ScaledLegendre<T>::place_node(Index j, T v, T one_less_v) {
  const bool low = v < T(0.5);
  node_(j) = 2 * (low ? v : one_less_v);
  sign_(j) = low ? T(-1) : T(1);
}

/// x_n += sqrt(2n+1) sum_j P_n(2 v_j - 1) term_j, all n. Uses up the terms.
template <class T>
void ScaledLegendre<T>::add_projection(State<T>& x) {
  legendre_.setOnes();
  legendre_step_.setZero();
  for (Index n = 0; n < options_.order; ++n) {
    if (n > 0) {
      const T degree = static_cast<T>(n - 1);
      legendre_step_ = (degree * legendre_step_ - (2 * degree + 1) * node_.cwiseProduct(legendre_)) / static_cast<T>(n);
      legendre_ += legendre_step_;
      for (Index c = 0; c < options_.channels; ++c) term_.col(c).array() *= sign_.array();  // (-1)^n at the low end
    }
    for (Index c = 0; c < options_.channels; ++c) x(n, c) += A_.B()(n) * legendre_.dot(term_.col(c));
  }
}

/// The published update: (I - alpha h A)(x' - x) = h (A x + B u), h = dt / t at the end of the step.
template <class T>
void ScaledLegendre<T>::by_gbt(double t, double dt, const ConstFrame<T>& u, State<T>& x) {
  const HippoOperator<T>& A = A_;
  const double alpha = gbt_alpha(options_.method, options_.alpha);
  const double h = dt / (t + dt);
  A.multiply(static_cast<T>(h), x, term_);
  term_.noalias() += A.B() * (static_cast<T>(h) * u).transpose();
  if (alpha > 0) {
    implicit_.prepare(A, static_cast<T>(alpha * h));
    for (Index c = 0; c < options_.channels; ++c) implicit_.solve(term_.col(c));
  }
  x += term_;
}

template class ScaledLegendre<float>;
template class ScaledLegendre<double>;

}  // namespace longstate::detail
