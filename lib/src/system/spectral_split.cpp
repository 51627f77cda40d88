#include "spectral_split.hpp"

#include "../detail/balance.hpp"
#include "../detail/decompositions.hpp"
#include "../detail/epsilon.hpp"
#include "schur_states.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace longstate::detail {
namespace {

using Complex = std::complex<double>;

// Of the fastest rate:
constexpr double resolved = 1e-7;   // what fades so fast does; rounding parts a double integrator less far
constexpr double apart = 1e-10;     // what fades so fast in refined states does
constexpr double summable = 1e-14;  // slower sums over the past do not end (gramian.cpp)

/// The fastest rate there may be: what rates are compared with.
double fastest(const StateSpace& s) { return std::max(s.A.stableNorm(), std::numeric_limits<double>::min()); }
double fastest(const DiscreteStateSpace& /*s*/) { return 1; }

/// How fast each pole fades.
Vector<double> fading(const StateSpace& /*s*/, const Vector<Complex>& poles) { return -poles.real(); }
Vector<double> fading(const DiscreteStateSpace& /*s*/, const Vector<Complex>& poles) {
  return 1 - poles.cwiseAbs().array();
}

/// A matrix whose eigenvalues have a positive real part where the pole fades more slowly than `rate`.
Matrix<double> shifted(const StateSpace& s, double rate) {
  return s.A + rate * Matrix<double>::Identity(s.order(), s.order());
}
Matrix<double> shifted(const DiscreteStateSpace& s, double rate) {
  const Matrix<double> radius = (1 - rate) * Matrix<double>::Identity(s.order(), s.order());
  return Lu<double>(s.A + radius).solve(s.A - radius);
}

/// The states in sets that are coupled both ways: the strongly connected components of A's graph (Kosaraju's two searches). The eigenvalues
/// of A are those of its diagonal blocks.
class Components {
 public:
  explicit Components(const Matrix<double>& A) : A_(A), seen_(static_cast<std::size_t>(A.rows()), false) {
    for (Index i = 0; i < A.rows(); ++i) search(i, false, finished_);
    seen_.assign(seen_.size(), false);
    const std::vector<Index> order(finished_.rbegin(), finished_.rend());
    for (const Index i : order) {
      std::vector<Index> component;
      search(i, true, component);
      if (!component.empty()) sets_.push_back(std::move(component));
    }
  }
  const std::vector<std::vector<Index>>& sets() const { return sets_; }

 private:
  /// Adds what i leads to, or what leads to it, and was not seen, each state after those it leads to.
  void search(Index i, bool backwards, std::vector<Index>& found) {
    if (seen_[static_cast<std::size_t>(i)]) return;
    seen_[static_cast<std::size_t>(i)] = true;
    for (Index j = 0; j < A_.rows(); ++j) {
      if ((backwards ? A_(i, j) : A_(j, i)) != 0) search(j, backwards, found);
    }
    found.push_back(i);
  }

  const Matrix<double>& A_;
  std::vector<bool> seen_;
  std::vector<Index> finished_;
  std::vector<std::vector<Index>> sets_;
};

/// The eigenvalues of a matrix, and what rounding in it may have moved each of them by: its condition |y| |x| / |y x|, of its eigenvectors
/// y and x, times eps ||A|| and some more of the computation.
struct Eigenvalues {
  Vector<Complex> values;
  Vector<double> doubt;

