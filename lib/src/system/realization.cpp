#include "../detail/check.hpp"
#include "../detail/epsilon.hpp"
#include "../detail/product.hpp"
#include "hankel.hpp"

#include <longstate/system/realization.hpp>
#include <longstate/system/reduction.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace longstate {
namespace {

using detail::eps;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// The Markov parameters C A^j B without D, scaled to a largest value of about 1.
struct Response {
  Matrix<double> values;  // q p x L
  Index outputs, inputs;
  Matrix<double> feed_through;
  int exponent;  // the values times 2^exponent are those given; even, so that B and C take half of it each
  double norm;   // of all given, scaled

  Index length() const { return values.cols(); }
};

Response response_of(const Matrix<double>& K, Index q, Index p, Convention convention) {
  Response r{K, q, p, Matrix<double>::Zero(q, p), 0, 0};
  if (convention == Convention::control) {
    r.feed_through = K.col(0).reshaped(q, p);
    r.values = K.rightCols(K.cols() - 1);
  }
  const double largest = r.values.size() > 0 ? r.values.cwiseAbs().maxCoeff() : 0;
  if (largest == 0) return r;
  r.exponent = std::ilogb(largest) / 2 * 2;
  const auto scaled = [&](double x) { return std::ldexp(x, -r.exponent); };
  r.values = r.values.unaryExpr(scaled).eval();
  r.norm = K.unaryExpr(scaled).norm();
  return r;
}

/// K_j transposed, p q x L: the response of the dual system.
Matrix<double> dual(const Matrix<double>& values, Index q, Index p) {
  Matrix<double> other(values.rows(), values.cols());
  for (Index j = 0; j < values.cols(); ++j) {
    other.col(j).reshaped(p, q) = values.col(j).reshaped(q, p).transpose();
  }
  return other;
}

/// The controllability matrix [B AB A^2 B …] in pieces of some samples: `use(first sample, r x (p samples))`, until it
/// returns false. False then, and where it overflows. What is beyond 1e-200 is zero: products of denormal numbers are slow.
template <class Use>
bool for_controllability(const Matrix<double>& A, const Matrix<double>& B, Index length, const Use& use) {
  Matrix<double> X = B, power = A;  // A^(samples of X)
  while (X.cols() < std::max<Index>(64, 2 * A.rows()) && X.cols() < length * B.cols()) {
    Matrix<double> longer(X.rows(), 2 * X.cols());
    longer << X, detail::product(power, X);
    X.swap(longer);
    power = detail::product(power, power);
  }
  const Index samples = X.cols() / B.cols();
  for (Index first = 0; first < length; first += samples) {
    const Index count = std::min(samples, length - first);
    if (!X.allFinite()) return false;
    if (X.cwiseAbs().maxCoeff() < 1e-200) X.setZero();
    if (!use(first, X.leftCols(count * B.cols()))) return false;
    if (first + samples < length) X = detail::product(power, X);
  }
  return true;
}

/// The C with the least ||K - C [B AB A^2 B …]||: by QR, the rows of a piece after the other. The residual only grows
/// with them; beyond `most` it is given up, and infinite.
struct Fit {
  Matrix<double> C;
  double residual = infinity;
};

Fit fit_outputs(const Matrix<double>& A, const Matrix<double>& B, const Matrix<double>& values, double most) {
  const Index r = A.rows(), p = B.cols(), q = values.rows() / p;
  Matrix<double> R = Matrix<double>::Zero(r + q, r + q);
  const auto rest = [&] { return R.bottomRightCorner(q, q).norm(); };
  const bool whole = for_controllability(A, B, values.cols(), [&](Index first, const auto& X) {
    Matrix<double> rows(R.rows() + X.cols(), r + q);
    rows.topRows(r + q) = R;
    rows.bottomLeftCorner(X.cols(), r) = X.transpose();
    rows.bottomRightCorner(X.cols(), q) = values.middleCols(first, X.cols() / p).reshaped(q, X.cols()).transpose();
    R = detail::triangle_of(std::move(rows));
    return rest() <= most;
  });
  if (!whole || !R.allFinite()) return {};
  const Matrix<double> left = R.topLeftCorner(r, r), right = R.topRightCorner(r, q);
  const Matrix<double> C = detail::least_squares(left, right);
  return {C.transpose(), std::hypot((left * C - right).norm(), rest())};
}

/// The error of the system as it is, run sample by sample: that of the fit may be far below it where A grows, since powers by squaring
/// round in another way than A^k B, step after step.
double residual_of_run(const DiscreteStateSpace& system, const Matrix<double>& values) {
  Matrix<double> X = system.B;
  double square = 0;
  for (Index k = 0; k < values.cols(); ++k) {
    square += (values.col(k).reshaped(system.outputs(), system.inputs()) - system.C * X).squaredNorm();
    X = system.A * X;
  }
  return std::isfinite(square) ? std::sqrt(square) : infinity;
}

/// Whether rounding is felt in the response of what was fitted, and the error is above 1 %: on another machine it would be another response.
/// Or the error is above 1, that of no model at all, which no fit has.
bool lost_to_rounding(double fitted, double run) { return !(run <= 1.0001 * fitted || run <= 0.01) || run > 1 + 1e-9; }

/// The error over all time, or infinity beyond `most`.
double residual_over_all_time(const DiscreteStateSpace& system, const Matrix<double>& values, double most) {
  double square = 0;
  const bool whole = for_controllability(system.A, system.B, values.cols(), [&](Index first, const auto& X) {
    const auto K = values.middleCols(first, X.cols() / system.inputs()).reshaped(system.outputs(), X.cols());
    square += (K - system.C * X).squaredNorm();
    return square <= most * most;
  });
  if (!whole) return infinity;
  try {
    const Index before = system.convention == Convention::control ? 1 : 0;  // D
    return std::hypot(std::sqrt(square), tail_norm(system, before + values.cols()));
  } catch (const std::domain_error&) {  // by rounding, next to the unit circle
    return infinity;
  }
}

/// What the systems of all orders share. For order r, Sigma^1/2 A Sigma^-1/2 = T^-1 S of the leading r x r parts.
struct Subspace {
  detail::Svd svd;
  Matrix<double> T, S;
};

/// Free: the least-squares solution for the columns of U, whose QR decomposition has those of the first columns in it.
/// Zero: U goes on with zeros, so that its shift without these has the same product with it.
Subspace subspace_of(detail::Svd svd, Index outputs, Tail tail) {
  const Index rows = svd.U.rows() - outputs;
  const auto upper = svd.U.topRows(rows), lower = svd.U.bottomRows(rows);
  if (tail == Tail::zero || rows == 0) {
    const Index k = svd.U.cols();
    Matrix<double> S = upper.transpose() * lower;
    return {std::move(svd), Matrix<double>::Identity(k, k), std::move(S)};
  }
  const Index k = std::min(rows, svd.U.cols());
  detail::Qr shared = detail::qr(upper.leftCols(k));
  Matrix<double> S = shared.Q.transpose() * lower.leftCols(k);
  return {std::move(svd), std::move(shared.R), std::move(S)};
}

struct Candidate {
  DiscreteStateSpace system;
  double error = infinity;  // infinite where there is no solution
};

/// C, B or both by least squares, each as far as the other does not do it already. The residual.
double fit(DiscreteStateSpace& system, const Response& response, double most) {
  const bool several_inputs = system.inputs() > 1, several_outputs = system.outputs() > 1;
  double residual = infinity;
  if (several_outputs || !several_inputs) {
    const Fit outputs = fit_outputs(system.A, system.B, response.values,
                                    several_inputs ? infinity : most);  // NOLINT(bugprone-narrowing-conversions)
    residual = outputs.residual;
    if (!std::isfinite(residual)) return infinity;
    system.C = outputs.C;
  }
  if (several_inputs) {
    const Fit inputs = fit_outputs(system.A.transpose(), system.C.transpose(),
                                   dual(response.values, system.outputs(), system.inputs()), most);
    residual = inputs.residual;
    if (!std::isfinite(residual)) return infinity;
    system.B = inputs.C.transpose();
  }
  return residual;
}

/// Balanced: the states are scaled so that O^T O = X X^T = Sigma. No solution if it is singular or its error beyond `most`.
Candidate candidate_of(const Subspace& s, Index r, const Response& response, const RealizationOptions& options) {
  constexpr double singular = 1e-12;
  const auto T = s.T.topLeftCorner(r, r);
  if (T.diagonal().cwiseAbs().minCoeff() < singular) return {};
  const Vector<double> root = s.svd.sigma.head(r).cwiseSqrt();
  const Matrix<double> shift = T.triangularView<Eigen::Upper>().solve(s.S.topLeftCorner(r, r));
  Candidate c{{root.cwiseInverse().asDiagonal() * shift * root.asDiagonal(),
               root.asDiagonal() * s.svd.V.topLeftCorner(response.inputs, r).transpose(),
               s.svd.U.topLeftCorner(response.outputs, r) * root.asDiagonal(), response.feed_through, options.dt,
               options.convention}};
  if (!c.system.A.allFinite()) return {};
  const double most = options.error > 0 ? options.error * response.norm : infinity;
  if (options.tail == Tail::zero) {
    c.error = residual_over_all_time(c.system, response.values, most) / response.norm;
    return c;
  }
  const double fitted = fit(c.system, response, most) / response.norm;
  if (!std::isfinite(fitted)) return c;
  const double run = residual_of_run(c.system, response.values) / response.norm;
  if (!lost_to_rounding(fitted, run)) c.error = run;
  return c;
}

/// The first of the orders from `first` to `last` whose trial succeeds. From 256 on they are tried in steps of 1/16, and
/// then those within the last step.
template <class Trial>
Candidate smallest(Index first, Index last, const Trial& trial) {
  Index failed = first - 1;
  while (failed < last) {
    const Index r = std::min(failed + std::max<Index>(1, failed < 256 ? 1 : failed / 16), last);
    Candidate found = trial(r);
    if (!std::isfinite(found.error)) {
      failed = r;
      continue;
    }
    for (Index between = failed + 1; between < r; ++between) {
      Candidate smaller = trial(between);
      if (std::isfinite(smaller.error)) return smaller;
    }
    return found;
  }
  return {};
}

void check(const Matrix<double>& K, Index q, Index p, const RealizationOptions& options) {
  constexpr std::string_view where = "realize";
  constexpr Index most_rows = Index{1} << 20;
  if (q < 1 || p < 1) detail::fail(where, "outputs and inputs must be at least 1", detail::shape(q, p));
  detail::check_shape(where, "K", K.rows(), K.cols(), q * p, K.cols());
  if (K.cols() < 1 || K.cols() > most_rows / std::max(q, p)) {
    detail::fail(where,
                 "the impulse response must have from 1 to " + std::to_string(most_rows / std::max(q, p)) + " samples",
                 K.cols());
  }
  if (!K.allFinite() || K.cwiseAbs().maxCoeff() > 1e300) {
    detail::fail(where, "K must be finite, at most 1e300", K.cwiseAbs().maxCoeff<Eigen::PropagateNaN>());
  }
  detail::check_positive(where, "dt", options.dt);
  if (options.order < 0) detail::fail(where, "order must be at least 1", options.order);
  if (options.order == 0) detail::check_positive(where, "error (no order is given)", options.error);
  if (!(std::isfinite(options.error) && options.error >= 0)) {
    detail::fail(where, "error must be positive and finite", options.error);
  }
}

[[noreturn]] void fail_to_continue() {
  throw std::domain_error(
      "longstate::realize: no system of at most half as many states as samples continues these; a delay of more than "
      "half of them takes more samples, growth by more than 10^30 fewer; tail zero takes any response");
}

/// The largest singular values of H, and what follows from them.
struct Level {
  Subspace subspace;
  Vector<double> sigma;  // those that stand
  Index last;            // the largest useful order
  bool complete;         // more singular values would not help
};

class Identification {
 public:
  Identification(const Response& response, const RealizationOptions& options)
      : response_(response),
        options_(options),
        hankel_(hankel_of(response, options.tail)),
        least_(std::min(hankel_.rows(), hankel_.cols())),
        most_(std::min(least_, most_values / std::max(hankel_.rows(), hankel_.cols()))) {}

