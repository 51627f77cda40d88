#include "../detail/decompositions.hpp"
#include "../detail/real_form.hpp"
#include "../measure/table.hpp"
#include "check_system.hpp"

#include <longstate/hippo/hippo.hpp>
#include <longstate/hippo/low_rank.hpp>
#include <longstate/system/nplr.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace longstate {
namespace {

using Complex = std::complex<double>;

/// Orthonormal eigenvectors of the skew-symmetric S, those of eigenvalues i w with w > 0, and real ones for w = 0.
struct Skew {
  std::vector<double> frequency;
  std::vector<Vector<Complex>> vectors;
};

Skew skew_eigenvectors(const Matrix<double>& S) {
  const Matrix<Complex> hermitian = Complex(0, -1) * S.cast<Complex>();
  const auto [w, vectors] = detail::hermitian_eigenpairs(hermitian);
  const double tiny = 1e-13 * std::max(w.cwiseAbs().maxCoeff(), std::numeric_limits<double>::min());
  const Index order = w.size();

  Skew result;
  std::vector<Index> zeros;
  for (Index n = 0; n < order; ++n) {
    if (w(n) > tiny) {
      result.frequency.push_back(w(n));
      result.vectors.emplace_back(vectors.col(n));
    } else if (w(n) >= -tiny) {
      zeros.push_back(n);
    }
  }
  if (zeros.empty()) return result;
  // The null space of a real matrix has a real basis: that of the real and imaginary parts.
  const Index count = static_cast<Index>(zeros.size());
  Matrix<double> parts(order, 2 * count);
  for (Index i = 0; i < count; ++i) {
    parts.col(i) = vectors.col(zeros[static_cast<std::size_t>(i)]).real();
    parts.col(count + i) = vectors.col(zeros[static_cast<std::size_t>(i)]).imag();
  }
  const Matrix<double> basis = detail::range_of(parts, count);
  for (Index i = 0; i < count; ++i) {
    result.frequency.push_back(0);
    result.vectors.emplace_back(basis.col(i).cast<Complex>());
  }
  return result;
}

}  // namespace

void validate(const NplrSystem& system) {
  constexpr std::string_view where = "NplrSystem";
  detail::check_order(where, system.entries());
  detail::check_shape(where, "P", system.P.rows(), system.P.cols(), system.entries(), system.rank());
  detail::check_finite(where, "lambda", system.lambda);
  detail::check_finite(where, "P", system.P);
  detail::check_ports(where, system.entries(), system.B, system.C, system.D);
}

NplrSystem normal_plus_low_rank(const Measure& measure, Index order, const Matrix<double>& C) {
  if (!is_time_invariant(measure)) {
    detail::fail("normal_plus_low_rank", "measure must be time-invariant (legs-exp is)", name(measure));
  }
  detail::check_order("normal_plus_low_rank", order);
  detail::check_shape("normal_plus_low_rank", "C", C.rows(), C.cols(), C.rows(), order);
  const auto [normal, scale] =
      detail::with_row(measure, [order](const auto& row, const auto& m) { return row.normal(m, order); });
  const Matrix<double> P = low_rank_correction(normal, order);
  const Matrix<double> A = hippo(normal, order).A;
  const Matrix<double> M = A + P * P.transpose();
  const double shift = M.trace() / static_cast<double>(order);
  const Skew skew = skew_eigenvectors((M - M.transpose()) / 2);

  const Vector<double> B = scale.cwiseProduct(hippo(measure, order).B);
  const Matrix<double> C_scaled = C * scale.cwiseInverse().asDiagonal();
  const Index entries = static_cast<Index>(skew.vectors.size());
  NplrSystem system{Vector<Complex>(entries), Matrix<Complex>(entries, P.cols()), Matrix<Complex>(entries, 1),
                    Matrix<Complex>(C.rows(), entries), Matrix<double>::Zero(C.rows(), 1)};
  for (Index n = 0; n < entries; ++n) {
    const double frequency = skew.frequency[static_cast<std::size_t>(n)];
    const Vector<Complex>& v = skew.vectors[static_cast<std::size_t>(n)];
    const double half = frequency > 0 ? 1 : std::numbers::sqrt2 / 2;  // alone, it stands for itself and itself again
    system.lambda(n) = {shift, frequency};
    system.P.row(n) = half * v.adjoint() * P.cast<Complex>();
    system.B(n, 0) = half * v.dot(B.cast<Complex>());
    system.C.col(n) = half * (C_scaled.cast<Complex>() * v);
  }
  return system;
}

StateSpace dense(const NplrSystem& system) {
  validate(system);
  const Matrix<double> A = detail::real_diagonal(system.lambda) -
                           detail::real_columns(system.P) * detail::real_rows(Matrix<Complex>(system.P.adjoint()));
  return {A, detail::real_columns(system.B), detail::real_rows(system.C), system.D};
}

}  // namespace longstate