  explicit Eigenvalues(const Matrix<double>& given) {
    const Matrix<double> A = rescaled(given, balancing(given));
    const Eigenpairs pairs = eigenpairs(A);
    values = pairs.values;
    if (A.rows() == 1) {
      doubt = Vector<double>::Zero(1);
      return;
    }
    const Vector<double> conditions =
        Lu<Complex>(pairs.vectors).inverse().rowwise().norm().cwiseProduct(pairs.vectors.colwise().norm().transpose());
    doubt = eps * (100 + 10 * static_cast<double>(A.rows())) * A.norm() * conditions;
  }
};

/// The rates at which the poles fade, rising, and how many of them, the first ones, do not.
struct Rates {
  Vector<double> rates;
  Index lasting;
};

template <class System>
Rates rates_of(const System& s) {
  Vector<double> rates(s.order());
  double most = -std::numeric_limits<double>::infinity();  // the fastest rate that is none
  Index filled = 0;
  const Components components(s.A);
  for (const std::vector<Index>& set : components.sets()) {
    const Eigenvalues poles(s.A(set, set));
    const Vector<double> own = fading(s, poles.values);
    for (Index i = 0; i < own.size(); ++i) {
      // also where the doubt is not a number: there is no second eigenvector
      const bool doubtful = !(own(i) > poles.doubt(i)) && own(i) < resolved * fastest(s);
      if (doubtful || own(i) < summable * fastest(s)) most = std::max(most, own(i));
      rates(filled++) = own(i);
    }
  }
  std::sort(rates.begin(), rates.end());
  return {rates, (rates.array() <= most).count()};
}

/// sign(M) by Newton's iteration, scaled by the determinant.
Matrix<double> sign(Matrix<double> M) {
  constexpr int most_steps = 100;
  for (int step = 0; step < most_steps; ++step) {
    const Lu<double> lu(M);
    const double log_det = lu.pivots().cwiseAbs().array().log().mean();
    const double scale = std::exp(-log_det);
    const Matrix<double> next = 0.5 * (scale * M + lu.inverse() / scale);
    const double change = (next - M).norm() / next.norm();
    if (!std::isfinite(change)) break;
    M = next;
    if (change < 1e-13 * static_cast<double>(M.rows())) return M;
  }
  throw std::domain_error(
      "longstate::balanced_truncation: the poles that last do not come apart from those that fade, since rounding A "
      "moves "
      "them across; take the system in other coordinates, a filter as a cascade of second-order sections");
}

template <class System>
System part(const System& s, const Matrix<double>& T, const Matrix<double>& T_inverse) {
  System result = s;
  result.A = T_inverse * s.A * T;
  result.B = T_inverse * s.B;
  result.C = s.C * T;
  return result;
}

/// The `lasting` slowest poles, where they end, and the others. Throws std::domain_error where they do not come apart.
template <class System>
Split<System> parted(const System& s, const Rates& poles) {
  const Index N = s.order(), lasting = poles.lasting;
  const Matrix<double> I = Matrix<double>::Identity(N, N);
  Matrix<double> T = I, T_inverse = I;
  if (lasting > 0 && lasting < N) {
    const double last = poles.rates(lasting - 1), first = poles.rates(lasting);
    const double between = std::sqrt(std::max(last, 1e-6 * first) * first);
    const Matrix<double> projector = 0.5 * (I + sign(shifted(s, between)));
    T << range_of(I - projector, N - lasting), range_of(projector, lasting);
    T_inverse = Lu<double>(T).inverse();
  }
  Split<System> result{part<System>(s, T.leftCols(N - lasting), T_inverse.topRows(N - lasting)),
                       part<System>(s, T.rightCols(lasting), T_inverse.bottomRows(lasting))};
  result.lasting.D.setZero();
  return result;
}

/// In the states given, or, where their poles do not come apart as those of some companion forms, in those of the Schur form. Whether any
/// pole lasts at all is asked there, too.
template <class System>
Split<System> split(const System& system) {
  const System given = Balanced(system).system;
  const Rates poles = rates_of(given);
  if (poles.lasting == 0) return parted(given, poles);
  const System refined = Balanced(SchurStates(system).system).system;
  const Rates refined_poles = rates_of(refined);
  if (refined_poles.rates(0) > apart * fastest(refined)) return parted(given, {refined_poles.rates, 0});
  try {
    return parted(given, poles);
  } catch (const std::domain_error&) {
    return parted(refined, refined_poles);
  }
}

}  // namespace

Split<StateSpace> spectral_split(const StateSpace& system) { return split(system); }
Split<DiscreteStateSpace> spectral_split(const DiscreteStateSpace& system) { return split(system); }

}  // namespace longstate::detail
