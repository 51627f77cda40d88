#include "../detail/balance.hpp"
#include "../detail/check.hpp"
#include "../detail/decompositions.hpp"
#include "../detail/epsilon.hpp"
#include "../detail/near_identity.hpp"
#include "gramian.hpp"
#include "spectral_split.hpp"

#include <longstate/system/composition.hpp>
#include <longstate/system/reduction.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace longstate {
namespace {

using detail::eps;

/// Past to future: U diag(sigma) V^T of the Hankel operator in some basis, with the maps from and to the states.
struct Hankel {
  Vector<double> sigma;
  Matrix<double> to_states;    // N x k: states = to_states balanced, before scaling by sigma^-1/2
  Matrix<double> from_states;  // k x N
};

/// A system over the sizes of its B and C, without D: its Gramians stay in range.
template <class System>
struct Normalised {
  double b, c;
  System system;

  explicit Normalised(const System& s)
      : b(detail::unit_of(s.B.cwiseAbs().maxCoeff())), c(detail::unit_of(s.C.cwiseAbs().maxCoeff())), system(s) {
    system.B /= b;
    system.C /= c;
    system.D.setZero();
  }
  Vector<double> hankel_singular_values(const Vector<double>& sigma) const {
    Vector<double> values = b * (c * sigma);
    if (!values.allFinite()) {
      throw std::domain_error(
          "longstate::hankel_singular_values: the largest singular value is beyond the largest number");
    }
    return values;
  }
};

template <class System>
Hankel balance(const detail::Gramians<System>& g) {
  const Matrix<double>&Zc = g.controllability, &Zo = g.observability;
  const detail::Svd svd = detail::svd(Zo.transpose() * Zc);
  return {svd.sigma, Zc * svd.V, svd.U.transpose() * Zo.transpose()};
}

/// The 2-norm of the impulse response without D, by the Gramian: ||C Z||; infinite where it does not fade.
template <class System>
double response_norm(const System& s) {
  const detail::GramianFactor factor = detail::gramian_factor(s);
  return std::isfinite(factor.loss) ? (s.C * factor.Z).stableNorm() : INFINITY;
}

/// How many singular values are more than rounding.
Index significant(const Vector<double>& sigma) {
  Index count = 0;
  while (count < sigma.size() && sigma(count) > sigma(0) * eps * static_cast<double>(sigma.size())) ++count;
  return std::max<Index>(count, 1);
}

/// A state that nothing reaches or sees, at rest soon.
void silence(StateSpace& s) { s.A = Matrix<double>::Constant(1, 1, s.A.stableNorm() > 0 ? -s.A.stableNorm() : -1.0); }
void silence(DiscreteStateSpace& s) { s.A = Matrix<double>::Zero(1, 1); }

template <class System>
System cut(const System& s, const Hankel& h, Index order) {
  const Vector<double> scale =
      h.sigma.head(order).cwiseMax(std::numeric_limits<double>::min()).cwiseSqrt().cwiseInverse();
  const Matrix<double> T = h.to_states.leftCols(order) * scale.asDiagonal();
  const Matrix<double> T_inverse = scale.asDiagonal() * h.from_states.topRows(order);
  System result = s;
  result.B = T_inverse * s.B;
  result.C = s.C * T;
  if (h.sigma(0) > 0) {
    result.A = T_inverse * s.A * T;
  } else {
    silence(result);
  }
  return result;
}

/// The part that fades, balanced, and the part that does not, which stays as it is.
template <class System>
class SplitBalanced {
 public:
  explicit SplitBalanced(const System& system)
      : D_(system.D), whole_(system), parts_(detail::spectral_split(whole_.system)) {
    if (parts_.fading.order() == 0) return;
    detail::Gramians<System> gramians(parts_.fading);
    hankel_ = balance(gramians);
    norm_ = (gramians.system.C * gramians.controllability).stableNorm();
    parts_.fading = std::move(gramians.system);
  }

  Index lasting() const { return parts_.lasting.order(); }
  /// The largest order worth having.
  Index most() const { return lasting() + (parts_.fading.order() > 0 ? significant(hankel_.sigma) : 0); }
  Index least() const { return std::max<Index>(lasting(), 1); }

  Reduction<System> reduction(Index order) const {
    const Index r = order - lasting();
    const Vector<double> sigma = whole_.hankel_singular_values(hankel_.sigma);
    Reduction<System> result{part(r), sigma, 2 * sigma.tail(sigma.size() - r).sum(), difference(order)};
    result.system.B *= whole_.b;
    result.system.C *= whole_.c;
    result.system.D = D_;
    return result;
  }

  /// Of the impulse responses, relative 2-norm; the lasting part, the same in both, does not count.
  double difference(Index order) const {
    if (parts_.fading.order() == 0) return 0;
    const Index r = order - lasting();
    if (r == 0) return norm_ > 0 ? 1 : 0;
    System minus = cut(parts_.fading, hankel_, r);
    minus.C = -minus.C;
    // cut between equal values, or below rounding, it may be unstable
    return response_norm(parallel(parts_.fading, minus)) / (norm_ > 0 ? norm_ : 1);
  }

 private:
  /// r states of what fades, and all of what lasts.
  System part(Index r) const {
    if (r == 0) return parts_.lasting;
    const System fading = cut(parts_.fading, hankel_, r);
    return lasting() == 0 ? fading : parallel(fading, parts_.lasting);
  }

