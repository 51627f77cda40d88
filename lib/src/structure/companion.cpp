// Transfer functions, run in companion form.

#include "by_dense.hpp"

#include <longstate/config.hpp>

#include <algorithm>

#if LONGSTATE_WITH_FFTW
#include "../detail/aligned.hpp"
#include "../detail/fft.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#endif

namespace longstate::detail {
namespace {

/// The companion form of a transfer function: x_0 <- -a . x, the others one place on. a and the sum in double, also where the state is
/// float: poles that lie together are not where they were once a is rounded.
template <class T>
class CompanionTransition {
 public:
  explicit CompanionTransition(const TransferFunction& system) : a_(system.a) {}

  /// next <- next + A x.
  void add(const T* x, T* next) const {
    const Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, 1>> from(x, a_.size());
    next[0] = static_cast<T>(static_cast<double>(next[0]) - a_.dot(from.template cast<double>()));
    for (Index n = 1; n < a_.size(); ++n) next[n] += x[n - 1];
  }

 private:
  Vector<double> a_;
};

void check_transfer(const TransferFunction& s) { validate(s); }
Matrix<double> companion_B(const TransferFunction& s) { return Matrix<double>::Identity(s.order(), 1); }
Matrix<double> companion_C(const TransferFunction& s) { return s.C; }
Work companion_work(const TransferFunction& s) { return {.loop = LoopKind::transfer, .multiply_adds = s.a.size()}; }

using LongVector = Vector<long double>;

/// K_j = c_j - sum of a_i K_(j-i): the division of power series.
LongVector divide(const LongVector& c, const Vector<double>& a, Index length) {
  LongVector K(length);
  for (Index j = 0; j < length; ++j) {
    long double sum = j < c.size() ? c(j) : 0;
    for (Index i = 1; i <= std::min(j, a.size()); ++i) sum -= static_cast<long double>(a(i - 1)) * K(j - i);
    K(j) = sum;
  }
  return K;
}

/// What rounding adds is ||a||_1 ||1/a||_1 times its eps.
Matrix<double> divided(const TransferFunction& system, Index length) {
  Matrix<double> K(system.C.rows(), length);
  for (Index i = 0; i < K.rows(); ++i) {
    const LongVector c = system.C.row(i).transpose().cast<long double>();
    K.row(i) = divide(c, system.a, length).cast<double>().transpose();
  }
  return K;
}

#if LONGSTATE_WITH_FFTW

using Complex = std::complex<double>;

/// On the circle |w| = rho the FFT of length F sees K_j + rho^F K_{j+F} + …: with rho^F = 2^-56 what wraps around is below
/// rounding, and with F = 8 length, undoing rho^j costs 7 bits at most.
constexpr Index oversampling = 8;
constexpr double log_circle = -56 * std::numbers::ln2;

constexpr double good_error = 1e-12;

/// Whether the system grows by more than e in `length` samples: whether a(w) has a zero within the circle |w|^length = 1 / e, seen at
/// the nodes of half of it. (The argument principle: the phase turns once for each zero.) What wraps around would not be small.
bool grows(const TransferFunction& system, Index length, const RealFft<double>& fft) {
  AlignedVector<double> time = AlignedVector<double>::Zero(fft.length());
  time(0) = 1;
  for (Index i = 1; i <= system.order(); ++i) {
    time(i) = system.a(i - 1) * std::exp(-static_cast<double>(i) / static_cast<double>(length));
  }
  AlignedVector<Complex> a(fft.padded_bins());
  fft.forward(time.data(), a.data());
  double turned = 0;
  for (Index k = 1; k < fft.bins(); ++k) turned += std::arg(a(k) * std::conj(a(k - 1)));
  return std::abs(turned) > std::numbers::pi / 2;
}

/// By two FFTs and one back, O(L log L), whatever N (Parnichkun et al. 2024, section 3.2); nothing where its error, estimated from the
/// rounding of a and c relative to their values at the nodes, is more than `good_error` of the largest value, or where it grows.
std::optional<Matrix<double>> transformed(const TransferFunction& system, Index length) {
  const Index N = system.order();
  const Index q = system.C.rows();
  const Index F = good_fft_length(oversampling * std::max(length, N + 1));
  const RealFft<double> fft(F);
  if (grows(system, std::max(length, N + 1), fft)) return {};
  const auto damp = [&](Index j) { return std::exp(log_circle * static_cast<double>(j) / static_cast<double>(F)); };

  AlignedVector<double> time = AlignedVector<double>::Zero(F);
  time(0) = 1;
  for (Index i = 0; i < N; ++i) time(i + 1) = system.a(i) * damp(i + 1);
  const double a_size = time.lpNorm<1>();
  AlignedVector<Complex> a(fft.padded_bins());
  fft.forward(time.data(), a.data());

  Matrix<double> K(q, length);
  AlignedVector<Complex> c(fft.padded_bins());
  for (Index output = 0; output < q; ++output) {
    time.setZero();
    for (Index i = 0; i < N; ++i) time(i) = system.C(output, i) * damp(i);
    const double c_size = time.lpNorm<1>();
    fft.forward(time.data(), c.data());
    double squares = 0;  // of the relative errors of the values
    for (Index k = 0; k < fft.bins(); ++k) {
      const double smallness = 1 / std::abs(a(k));
      c(k) /= a(k);
      squares += std::pow((c_size + std::abs(c(k)) * a_size) * smallness, 2);
    }
    fft.inverse(c.data(), time.data());
    for (Index j = 0; j < length; ++j) K(output, j) = time(j) / (damp(j) * static_cast<double>(F));

    const double largest = K.row(output).cwiseAbs().maxCoeff();
    const double error =
        std::numeric_limits<double>::epsilon() * std::sqrt(2 * squares) / static_cast<double>(F) / damp(length);
    if (!(error <= good_error * largest) && !(largest == 0)) return {};
  }
  return K;
}

Matrix<double> companion_markov(const TransferFunction& system, Index length) {
  if (auto K = transformed(system, length)) return *std::move(K);
  return divided(system, length);
}

#else

Matrix<double> companion_markov(const TransferFunction& system, Index length) { return divided(system, length); }

#endif

/// The state of a companion form is the last N values of w_k = u_k - a_1 w_(k-1) - …: so row N + k says how w_k, k < length, follows
/// from the state at the start without input, rows below N what that state is. Poles that lie together cancel in the powers of A:
/// long double keeps what double would lose by squaring.
Long companion_responses(const TransferFunction& s, Index length) {
  const Index N = s.order();
  Long w = Long::Zero(N + length, N);
  for (Index n = 0; n < N; ++n) w(N - 1 - n, n) = 1;
  for (Index k = 0; k < length; ++k) {
    for (Index i = 1; i <= N; ++i) {  // of a comb most are zeros
      if (s.a(i - 1) != 0) w.row(N + k) -= static_cast<long double>(s.a(i - 1)) * w.row(N + k - i);
    }
  }
  return w;
}

Matrix<double> companion_observability(const TransferFunction& s, Index length) {
  const Index N = s.order(), first = s.convention == Convention::sequence ? 1 : 0;
  const Long w = companion_responses(s, length);
  Matrix<double> responses(s.outputs() * length, N);
  for (Index i = 0; i < s.outputs(); ++i) {
    for (Index k = 0; k < length; ++k) {
      Eigen::Matrix<long double, 1, Eigen::Dynamic> row = Eigen::Matrix<long double, 1, Eigen::Dynamic>::Zero(N);
      for (Index n = 0; n < N; ++n) row += static_cast<long double>(s.C(i, n)) * w.row(N + k + first - 1 - n);
      responses.row(i * length + k) = row.cast<double>();
    }
  }
  return responses;
}

/// An impulse is w_0 = 1 after a state of zeros.
Matrix<double> companion_controllability(const TransferFunction& s, Index length) {
  Vector<long double> w = Vector<long double>::Zero(length);
  w(0) = 1;
  for (Index k = 1; k < length; ++k) {
    const Index known = std::min(k, s.order());
    w(k) = -s.a.head(known).cast<long double>().dot(w.segment(k - known, known).reverse());
  }
  Matrix<double> reach = Matrix<double>::Zero(s.order(), length);
  for (Index age = 0; age < length; ++age) {
    const Index reached = std::min(age + 1, s.order());
    reach.col(length - 1 - age).head(reached) = w.segment(age + 1 - reached, reached).reverse().cast<double>();
  }
  return reach;
}

/// From the responses w of `length` samples or more.
Matrix<double> increment_of(const Long& w, Index length) {
  const Index N = w.cols();
  Matrix<double> result(N, N);
  for (Index n = 0; n < N; ++n) {
    for (Index m = 0; m < N; ++m) result(n, m) = static_cast<double>(w(N + length - 1 - n, m) - (n == m ? 1 : 0));
  }
  return result;
}

Matrix<double> companion_block_increment(const TransferFunction& s, Index length) {
  return increment_of(companion_responses(s, length), length);
}

std::vector<Matrix<double>> companion_doubled_increments(const TransferFunction& s, Index length) {
  const Long w = companion_responses(s, length);
  std::vector<Matrix<double>> all;
  for (Index done = 1; done <= length; done *= 2) all.push_back(increment_of(w, done));
  return all;
}

}  // namespace

const StructureRow<TransferFunction>& row(const TransferFunction& /*system*/) {
  static constexpr StructureRow<TransferFunction> of_companion{
      .structure = Structure::transfer,
      .name = "transfer",
      .made_of_powers = true,
      .kernel_by_fft = true,
      .check = check_transfer,
      .B = companion_B,
      .C = companion_C,
      .add_in_float = add_by<float, CompanionTransition<float>>,
      .add_in_double = add_by<double, CompanionTransition<double>>,
      .work = companion_work,
      .log_growth = formed_growth,
      .increment = formed_increment,
      .markov = companion_markov,
      .stepped_markov = divided,
      .observability = companion_observability,
      .controllability = companion_controllability,
      .block_increment = companion_block_increment,
      .doubled_increments = companion_doubled_increments};
  return of_companion;
}

}  // namespace longstate::detail
