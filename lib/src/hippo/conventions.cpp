#include "../detail/check.hpp"

#include <longstate/hippo/conventions.hpp>

#include <boost/math/special_functions/gamma.hpp>

#include <array>
#include <cmath>

namespace longstate {
namespace {

using namespace std::string_view_literals;

/// How a peer's state relates to ours.
enum class Change { none, dead_sine, lmu_signs, zeta };
/// What its one option scales.
enum class Option { none, window, gain, alpha_beta };

struct Row {
  std::string_view name;
  std::string_view ours;
  double rate;
  Change change;
  Option option;
};

constexpr std::array rows{
    Row{"s4-legs", "legs-exp", 1.0, Change::none, Option::none},
    Row{"s4-legt", "legt", 0.5, Change::none, Option::none},
    Row{"s4-lmu", "lmu", 1.0, Change::none, Option::none},
    Row{"s4-lagt", "lagt", 1.0, Change::none, Option::none},
    Row{"s4-fourier", "fourier", 0.5, Change::dead_sine, Option::none},
    Row{"s4-fourier2", "fourier", 1.0, Change::dead_sine, Option::none},
    Row{"hippo-code-legt", "legt", 1.0, Change::none, Option::none},
    Row{"hippo-code-lmu", "lmu", 1.0, Change::none, Option::none},
    Row{"hippo-code-lagt", "lagt", 1.0, Change::none, Option::none},
    Row{"hippo-code-glagt", "lagt", 1.0, Change::zeta, Option::alpha_beta},
    Row{"keras-lmu", "lmu", 1.0, Change::none, Option::window},
    Row{"hippo-jl-legs", "legs-exp", 1.0, Change::none, Option::window},
    Row{"hippo-jl-legt", "legt", 1.0, Change::none, Option::window},
    Row{"hippo-jl-lagt", "lagt", 1.0, Change::none, Option::gain},
    Row{"hippo-jl-fout", "fourier", 1.0, Change::dead_sine, Option::window},
    Row{"lmu-from-legt", "legt", 1.0, Change::lmu_signs, Option::none},
};

constexpr std::array convention_names = [] {
  std::array<std::string_view, rows.size()> result;
  for (std::size_t i = 0; i < rows.size(); ++i) result[i] = rows[i].name;
  return result;
}();

const Row& find(std::string_view wanted) {
  for (const Row& row : rows) {
    if (row.name == wanted) return row;
  }
  detail::fail_unknown("scaling", "name", convention_names, wanted);
}

/// zeta of HiPPO app. D.2, the mass of age^-alpha e^(-beta age): Gamma(1-alpha) beta^(alpha-1).
double zeta(double alpha, double beta) { return boost::math::tgamma(1 - alpha) * std::pow(beta, alpha - 1); }

}  // namespace

std::span<const std::string_view> scaling_names() { return convention_names; }

Scaling scaling(std::string_view name, Index peer_order, const ScalingOptions& options) {
  const Row& row = find(name);
  detail::check_order("scaling", peer_order);
  detail::check_positive("scaling", "window", options.window);
  detail::check_positive("scaling", "beta", options.beta);

  Scaling result;
  result.measure = make_measure(row.ours);
  result.rate = row.option == Option::window ? row.rate / options.window : row.rate;
  if (row.option == Option::gain) result.gain = options.beta;
  if (row.option == Option::alpha_beta) {
    if (!(options.alpha >= 0 && options.alpha < 1)) {
      detail::fail("scaling", "alpha must be at least 0 and below 1", options.alpha);
    }
    result.measure = LagT{.timescale = 1.0, .alpha = options.alpha, .beta = options.beta};
  }

  const Index order = row.change == Change::dead_sine ? peer_order - 1 : peer_order;
  result.order = order;
  result.T = Matrix<double>::Identity(order, order);
  result.T_inverse = result.T;
  switch (row.change) {
    case Change::none:
      break;
    case Change::dead_sine:
      if (peer_order % 2 != 0) detail::fail("scaling", std::string(name) + " takes an even order", peer_order);
      result.T = Matrix<double>::Zero(peer_order, order);
      for (Index n = 0; n < order; ++n) result.T(n == 0 ? 0 : n + 1, n) = 1;
      result.T_inverse = result.T.transpose();
      break;
    case Change::lmu_signs:
      for (Index n = 0; n < order; ++n) {
        result.T(n, n) = (n % 2 == 0 ? 1 : -1) * std::sqrt(static_cast<double>(2 * n + 1));
        result.T_inverse(n, n) = 1 / result.T(n, n);
      }
      break;
    case Change::zeta: {
      const double scale = 1 / std::sqrt(zeta(options.alpha, options.beta));
      result.T *= scale;
      result.T_inverse /= scale;
      break;
    }
  }
  return result;
}

Hippo to_peer(const Scaling& s) {
  const Hippo ours = hippo(s.measure, s.order);
  return {s.rate * (s.T * ours.A * s.T_inverse), s.rate * s.gain * (s.T * ours.B)};
}

Hippo from_peer(const Scaling& s, const Hippo& peer) {
  const Index size = s.T.rows();
  detail::check_shape("from_peer", "A", peer.A.rows(), peer.A.cols(), size, size);
  detail::check_shape("from_peer", "B", peer.B.rows(), 1, size, 1);
  return {s.T_inverse * peer.A * s.T / s.rate, s.T_inverse * peer.B / (s.rate * s.gain)};
}

}  // namespace longstate