  Realization run() const { return options_.error > 0 ? by_error() : by_order(); }

 private:
  static constexpr Index most_values = Index{1} << 26;  // 512 MiB for U or V
  static constexpr Index first_rank = 64;

  static detail::HankelMatrix hankel_of(const Response& response, Tail tail) {
    const Index L = response.length();
    if (tail == Tail::free) return {response.values, response.outputs, response.inputs, L / 2 + 1};
    Matrix<double> padded = Matrix<double>::Zero(response.values.rows(), 2 * L - 1);
    padded.leftCols(L) = response.values;
    return {std::move(padded), response.outputs, response.inputs, L};
  }

  Realization by_order() const {
    const Index wanted = std::min(options_.order, least_);
    Index rank = wanted + std::max<Index>(10, wanted / 4);
    if (rank > most_) rank = std::min(first_rank, most_);  // the response may have fewer states than that
    Level level = decompose(rank, {});
    while (!level.complete && level.last < wanted) {
      if (rank == most_) {
        detail::fail("realize", "order must be at most " + std::to_string(level.last) + " for so long a response",
                     options_.order);
      }
      rank = std::min(2 * rank, most_);
      level = decompose(rank, level.subspace.svd.V);
    }
    for (Index r = std::min(level.last, wanted); r > 0; --r) {
      Candidate found = candidate_of(level.subspace, r, response_, options_);
      if (std::isfinite(found.error)) return finished(std::move(found), level.sigma);
    }
    fail_to_continue();
  }

