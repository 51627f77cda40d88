#include "oracle.hpp"
#include "truth.hpp"

#include <Eigen/LU>
#include <boost/math/quadrature/gauss.hpp>

#include <cmath>
#include <numbers>
#include <random>

namespace support {

Run direct_run(const longstate::DiscreteStateSpace& system, const Matrix<double>& u, const Matrix<double>& x0) {
  const auto lengthen = [](const Matrix<double>& M) -> Long { return M.cast<long double>(); };
  const Long A = lengthen(system.A), B = lengthen(system.B), C = lengthen(system.C), D = lengthen(system.D);
  Long x = lengthen(x0);
  Run result{Matrix<double>(C.rows(), u.cols()), {}};
  for (Index k = 0; k < u.cols(); ++k) {
    const Long u_k = u.col(k).cast<long double>();
    const Long next = A.lazyProduct(x) + B.lazyProduct(u_k);
    const Long& seen = system.convention == longstate::Convention::sequence ? next : x;
    result.y.col(k) = (C.lazyProduct(seen) + D.lazyProduct(u_k)).cast<double>();
    x = next;
  }
  result.x = x.cast<double>();
  return result;
}

Run direct_run(const std::vector<longstate::DiscreteSystem>& layer, const Matrix<double>& u, const Matrix<double>& x0) {
  Run all{u, x0};
  for (Index c = 0; c < x0.cols(); ++c) {
    const auto& system = layer[static_cast<std::size_t>(c) % layer.size()];
    const Run one = direct_run(dense(system), u.row(c), x0.col(c));
    all.y.row(c) = one.y;
    all.x.col(c) = one.x;
  }
  return all;
}

Vector<double> exponential_step(const longstate::Hippo& system, double dt, const Vector<double>& x, double first,
                                double last) {
  const Index N = x.size();
  Long X = Long::Zero(N + 2, N + 2);
  X.topLeftCorner(N, N) = system.A.cast<long double>() * dt;
  X.col(N).head(N) = system.B.cast<long double>() * dt;
  X(N, N + 1) = 1;
  Vector<long double> state(N + 2);
  state << x.cast<long double>(), first, static_cast<long double>(last) - first;
  return (exponential(X) * state).head(N).cast<double>();
}

Vector<double> gbt_step(const longstate::Hippo& system, double dt, double alpha, const Vector<double>& x, double last) {
  const Index N = x.size();
  const Long A = system.A.cast<long double>() * dt;
  const Vector<long double> from = x.cast<long double>();
  const Vector<long double> rate = A * from + system.B.cast<long double>() * (static_cast<long double>(dt) * last);
  const Long implicit = Long::Identity(N, N) - static_cast<long double>(alpha) * A;
  return (from + implicit.partialPivLu().solve(rate)).cast<double>();
}

double Held::operator()(double t) const {
  const double* const first = times.data();
  const Index k = std::min(Index(std::lower_bound(first, first + times.size(), t) - first), times.size() - 1);
  if (!lines || k == 0) return values(k);
  const double part = (t - times(k - 1)) / (times(k) - times(k - 1));
  return values(k - 1) + part * (values(k) - values(k - 1));
}

Vector<double> project(const Held& signal, Index order, const std::function<Vector<double>(double)>& kernel) {
  using Gauss = boost::math::quadrature::gauss<double, 60>;
  Vector<double> sum = Vector<double>::Zero(order);
  constexpr int pieces = 8;
  double left = signal.start;
  for (Index k = signal.lines ? 1 : 0; k < signal.times.size(); ++k) {
    const double width = (signal.times(k) - left) / pieces;
    for (int piece = 0; piece < pieces; ++piece) {
      const double centre = left + width * (piece + 0.5);
      for (std::size_t i = 0; i < Gauss::abscissa().size(); ++i) {
        for (const double side : {-1.0, 1.0}) {
          const double t = centre + side * Gauss::abscissa()[i] * width / 2;
          sum += Gauss::weights()[i] * width / 2 * signal(t) * kernel(t);
        }
      }
    }
    left = signal.times(k);
  }
  return sum;
}

Vector<double> project_legs(const Held& signal, Index order) {
  using Gauss = boost::math::quadrature::gauss<double, 10>;
  const double now = signal.times(signal.times.size() - 1);
  const double duration = now - signal.start;
  Vector<long double> sum = Vector<long double>::Zero(order);
  for (Index k = signal.lines ? 1 : 0; k < signal.times.size(); ++k) {
    const double left = k > 0 ? signal.times(k - 1) : signal.start;
    const double cell = signal.times(k) - left;
    const double from = signal.lines ? signal.values(k - 1) : signal.values(k);
    // At the ends P_n turns n^2 times as fast as its argument.
    const double turns = cell / duration * static_cast<double>(order * order);
    const int pieces = 1 + static_cast<int>(turns / 4);
    for (int piece = 0; piece < pieces; ++piece) {
      for (std::size_t i = 0; i < Gauss::abscissa().size(); ++i) {
        for (const double side : {-1.0, 1.0}) {
          const long double part = (piece + (1 + side * static_cast<long double>(Gauss::abscissa()[i])) / 2) / pieces;
          const long double u = from + (signal.values(k) - from) * part;
          const long double weight = Gauss::weights()[i] * cell / (2 * duration * pieces) * u;
          const long double y = 2 * ((static_cast<long double>(left) - signal.start) + part * cell) / duration - 1;
          long double before = 0, current = 1;  // (n+1) P_{n+1} = (2n+1) y P_n - n P_{n-1}
          for (Index n = 0; n < order; ++n) {
            sum(n) += weight * current;
            const long double degree = static_cast<long double>(n);
            const long double next = ((2 * degree + 1) * y * current - degree * before) / (degree + 1);
            before = current;
            current = next;
          }
        }
      }
    }
  }
  Vector<double> result(order);
  for (Index n = 0; n < order; ++n) {
    result(n) = static_cast<double>(sum(n) * std::sqrt(static_cast<long double>(2 * n + 1)));
  }
  return result;
}

Matrix<double> random_matrix(Index rows, Index cols, unsigned seed) {
  std::mt19937 generator(seed);
  Matrix<double> M(rows, cols);
  for (double& value : M.reshaped()) value = 2.0 * static_cast<double>(generator()) / 4294967295.0 - 1.0;
  return M;
}

Vector<double> band_limited(Index n, double dt, double frequency, unsigned seed) {
  const double duration = static_cast<double>(n) * dt;
  const Index tones = static_cast<Index>(frequency * duration);
  const Matrix<double> random = random_matrix(tones, 2, seed);
  Vector<double> signal = Vector<double>::Zero(n);
  for (Index tone = 0; tone < tones; ++tone) {
    const double omega = 2 * std::numbers::pi * static_cast<double>(tone + 1) / duration;
    for (Index k = 0; k < n; ++k) {
      signal(k) += random(tone, 0) * std::cos(omega * static_cast<double>(k) * dt + std::numbers::pi * random(tone, 1));
    }
  }
  return signal / std::sqrt(signal.squaredNorm() / static_cast<double>(n));
}

std::vector<longstate::Measure> time_invariant_measures(double window) {
  std::vector<longstate::Measure> measures;
  for (const std::string_view name : longstate::measure_names()) {
    const longstate::Measure measure = longstate::make_measure(name, window);
    if (longstate::is_time_invariant(measure)) measures.push_back(measure);
  }
  measures.push_back(longstate::LagT{.timescale = window, .alpha = 0.5, .beta = 0.75});
  return measures;
}

}  // namespace support
