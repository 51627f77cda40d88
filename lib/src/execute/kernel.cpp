#include "../detail/check.hpp"
#include "../structure/growth.hpp"
#include "../structure/table.hpp"
#include "stepped_kernel.hpp"
#include "trial.hpp"

#include <longstate/execute/kernel.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace longstate {
namespace {

constexpr Index max_length = Index{1} << 30;

[[noreturn]] void fail_growing(const Matrix<double>& K) {
  Index first = 0;
  while (K.col(first).allFinite()) ++first;
  std::ostringstream text;
  text << "longstate::kernel: value " << first << " is beyond the largest number: ";
  if (first == 0) {
    text << "the system's numbers are too large";
  } else {
    text << "the system grows; take length " << first << " at most";
  }
  throw std::domain_error(text.str());
}

/// D and the Markov parameters that markov(n) gives, n of them.
template <class Markov>
Matrix<double> kernel_of(const DiscreteSystem& system, Index length, const Markov& markov) {
  validate(system);
  if (length < 1 || length > max_length) detail::fail("kernel", "length must be from 1 to 2^30", length);
  const Matrix<double> D = feed_through(system);
  const Index start = convention(system) == Convention::sequence ? 0 : 1;
  Matrix<double> K = Matrix<double>::Zero(D.size(), length);
  if (length > start) K.rightCols(length - start) = markov(length - start);
  K.col(0) += D.reshaped();
  if (!K.allFinite()) fail_growing(K);
  return K;
}

}  // namespace

Matrix<double> krylov(const Matrix<double>& A, const Matrix<double>& V, Index length) {
  if (length < 1) detail::fail("krylov", "length must be at least 1", length);
  detail::check_shape("krylov", "A", A.rows(), A.cols(), V.rows(), V.rows());
  const Index width = V.cols();
  Matrix<double> states(V.rows(), length * width);
  states.leftCols(width) = V;
  Matrix<double> step = A;  // A^stride
  Index stride = 1;
  for (Index done = 1; done < length;) {
    const Index more = std::min(stride, length - done);
    states.middleCols(done * width, more * width).noalias() =
        step * states.middleCols((done - stride) * width, more * width);
    done += more;
    if (done != 2 * stride || done >= length) continue;
    Matrix<double> square = step * step;
    if (!detail::is_tame(square)) continue;  // goes on in strides of this size
    step = std::move(square);
    stride = done;
  }
  return states;
}

Matrix<double> power(const Matrix<double>& A, Index exponent) {
  detail::check_shape("power", "A", A.rows(), A.cols(), A.rows(), A.rows());
  if (exponent < 0) detail::fail("power", "exponent must be at least 0", exponent);
  Matrix<double> result = Matrix<double>::Identity(A.rows(), A.cols());
  Matrix<double> square = A;  // A^(2^bit)
  for (Index rest = exponent; rest > 0; rest /= 2) {
    if (rest % 2 == 1) result = (square * result).eval();
    if (rest > 1) square = (square * square).eval();
  }
  return result;
}

Matrix<double> kernel(const DiscreteSystem& system, Index length) {
  return kernel_of(system, length, [&](Index values) {
    if (std::holds_alternative<DiscreteStateSpace>(system)) detail::try_recurrence<double>("kernel", system);
    return detail::with_row(system, [&](const auto& row, const auto& s) { return row.markov(s, values); });
  });
}

Matrix<double> detail::stepped_kernel(const DiscreteSystem& system, Index length) {
  return kernel_of(system, length, [&](Index values) {
    return detail::with_row(system, [&](const auto& row, const auto& s) { return row.stepped_markov(s, values); });
  });
}

}  // namespace longstate