  Matrix<double> D_;
  Normalised<System> whole_;
  detail::Split<System> parts_;
  Hankel hankel_;
  double norm_ = 0;  // of the response of the part that fades
};

template <class System>
Vector<double> hankel_values(const System& system) {
  validate(system);
  const Normalised<System> normalised(system);
  return normalised.hankel_singular_values(balance(detail::Gramians<System>(normalised.system)).sigma);
}

template <class System>
Reduction<System> truncation(const System& system, Index order) {
  validate(system);
  if (order < 1) detail::fail("balanced_truncation", "order must be at least 1", order);
  const SplitBalanced<System> balanced(system);
  if (order < balanced.lasting()) {
    detail::fail("balanced_truncation",
                 "order must be at least the number of poles that do not fade, " + std::to_string(balanced.lasting()),
                 order);
  }
  return balanced.reduction(std::min(order, balanced.most()));
}

/// An order for which `difference` is at most the error and for the order below it is not, by bisection. `difference` may be infinite
/// where there is no system of that order, at the largest ones too.
Index smallest_order(Index least, Index most, double error, const std::function<double(Index)>& difference) {
  double best = INFINITY;
  Index best_order = most;
  for (Index r = most; r >= least && !(best <= error) && (r == most || std::isinf(best)); --r) {
    best_order = r;
    best = difference(r);
  }
  if (!(best <= error)) {
    std::ostringstream text;
    text << "longstate::reduce_to_error: error must be at least " << best << ", what the largest useful order, "
         << best_order << ", reaches, got " << error;
    throw std::domain_error(text.str());
  }
  Index low = least - 1;  // not enough
  Index high = best_order;
  while (high - low > 1) {
    const Index middle = (low + high) / 2;
    (difference(middle) <= error ? high : low) = middle;
  }
  return high;
}

template <class System>
Reduction<System> reduced(const System& system, double error) {
  validate(system);
  detail::check_positive("reduce_to_error", "error", error);
  const SplitBalanced<System> balanced(system);
  const auto difference = [&](Index order) { return balanced.difference(order); };
  const Index order = smallest_order(balanced.least(), balanced.most(), error, difference);
  return balanced.reduction(order);
}

}  // namespace

Matrix<double> controllability_factor(const DiscreteStateSpace& system) {
  validate(system);
  const Normalised<DiscreteStateSpace> normalised(system);
  const detail::Gramians<DiscreteStateSpace> gramians(normalised.system, detail::Factors::controllability);
  Matrix<double> Z = normalised.b * (gramians.T * gramians.controllability);
  if (!Z.allFinite()) throw std::domain_error("longstate::controllability_factor: it is beyond the largest number");
  return Z;
}

Vector<double> hankel_singular_values(const DiscreteStateSpace& system) { return hankel_values(system); }

Vector<double> hankel_singular_values(const StateSpace& system) { return hankel_values(system); }

Reduction<DiscreteStateSpace> balanced_truncation(const DiscreteStateSpace& system, Index order) {
  return truncation(system, order);
}

Reduction<StateSpace> balanced_truncation(const StateSpace& system, Index order) { return truncation(system, order); }

Reduction<DiscreteStateSpace> reduce_to_error(const DiscreteStateSpace& system, double error) {
  return reduced(system, error);
}

Reduction<StateSpace> reduce_to_error(const StateSpace& system, double error) { return reduced(system, error); }

namespace {
/// The first value of a kernel that A^k B is in: of K = D, C B, C A B, … the second.
Index first_response(const DiscreteStateSpace& system) { return system.convention == Convention::control ? 1 : 0; }
}  // namespace

double tail_norm(const DiscreteStateSpace& system, Index length) {
  validate(system);
  if (length < 0) detail::fail("tail_norm", "length must not be negative", length);
  const Normalised<DiscreteStateSpace> normalised(system);
  const detail::Gramians<DiscreteStateSpace> gramians(normalised.system, detail::Factors::controllability);
  const DiscreteStateSpace& s = gramians.system;
  Matrix<double> C = s.C;  // C A^power
  detail::NearIdentity square = detail::NearIdentity::of(s.A);
  for (Index rest = length - first_response(system); rest > 0; rest /= 2) {
    if (rest % 2 == 1) C = square.times_from_left(C);
    if (rest > 1) square.square();
  }
  const double norm = normalised.b * (normalised.c * (C * gramians.controllability).stableNorm());
  if (!std::isfinite(norm)) throw std::domain_error("longstate::tail_norm: it is beyond the largest number");
  return norm;
}

Index kernel_length(const DiscreteStateSpace& system, double error) {
  validate(system);
  if (!(error > 0 && error < 1)) detail::fail("kernel_length", "error must be between 0 and 1", error);
  const detail::Gramians<DiscreteStateSpace> gramians(Normalised<DiscreteStateSpace>(system).system,
                                                      detail::Factors::controllability);
  const DiscreteStateSpace& s = gramians.system;
  const Matrix<double>& Z = gramians.controllability;
  const double enough = error * (s.C * Z).stableNorm();
  if ((s.C * Z).stableNorm() <= enough) return 0;
  // The tail falls with the length: the binary digits of the longest that is too short, the highest first.
  std::vector<detail::NearIdentity> powers{detail::NearIdentity::of(s.A)};
  constexpr std::size_t most = 31;
  while ((powers.back().times_from_left(s.C) * Z).stableNorm() > enough) {
    if (powers.size() == most) throw std::domain_error("longstate::kernel_length: it is beyond 2^30 samples");
    powers.push_back(powers.back());
    powers.back().square();
  }
  Matrix<double> C = s.C;
  Index length = 0;
  for (std::size_t bit = powers.size(); bit-- > 0;) {
    const Matrix<double> further = powers[bit].times_from_left(C);
    if ((further * Z).stableNorm() <= enough) continue;
    C = further;
    length += Index{1} << bit;
  }
  return length + 1 + first_response(system);
}

}  // namespace longstate
