#include "../detail/decompositions.hpp"
#include "../detail/overloaded.hpp"
#include "../detail/real_form.hpp"
#include "../system/check_system.hpp"

#include <longstate/discretize/hippo_step.hpp>
#include <longstate/discretize/phi.hpp>
#include <longstate/discretize/structured.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace longstate {
namespace {

using Complex = std::complex<double>;

/// 2 Re(C B), the feed-through that an entry and its conjugate give together.
Matrix<double> real_product(const Matrix<Complex>& C, const Matrix<Complex>& B) { return 2 * (C * B).real(); }

void require_no_feed_through(const Matrix<double>& D) {
  if (!D.isZero(0)) {
    throw std::invalid_argument("longstate::discretize: impulse takes a system without feed-through, got D != 0");
  }
}

/// (I - alpha h A)^-1 b with A = Lambda - P P*, in both halves:  R = (I - alpha h Lambda)^-1,
///     R b - alpha h R P (I + alpha h 2 Re(P* R P))^-1 2 Re(P* R b).
Matrix<Complex> nplr_solve(const NplrSystem& s, double alpha_h, const Matrix<Complex>& b) {
  const Vector<Complex> R = (1.0 - alpha_h * s.lambda.array()).inverse();
  const Matrix<Complex> RP = R.asDiagonal() * s.P;
  const Matrix<Complex> Rb = R.asDiagonal() * b;
  const Index rank = s.rank();
  const Matrix<double> small = Matrix<double>::Identity(rank, rank) + alpha_h * real_product(s.P.adjoint(), RP);
  const Matrix<double> weights = detail::Lu<double>(small).solve(real_product(s.P.adjoint(), Rb));
  return Rb - alpha_h * RP * weights.cast<Complex>();
}

[[noreturn]] void overflow(std::string_view what) {
  throw std::domain_error(
      std::string("longstate::discretize: ")
          .append(what)
          .append(" overflows: the system over one step is beyond the range of double; take a smaller dt"));
}

/// What came out, or why it is no system.
template <class System>
System finite(System system) {
  if (!system.B.allFinite()) overflow("B");
  if (!system.C.allFinite()) overflow("C");
  if (!system.D.allFinite()) overflow("D");
  return system;
}

}  // namespace

DiscreteHippo discretize(const HippoSystem& system, double dt, Discretization method, const DiscretizeOptions& options,
                         const PadeOptions& pade) {
  validate(system);
  check_discretization(method, dt, options);
  const Index order = system.order();
  DiscreteHippo result{system.measure, method, options.alpha,     pade, Matrix<double>::Zero(order, 1), system.C,
                       system.D,       dt,     options.convention};
  const Vector<double> zero = Vector<double>::Zero(1);
  const Vector<double> one = Vector<double>::Ones(1);
  const bool exponential = !is_gbt(method);
  HippoStep<double> step(system.measure, order, method == Discretization::impulse ? Discretization::zoh : method,
                         options.alpha, pade);
  step.prepare(dt);
  if (method == Discretization::impulse) {
    require_no_feed_through(system.D);
    const Vector<double> B = dt * step.matrices().B();
    result.B = B;
    step.transition(result.B.col(0));
    result.D = system.C * B;
  } else if (method == Discretization::foh) {
    Matrix<double> end = Matrix<double>::Zero(order, 1);  // h phi_2 B
    step.advance(end, zero, one);
    step.advance(result.B, one, zero);
    result.D += system.C * end;
    step.transition(end.col(0));
    result.B += end;
  } else {
    step.advance(result.B, one, one);
  }
  if (!exponential && options.convention == Convention::control) {
    const double alpha = gbt_alpha(method, options.alpha);
    ShiftedHippo<double, double> implicit;
    implicit.prepare(step.matrices().transposed(), alpha * dt);
    for (Index i = 0; i < result.C.rows(); ++i) {
      Vector<double> row = system.C.row(i).transpose();
      implicit.solve(row);
      result.C.row(i) = row.transpose();
    }
    result.D += alpha * (system.C * result.B);
  }
  return finite(std::move(result));
}

DiscreteDiagonal discretize(const DiagonalSystem& system, double dt, Discretization method,
                            const DiscretizeOptions& options) {
  validate(system);
  check_discretization(method, dt, options);
  const Index entries = system.entries();
  DiscreteDiagonal result{Vector<Complex>(entries), system.B, system.C, system.D, dt, options.convention};
  const double alpha = is_gbt(method) ? gbt_alpha(method, options.alpha) : 0;
  if (method == Discretization::impulse) {
    require_no_feed_through(system.D);
    result.D = dt * real_product(system.C, system.B);
  }
  for (Index n = 0; n < entries; ++n) {
    const Complex z = dt * system.lambda(n);
    if (is_gbt(method)) {
      const Complex pivot = 1.0 - alpha * z;
      if (pivot == 0.0) {
        throw std::domain_error("longstate::discretize: I - alpha dt A is singular; take another dt or method");
      }
      result.mu(n) = log1p((1 - alpha) * z) - log1p(-alpha * z);
      result.B.row(n) *= dt / pivot;
      if (options.convention == Convention::control) result.C.col(n) /= pivot;
      continue;
    }
    result.mu(n) = z;
    if (method == Discretization::zoh) result.B.row(n) *= dt * phi(1, z);
    if (method == Discretization::impulse) result.B.row(n) *= dt * std::exp(z);
    if (method == Discretization::foh) result.B.row(n) *= dt * (phi(1, z) + expm1(z) * phi(2, z));
  }
  if (is_gbt(method) && options.convention == Convention::control) {
    result.D += alpha * real_product(system.C, result.B);
  }
  if (method == Discretization::foh) {
    Matrix<Complex> end = system.B;  // h phi_2 B
    for (Index n = 0; n < entries; ++n) end.row(n) *= dt * phi(2, dt * system.lambda(n));
    result.D += real_product(system.C, end);
  }
  for (const Complex mu : result.mu) {
    if (!std::isfinite(std::exp(mu.real())) || !std::isfinite(mu.imag())) overflow("e^(lambda dt)");
  }
  return finite(std::move(result));
}