  Realization by_error() const {
    Matrix<double> known;
    Index rank = std::min(first_rank, most_), next = 1;  // the orders below are tried
    for (;;) {
      Level level = decompose(rank, known);
      const Index last = options_.order > 0 ? std::min(level.last, options_.order) : level.last;
      Candidate found = smallest(std::max(next, least_order(level.sigma)), last, [&](Index r) {
        report(-1);
        Candidate c = candidate_of(level.subspace, r, response_, options_);
        return c.error <= options_.error ? c : Candidate{};
      });
      if (std::isfinite(found.error)) return finished(std::move(found), level.sigma);
      if (level.complete || rank == most_ || last == options_.order) fail_to_reach(level.subspace, last);
      next = last + 1;
      rank = std::min(2 * rank, most_);
      known = std::move(level.subspace.svd.V);
    }
  }

  /// Says what the largest order that has a solution reaches.
  [[noreturn]] void fail_to_reach(const Subspace& subspace, Index order) const {
    RealizationOptions any = options_;
    any.error = 0;
    double best = infinity;
    for (; order > 0; order -= std::max<Index>(1, order / 16)) {
      best = candidate_of(subspace, order, response_, any).error;
      if (std::isfinite(best)) break;
    }
    if (!std::isfinite(best)) fail_to_continue();
    std::ostringstream text;
    text << "longstate::realize: error must be at least " << best << ", what " << order << " states reach, got "
         << options_.error;
    if (options_.tail == Tail::free) text << " (tail zero takes any response)";
    throw std::domain_error(text.str());
  }

