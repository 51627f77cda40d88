#pragma once

// The table of methods: all that the library has to know of one is its row. One that has none does not compile (-Werror=switch).

#include <longstate/discretize/discretize.hpp>
#include <longstate/types.hpp>

#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace longstate::detail {

/// The generalised bilinear transform with this alpha; without one, with that of the options.
struct Gbt {
  std::optional<double> alpha;
};

/// identity I + phi_1 phi_1(hA) + phi_2 phi_2(hA)
struct PhiSum {
  double identity = 0, phi_1 = 0, phi_2 = 0;
  bool operator==(const PhiSum&) const = default;
};

/// The exact step of an input that the samples at both ends of a step make up:
///
///     x_{k+1} = e^(hA) x_k + start h B u_k + end h B u_{k+1}
///
/// A system in the control convention does not know the next sample: its state is that one less end h B u_k, so that
/// its B is (start + e^(hA) end) h B, and D rises by C end h B. An identity stands for impulses.
struct PhiRule {
  PhiSum start, end;
  double sample_age;  ///< of the newest sample, in samples
};

/// The steps of VaryingScan.
enum class VaryingRule { none, zoh, bilinear };

struct MethodRow {
  std::string_view name;
  std::variant<Gbt, PhiRule> rule;
  VaryingRule varying;
};

constexpr MethodRow make_row(Discretization method) {
  switch (method) {
    case Discretization::forward_euler:
      return {"forward-euler", Gbt{0.0}, VaryingRule::none};
    case Discretization::backward_euler:
      return {"backward-euler", Gbt{1.0}, VaryingRule::none};
    case Discretization::bilinear:
      return {"bilinear", Gbt{0.5}, VaryingRule::bilinear};
    case Discretization::gbt:
      return {"gbt", Gbt{}, VaryingRule::none};
    case Discretization::zoh:
      return {"zoh", PhiRule{{.phi_1 = 1}, {}, 0.5}, VaryingRule::zoh};
    case Discretization::foh:
      return {"foh", PhiRule{{.phi_1 = 1, .phi_2 = -1}, {.phi_2 = 1}, 0.0}, VaryingRule::none};
    case Discretization::impulse:
      return {"impulse", PhiRule{{}, {.identity = 1}, 0.0}, VaryingRule::none};
  }
  return {};  // of a number that is no method
}

constexpr std::size_t count_methods() {
  std::size_t count = 0;
  while (!make_row(static_cast<Discretization>(count)).name.empty()) ++count;
  return count;
}

template <std::size_t... i>
constexpr auto make_rows(std::index_sequence<i...> /*methods*/) {
  return std::array{make_row(static_cast<Discretization>(i))...};
}

inline constexpr auto method_rows = make_rows(std::make_index_sequence<count_methods()>());

/// Throws std::invalid_argument for a number that is no method.
constexpr const MethodRow& row(Discretization method) {
  const auto place = static_cast<std::size_t>(method);
  if (place >= method_rows.size())
    throw std::invalid_argument("longstate: the method must be one of discretization_names()");
  return method_rows[place];
}

/// Whether alpha is the caller's.
constexpr bool takes_alpha(Discretization method) {
  const Gbt* const gbt = std::get_if<Gbt>(&row(method).rule);
  return gbt && !gbt->alpha;
}

/// Whether a step takes the sample at its start and the one at its end; else the sample may be either.
constexpr bool takes_both_ends(const PhiRule& rule) { return rule.end != PhiSum{}; }

/// The exact steps that a Memory knows, too.
constexpr Intersample intersample_of(const PhiRule& rule) {
  constexpr PhiSum all{.phi_1 = 1}, falling{.phi_1 = 1, .phi_2 = -1}, rising{.phi_2 = 1};
  if (rule.start == all && rule.end == PhiSum{}) return Intersample::held;
  if (rule.start == falling && rule.end == rising) return Intersample::lines;
  return Intersample::none;
}

constexpr bool takes_impulses(const PhiRule& rule) { return rule.start.identity != 0 || rule.end.identity != 0; }

/// Throws std::invalid_argument for impulses into a system that passes them on, D != 0.
void check_feed_through(Discretization method, const Matrix<double>& D);

/// How many phi functions beside the exponential.
constexpr int phi_count(const PhiRule& rule) {
  if (rule.start.phi_2 != 0 || rule.end.phi_2 != 0) return 2;
  return rule.start.phi_1 != 0 || rule.end.phi_1 != 0 ? 1 : 0;
}

/// The sum as a matrix, from as many functions as it takes.
inline Matrix<double> sum_of(const PhiSum& sum, const std::vector<Matrix<double>>& phi) {
  const Index order = phi[0].rows();
  Matrix<double> S = sum.identity * Matrix<double>::Identity(order, order);
  if (sum.phi_1 != 0) S += sum.phi_1 * phi[1];
  if (sum.phi_2 != 0) S += sum.phi_2 * phi[2];
  return S;
}

}  // namespace longstate::detail