DiscreteNplr discretize(const NplrSystem& system, double dt, Discretization method, const DiscretizeOptions& options) {
  validate(system);
  if (!is_gbt(method)) {
    detail::fail("discretize",
                 "a normal plus low rank system takes bilinear, gbt or an Euler method, since the exponential of its A "
                 "is not normal plus low rank (structures hippo and dense have zoh and foh)",
                 name(method));
  }
  check_discretization(method, dt, options);
  const double alpha = gbt_alpha(method, options.alpha);
  DiscreteNplr result{
      system, alpha, nplr_solve(system, alpha * dt, dt * system.B), system.C, system.D, dt, options.convention};
  if (options.convention == Convention::control) {
    // C (I - alpha h A)^-1: the adjoint of A has conj(lambda) and the same P.
    NplrSystem adjoint = system;
    adjoint.lambda = system.lambda.conjugate();
    result.C = nplr_solve(adjoint, alpha * dt, system.C.adjoint()).adjoint();
    result.D += alpha * real_product(system.C, result.B);
  }
  return finite(std::move(result));
}

Structure structure(const DiscreteSystem& system) {
  constexpr Structure structures[] = {Structure::dense, Structure::hippo, Structure::nplr, Structure::diagonal,
                                      Structure::transfer};  // as in the variant
  return structures[system.index()];
}

Index order(const DiscreteSystem& system) {
  return std::visit([](const auto& s) { return s.order(); }, system);
}
Index inputs(const DiscreteSystem& system) {
  return std::visit([](const auto& s) { return s.inputs(); }, system);
}
Index outputs(const DiscreteSystem& system) {
  return std::visit([](const auto& s) { return s.outputs(); }, system);
}
double time_step(const DiscreteSystem& system) {
  return std::visit([](const auto& s) { return s.dt; }, system);
}
Convention convention(const DiscreteSystem& system) {
  return std::visit([](const auto& s) { return s.convention; }, system);
}
Matrix<double> feed_through(const DiscreteSystem& system) {
  return std::visit([](const auto& s) { return s.D; }, system);
}

namespace {

using detail::Overloaded;

void check(const DiscreteHippo& s) {
  constexpr std::string_view where = "DiscreteHippo";
  validate(HippoSystem{s.measure, s.C, s.D});
  detail::check_shape(where, "B", s.B.rows(), s.B.cols(), s.C.cols(), 1);
  detail::check_finite(where, "B", s.B);
  if (is_gbt(s.method)) gbt_alpha(s.method, s.alpha);  // checks alpha
  choose_pade(0, s.pade);                              // checks pade
}

void check(const DiscreteNplr& s) {
  constexpr std::string_view where = "DiscreteNplr";
  validate(s.continuous);
  detail::check_ports(where, s.continuous.entries(), s.B, s.C, s.D);
  if (!(s.alpha >= 0 && s.alpha <= 1)) detail::fail(where, "alpha must be from 0 to 1", s.alpha);
}

void check(const DiscreteDiagonal& s) {
  constexpr std::string_view where = "DiscreteDiagonal";
  detail::check_order(where, s.mu.size());
  detail::check_ports(where, s.mu.size(), s.B, s.C, s.D);
  for (const Complex mu : s.mu) {
    const bool zero = mu.real() == -std::numeric_limits<double>::infinity();
    if (!(std::isfinite(mu.real()) || zero) || !std::isfinite(mu.imag())) {
      detail::fail(where, "mu must be finite, or its real part -infinity (an eigenvalue of zero)", mu);
    }
  }
}

}  // namespace

void validate(const DiscreteSystem& system) {
  std::visit(Overloaded{[](const DiscreteStateSpace& s) { validate(s); },
                        [](const TransferFunction& s) { validate(s); }, [](const auto& s) { check(s); }},
             system);
  detail::check_positive("DiscreteSystem", "dt", time_step(system));
}

Matrix<double> input_matrix(const DiscreteSystem& system) {
  return std::visit(
      Overloaded{[](const DiscreteStateSpace& s) { return s.B; }, [](const DiscreteHippo& s) { return s.B; },
                 [](const DiscreteNplr& s) { return detail::real_columns(s.B); },
                 [](const DiscreteDiagonal& s) { return detail::real_columns(s.B); },
                 [](const TransferFunction& s) { return Matrix<double>(Matrix<double>::Identity(s.order(), 1)); }},
      system);
}

Matrix<double> output_matrix(const DiscreteSystem& system) {
  return std::visit(
      Overloaded{[](const DiscreteStateSpace& s) { return s.C; }, [](const DiscreteHippo& s) { return s.C; },
                 [](const DiscreteNplr& s) { return detail::real_rows(s.C); },
                 [](const DiscreteDiagonal& s) { return detail::real_rows(s.C); },
                 [](const TransferFunction& s) { return s.C; }},
      system);
}

}  // namespace longstate