  Level decompose(Index rank, const Matrix<double>& known) const {
    constexpr Index small = 512, largest = Index{1} << 23;
    const bool full = (least_ <= small || 2 * rank > least_) && hankel_.rows() * hankel_.cols() <= largest;
    const Index safe = safe_part(rank);
    detail::Svd svd =
        full ? detail::full_svd(hankel_)
             : detail::truncated_svd(
                   hankel_, rank, safe, known, [&](double share) { report(options_.error > 0 ? -1 : 0.9 * share); },
                   [&](const Vector<double>& sigma) { return !is_last(rank) && too_few(sigma); });
    const double rounding = svd.sigma(0) * eps * static_cast<double>(least_);
    const Index significant = std::max<Index>(1, (svd.sigma.array() > rounding).count());
    const bool complete = full || rank == least_ || significant < svd.sigma.size();
    const Vector<double> sigma = complete ? svd.sigma : Vector<double>(svd.sigma.head(safe));
    Subspace subspace = subspace_of(std::move(svd), response_.outputs, options_.tail);
    const Index last = std::min(complete ? significant : safe, subspace.T.rows());
    return {std::move(subspace), sigma, last, complete};
  }

  /// The most that the squares of the singular values cut off may sum to, for the error.
  double squares_left() const {
    const double times =
        static_cast<double>(std::min(hankel_.rows() / response_.outputs, hankel_.cols() / response_.inputs));
    return times * std::pow(options_.error * response_.norm, 2);
  }

