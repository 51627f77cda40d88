#include "dense.hpp"

#include "by_dense.hpp"

#include <longstate/execute/kernel.hpp>

#include <cmath>
#include <optional>

namespace longstate::detail {
namespace {

void check_dense(const DiscreteStateSpace& s) { validate(s); }
Matrix<double> dense_B(const DiscreteStateSpace& s) { return s.B; }
Matrix<double> dense_C(const DiscreteStateSpace& s) { return s.C; }
Work dense_work(const DiscreteStateSpace& s) { return {.loop = LoopKind::dense, .multiply_adds = s.A.size()}; }

Matrix<double> long_markov(const DiscreteStateSpace& system, Index length) {
  const Long C = system.C.cast<long double>();
  Matrix<double> K(C.rows() * system.inputs(), length);
  for_each_power(system.A, system.B, length,
                 [&](Index k, const Long& X) { K.col(k) = Matrix<long double>(C * X).reshaped().cast<double>(); });
  return K;
}

Matrix<double> dense_markov(const DiscreteStateSpace& system, Index length) {
  const Index m = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(length))));
  if (soon_in_long(system.A, system.inputs(), length)) {  // also where A^m is tame and A^length is not
    if (powers_take_long(system.A, system.inputs(), length)) return long_markov(system, length);
  } else if (system.order() <= most_in_long && !powers_are_tame(system.A, m)) {
    return long_markov(system, length);
  }
  if (!powers_are_tame(system.A, m)) return stepped(system, length);
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

/// A - I where powers are made in long double.
std::optional<Long> long_increment(const DiscreteStateSpace& s) {
  if (s.order() > most_in_long) return std::nullopt;
  return Long(s.A.cast<long double>()) - Long::Identity(s.order(), s.order());
}

Matrix<double> dense_block_increment(const DiscreteStateSpace& s, Index length) {
  if (const std::optional<Long> rest = long_increment(s)) return by_squaring(*rest, length);
  return increment_by_squaring(s, length);
}

std::vector<Matrix<double>> dense_doubled_increments(const DiscreteStateSpace& s, Index length) {
  if (const std::optional<Long> rest = long_increment(s)) return by_doubling(*rest, length);
  return increments_by_doubling(s, length);
}

}  // namespace

const StructureRow<DiscreteStateSpace>& row(const DiscreteStateSpace& /*system*/) {
  static constexpr StructureRow<DiscreteStateSpace> of_dense{.structure = Structure::dense,
                                                             .name = "dense",
                                                             .made_of_powers = true,
                                                             .kernel_by_fft = false,
                                                             .check = check_dense,
                                                             .B = dense_B,
                                                             .C = dense_C,
                                                             .add_in_float = add_by<float, DenseTransition<float>>,
                                                             .add_in_double = add_by<double, DenseTransition<double>>,
                                                             .work = dense_work,
                                                             .log_growth = formed_growth,
                                                             .increment = formed_increment,
                                                             .markov = dense_markov,
                                                             .stepped_markov = stepped,
                                                             .observability = formed_observability,
                                                             .controllability = formed_controllability,
                                                             .block_increment = dense_block_increment,
                                                             .doubled_increments = dense_doubled_increments};
  return of_dense;
}

}  // namespace longstate::detail
