#include "precise.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <limits>
#include <stdexcept>

namespace support {
namespace {

using longstate::DiagonalSystem;
using longstate::Discretization;
using longstate::Index;
using longstate::Vector;
using Wide = boost::multiprecision::number<boost::multiprecision::cpp_bin_float<100>, boost::multiprecision::et_off>;

struct Complex {
  Wide re, im;
};

Complex operator*(const Complex& a, const Complex& b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }

Complex operator/(const Complex& a, const Complex& b) {
  const Wide square = b.re * b.re + b.im * b.im;
  return {(a.re * b.re + a.im * b.im) / square, (a.im * b.re - a.re * b.im) / square};
}

/// The logarithm of the discrete lambda, and the factor of B.
struct Step {
  Complex logarithm, input;
};

Step zoh(const Complex& lambda, const Wide& dt) {
  const Complex z{dt * lambda.re, dt * lambda.im};
  return {z, Complex{exp(z.re) * cos(z.im) - 1, exp(z.re) * sin(z.im)} / lambda};
}

/// lambda: (1 + z/2) / (1 - z/2), z = dt lambda; its logarithm by hand, from moduli and angles.
Step bilinear(const Complex& lambda, const Wide& dt) {
  const Complex up{1 + dt * lambda.re / 2, dt * lambda.im / 2}, down{1 - dt * lambda.re / 2, -dt * lambda.im / 2};
  const auto logarithm = [](const Complex& v) {
    return Complex{log(v.re * v.re + v.im * v.im) / 2, atan2(v.im, v.re)};
  };
  const Complex a = logarithm(up), b = logarithm(down);
  return {{a.re - b.re, a.im - b.im}, Complex{dt, 0} / down};
}

Step step_by(Discretization method, const Complex& lambda, const Wide& dt) {
  if (method == Discretization::zoh) return zoh(lambda, dt);
  if (method == Discretization::bilinear) return bilinear(lambda, dt);
  throw std::invalid_argument("precise_kernel: zoh or bilinear");
}

}  // namespace

double precise_kernel(const DiagonalSystem& system, double dt, Discretization method, Index place) {
  Wide sum = 0;
  for (Index n = 0; n < system.entries(); ++n) {
    const auto wide = [](const std::complex<double>& v) { return Complex{v.real(), v.imag()}; };
    const Complex lambda = wide(system.lambda(n));
    const Step step = step_by(method, lambda, dt);
    const Wide scale = exp(step.logarithm.re * place), turn = step.logarithm.im * place;
    const Complex power{scale * cos(turn), scale * sin(turn)};
    sum += 2 * (wide(system.C(0, n)) * (step.input * wide(system.B(n, 0))) * power).re;
  }
  return sum.convert_to<double>();
}

Exponentials precise_exponentials(double a, double dt) {
  const Wide z = Wide(a) * Wide(dt);
  return {exp(z).convert_to<double>(), Wide(dt * expm1(z) / z).convert_to<double>()};
}

Vector<double> precise_entmax(const Vector<double>& scores, double alpha) {
  const Wide power = 1 / (Wide(alpha) - 1);
  const Wide largest(scores.maxCoeff());
  const auto weight = [&](Index j, const Wide& tau) {
    if (scores(j) == -std::numeric_limits<double>::infinity()) return Wide(0);
    const Wide over = (Wide(alpha) - 1) * (Wide(scores(j)) - largest) - tau;
    return over <= 0 ? Wide(0) : Wide(pow(over, power));
  };
  Wide low = -1, high = 0;
  for (int i = 0; i < 220; ++i) {
    const Wide middle = (low + high) / 2;
    Wide sum = 0;
    for (Index j = 0; j < scores.size(); ++j) sum += weight(j, middle);
    (sum >= 1 ? low : high) = middle;
  }
  Vector<double> p(scores.size());
  for (Index j = 0; j < p.size(); ++j) p(j) = weight(j, low).convert_to<double>();
  return p;
}

}  // namespace support