  /// No order below this has the error: a system of r states has a Hankel matrix of rank r, at least
  /// sqrt(sum of the sigma^2 cut off) from H, where each sample stands at most as often as there are block rows or columns.
  Index least_order(const Vector<double>& sigma) const {
    const double enough = squares_left();
    double rest = hankel_.squared_norm() * (1 - 1e-9);  // rounded downwards
    Index r = 0;
    while (r < sigma.size() && rest > enough) rest -= sigma(r) * sigma(r), ++r;
    return std::max<Index>(r, 1);
  }

  /// Whether no more singular values than `rank` are computed, be they enough or not.
  bool is_last(Index rank) const { return rank == most_ || (options_.order > 0 && safe_part(rank) >= options_.order); }

  /// How many of so many singular values are accurate: not those at the end.
  static Index safe_part(Index rank) { return rank - rank / 5; }

  /// Whether so many states do not have the error, by far: values that do not stand yet are below the true ones, by a few percent.
  bool too_few(const Vector<double>& sigma) const {
    constexpr double far = 2;
    return options_.error > 0 && hankel_.squared_norm() - sigma.squaredNorm() > far * squares_left();
  }

  void report(double share) const {
    if (options_.progress) options_.progress(share);
  }

  Realization finished(Candidate found, const Vector<double>& sigma) const {
    const auto scaled = [&](double x) { return std::ldexp(x, response_.exponent); };
    const auto half_scaled = [&](double x) { return std::ldexp(x, response_.exponent / 2); };
    const Index r = found.system.order();
    Realization result{std::move(found.system), sigma.unaryExpr(scaled), found.error, {}, 0};
    if (options_.tail == Tail::zero) {
      // Those that were not computed are at most the last one, and have the rest of ||H||_F.
      const double others = static_cast<double>(least_ - sigma.size());
      const double rest = std::sqrt(std::max(0.0, hankel_.squared_norm() - sigma.squaredNorm()) * others);
      const double rounding = static_cast<double>(least_) * eps * sigma(0);
      result.bound = scaled(
          2 * (sigma.tail(sigma.size() - r).sum() + std::min(rest, others * sigma(sigma.size() - 1)) + rounding));
    }
    result.spectral_radius = detail::eigenvalues(result.system.A).cwiseAbs().maxCoeff();
    result.system.B = result.system.B.unaryExpr(half_scaled).eval();
    result.system.C = result.system.C.unaryExpr(half_scaled).eval();
    report(1);
    return result;
  }

  const Response& response_;
  const RealizationOptions& options_;
  detail::HankelMatrix hankel_;
  Index least_, most_;  // rows or columns of H; how many singular values can be computed
};

}  // namespace

std::string_view name(Tail tail) { return tail == Tail::free ? "free" : "zero"; }

Tail make_tail(std::string_view wanted) {
  if (wanted == "free") return Tail::free;
  if (wanted == "zero") return Tail::zero;
  detail::fail("make_tail", "tail must be free or zero", detail::quoted(wanted));
}

Realization realize(const Matrix<double>& K, Index outputs, Index inputs, const RealizationOptions& options) {
  check(K, outputs, inputs, options);
  const Response response = response_of(K, outputs, inputs, options.convention);
  if (response.norm == 0) {
    return {{Matrix<double>::Zero(1, 1), Matrix<double>::Zero(1, inputs), Matrix<double>::Zero(outputs, 1),
             response.feed_through, options.dt, options.convention},
            Vector<double>::Zero(1),
            0,
            options.tail == Tail::zero ? std::optional<double>(0) : std::nullopt,
            0};
  }
  return Identification(response, options).run();
}

}  // namespace longstate
