#include "filters.hpp"

#include <cmath>
#include <complex>

using namespace longstate;

namespace support {

DiscreteStateSpace butterworth(int order, double cutoff) {
  using Complex = std::complex<double>;
  const double pi = 3.14159265358979323846, warped = std::tan(pi * cutoff / 2);
  Vector<Complex> a = Vector<Complex>::Zero(order + 1);
  a(0) = 1;
  for (int k = 0; k < order; ++k) {
    const Complex s = warped * std::polar(1.0, pi * (2.0 * k + order + 1) / (2.0 * order));
    const Complex pole = (1.0 + s) / (1.0 - s);
    for (int i = order; i > 0; --i) a(i) -= pole * a(i - 1);
  }
  DiscreteStateSpace system{Matrix<double>::Zero(order, order),
                            Matrix<double>::Identity(order, 1),
                            Matrix<double>::Ones(1, order),
                            Matrix<double>::Zero(1, 1),
                            1,
                            Convention::control};
  system.A.row(0) = -a.tail(order).real().transpose();
  system.A.diagonal(-1).setOnes();
  return system;
}

DiscreteStateSpace high_pass(DiscreteStateSpace s) {
  double binomial = 1;
  for (Index i = 1; i <= s.order(); ++i) {
    binomial *= -static_cast<double>(s.order() - i + 1) / static_cast<double>(i);
    s.C(0, i - 1) = binomial + s.A(0, i - 1);
  }
  s.D(0, 0) = 1;
  return s;
}

DiscreteStateSpace companion(const std::vector<double>& a, const std::vector<double>& c, double d) {
  const auto N = static_cast<Index>(a.size());
  DiscreteStateSpace s{Matrix<double>::Zero(N, N),
                       Matrix<double>::Identity(N, 1),
                       Matrix<double>(1, N),
                       Matrix<double>::Constant(1, 1, d),
                       1,
                       Convention::control};
  for (Index n = 0; n < N; ++n) s.A(0, n) = a[static_cast<std::size_t>(n)], s.C(0, n) = c[static_cast<std::size_t>(n)];
  s.A.diagonal(-1).setOnes();
  return s;
}

DiscreteStateSpace delayed(const DiscreteStateSpace& filter, Index lags) {
  DiscreteStateSpace line{Matrix<double>::Zero(lags, lags),
                          Matrix<double>::Identity(lags, 1),
                          Matrix<double>::Zero(1, lags),
                          Matrix<double>::Zero(1, 1),
                          1,
                          Convention::control};
  line.A.diagonal(-1).setOnes();
  line.C(lags - 1) = 1;
  return series(filter, line);
}

}  // namespace support
