#include "../detail/check.hpp"
#include "long_powers.hpp"
#include "responses.hpp"
#include "trial.hpp"

#include <longstate/execute/kernel.hpp>
#include <longstate/execute/transition.hpp>

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

/// D and the values that responses(n) gives, n of them.
template <class Responses>
Matrix<double> kernel_of(const DiscreteSystem& system, Index length, const Responses& responses) {
  validate(system);
  if (length < 1 || length > max_length) detail::fail("kernel", "length must be from 1 to 2^30", length);
  const Matrix<double> D = feed_through(system);
  const Index start = convention(system) == Convention::sequence ? 0 : 1;
  Matrix<double> K = Matrix<double>::Zero(D.size(), length);
  if (length > start) K.rightCols(length - start) = responses(length - start);
  K.col(0) += D.reshaped();
  if (!K.allFinite()) fail_growing(K);
  return K;
}

Matrix<double> long_responses(const DiscreteStateSpace& system, Index length) {
  const detail::Long C = system.C.cast<long double>();
  Matrix<double> K(C.rows() * system.inputs(), length);
  detail::for_each_power(system.A, system.B, length, [&](Index k, const detail::Long& X) {
    K.col(k) = Matrix<long double>(C * X).reshaped().cast<double>();
  });
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

namespace detail {

Matrix<double> responses(const DiscreteStateSpace& system, Index length) {
  const Index m = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(length))));
  try_recurrence<double>("kernel", system);
  if (soon_in_long(system.A, system.inputs(), length)) {  // also where A^m is tame and A^length is not
    if (powers_take_long(system.A, system.inputs(), length)) return long_responses(system, length);
  } else if (system.order() <= most_in_long && !powers_are_tame(system.A, m)) {
    return long_responses(system, length);
  }
  if (!powers_are_tame(system.A, m)) return stepped_responses(system, length);
  // C A^{im + j} B = (C A^{im}) (A^j B): m small steps of B, then length / m large steps of C.
  const Index p = system.inputs();
  const Index q = system.outputs();
  const Matrix<double> small = krylov(system.A, system.B, m);
  const Matrix<double> large = power(system.A, m);
  Matrix<double> K(q * p, length);
  Matrix<double> C = system.C;
  for (Index done = 0; done < length; done += m) {
    const Index more = std::min(m, length - done);
    const Matrix<double> outputs = C * small.leftCols(more * p);  // q x (p more)
    K.middleCols(done, more) = outputs.reshaped(q * p, more);
    if (done + more < length) C = (C * large).eval();
  }
  return K;
}

Matrix<double> stepped_responses(const DiscreteSystem& system, Index length) {
  Transition<double> A(system);
  Matrix<double> x = input_matrix(system);
  const Matrix<double> C = output_matrix(system);
  Matrix<double> K(C.rows() * x.cols(), length);
  Vector<double> next(x.rows());
  for (Index j = 0; j < length; ++j) {
    K.col(j) = (C * x).reshaped();
    for (Index input = 0; input < x.cols(); ++input) {
      A.apply(x.col(input), next);
      x.col(input) = next;
    }
  }
  return K;
}

Matrix<double> responses(const DiscreteHippo& system, Index length) { return stepped_responses(system, length); }

}  // namespace detail

Matrix<double> kernel(const DiscreteSystem& system, Index length) {
  return kernel_of(system, length, [&](Index values) {
    return std::visit([&](const auto& s) { return detail::responses(s, values); }, system);
  });
}

Matrix<double> detail::stepped_kernel(const DiscreteSystem& system, Index length) {
  return kernel_of(system, length, [&](Index values) {
    const auto* transfer = std::get_if<TransferFunction>(&system);
    return transfer != nullptr ? divided_responses(*transfer, values) : stepped_responses(system, values);
  });
}

}  // namespace longstate
