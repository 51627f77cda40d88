#include "hippo.hpp"

#include "../system/check_system.hpp"
#include "by_dense.hpp"

namespace longstate::detail {

template <class T>
HippoStep<T> hippo_step(const DiscreteHippo& system, const PadeOptions& pade) {
  // All methods by the exponential have the same A.
  const Discretization method = is_gbt(system.method) ? system.method : Discretization::zoh;
  HippoStep<T> step(system.measure, system.order(), method, system.alpha, pade);
  step.prepare(system.dt);
  return step;
}

template HippoStep<float> hippo_step(const DiscreteHippo&, const PadeOptions&);
template HippoStep<double> hippo_step(const DiscreteHippo&, const PadeOptions&);

namespace {

/// With an input in `next` the state is rounded twice a sample.
template <class T>
class HippoTransition {
 public:
  explicit HippoTransition(const DiscreteHippo& system)
      : step_(hippo_step<T>(system, system.pade)), stepped_(system.order()) {}

  void add(const T* x, T* next) {
    stepped_ = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, 1>>(x, stepped_.size());
    step_.transition(stepped_);
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>>(next, stepped_.size()) += stepped_;
  }

 private:
  HippoStep<T> step_;
  Vector<T> stepped_;  // A x
};

void check_hippo(const DiscreteHippo& s) {
  constexpr std::string_view where = "DiscreteHippo";
  validate(HippoSystem{s.measure, s.C, s.D});
  check_shape(where, "B", s.B.rows(), s.B.cols(), s.C.cols(), 1);
  check_finite(where, "B", s.B);
  if (is_gbt(s.method)) gbt_alpha(s.method, s.alpha);  // checks alpha
  choose_pade(0, s.pade);                              // checks pade
}

Matrix<double> hippo_B(const DiscreteHippo& s) { return s.B; }
Matrix<double> hippo_C(const DiscreteHippo& s) { return s.C; }

/// Where the step is too stiff for its factors it goes by e^(hA).
Work hippo_work(const DiscreteHippo& s) {
  constexpr Index product_and_solve = 12;  // of an entry
  if (is_gbt(s.method)) return {.loop = LoopKind::hippo, .multiply_adds = product_and_solve * s.order()};
  const HippoStep<double> step = hippo_step<double>(s, s.pade);
  return {.loop = step.by_matrix() ? LoopKind::dense : LoopKind::hippo,
          .multiply_adds = static_cast<Index>(step.work())};
}

/// The field of values of a measure's A lies in the left half-plane, which these methods take into the unit circle.
double hippo_growth(const DiscreteHippo& s) {
  const bool contracts = !is_gbt(s.method) || gbt_alpha(s.method, s.alpha) >= 0.5;
  return contracts ? 0 : formed_growth(s);
}

Matrix<double> hippo_increment(const DiscreteHippo& s) {
  const Index N = s.order();
  const Matrix<double> I = Matrix<double>::Identity(N, N);
  HippoStep<double> step = hippo_step<double>(s, s.pade);
  Matrix<double> result(N, N);
  for (Index n = 0; n < N; ++n) result.col(n) = step.increment(I.col(n));
  return result;
}

}  // namespace

const StructureRow<DiscreteHippo>& row(const DiscreteHippo& /*system*/) {
  static constexpr StructureRow<DiscreteHippo> of_hippo{.structure = Structure::hippo,
                                                        .name = "hippo",
                                                        .made_of_powers = false,
                                                        .kernel_by_fft = false,
                                                        .check = check_hippo,
                                                        .B = hippo_B,
                                                        .C = hippo_C,
                                                        .add_in_float = add_by<float, HippoTransition<float>>,
                                                        .add_in_double = add_by<double, HippoTransition<double>>,
                                                        .work = hippo_work,
                                                        .log_growth = hippo_growth,
                                                        .increment = hippo_increment,
                                                        .markov = stepped,
                                                        .stepped_markov = stepped,
                                                        .observability = formed_observability,
                                                        .controllability = formed_controllability,
                                                        .block_increment = increment_by_squaring,
                                                        .doubled_increments = increments_by_doubling};
  return of_hippo;
}

}  // namespace longstate::detail
