#include "judgement.hpp"

#include "../structure/growth.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

namespace longstate::detail {
namespace {

/// An output is nothing if it is below 4e-15 of the terms that it is summed from. Such outputs are not judged, unless all are so: then only
/// zeros are not.
template <class V>
Eigen::Array<bool, Eigen::Dynamic, 1> is_nothing(const V& output, const V& sums) {
  constexpr double little = 4e-15;
  Eigen::Array<bool, Eigen::Dynamic, 1> nothing = output.array() <= little * sums.array();
  if (nothing.all()) nothing = output.array() == 0;
  return nothing;
}

}  // namespace

template <class T>
Doubt doubt(const Powers& powers) {
  if (!powers.tame) return Doubt::powers;
  constexpr double little = 1e-4, rounding = std::numeric_limits<T>::epsilon();
  constexpr double least = std::numeric_limits<T>::min() * 0x1p30, most = std::numeric_limits<T>::max() * 0x1p-30;
  const DiscreteStateSpace& s = powers.balanced.system;
  const Index samples = std::clamp<Index>(500'000 / work_of_step(s), 64, 1024);
  const Matrix<double> u = noise(s.inputs(), samples);
  const Sparse<double> A = s.A.sparseView(), A_abs = A.cwiseAbs();
  const Matrix<double> B_abs = s.B.cwiseAbs(), C_abs = s.C.cwiseAbs();
  Vector<double> x = Vector<double>::Zero(s.order()), reach = x;
  Vector<double> sums = Vector<double>::Zero(s.outputs()), output = sums;
  for (Index k = 0; k < samples; ++k) {
    const Vector<double> sizes = A_abs * x.cwiseAbs() + B_abs * u.col(k).cwiseAbs();
    sums = sums.cwiseMax(C_abs * sizes).cwiseMax(C_abs * (A_abs * sizes));
    x = (A * x + s.B * u.col(k)).eval();
    reach = reach.cwiseMax(x.cwiseAbs());
    output = output.cwiseMax((s.C * x + s.D * u.col(k)).cwiseAbs());
  }
  const auto leaves = [least, most](const auto& values) {
    return ((values.array() > 0 && values.array() < least) || values.array() > most).any();
  };
  const DiscreteStateSpace& given = powers.given;
  if (leaves(powers.balanced.d.cwiseProduct(reach)) || leaves(given.A.cwiseAbs()) || leaves(given.B.cwiseAbs()) ||
      leaves(given.C.cwiseAbs()))
    return Doubt::range;
  const bool cancel = (!is_nothing(output, sums) && rounding * sums.array() > little * output.array()).any();
  return cancel ? Doubt::sums : Doubt::none;
}

template <class T>
std::string because(Doubt doubt, std::string_view instead) {
  std::string text(", since ");
  if (doubt == Doubt::range) {
    text.append("its numbers come near the ends of those of its precision; take ");
    return text.append(std::is_same_v<T, float> ? "double, or " : "")
        .append("other units of the states (rescale_states)");
  }
  text.append(doubt == Doubt::powers ? "powers of A" : "sums of B, C or A");
  return text.append(" hold large numbers that cancel; take ").append(instead).append(other_coordinates);
}

std::optional<Index> Judge::useless_output(const Seen& seen) {
  constexpr long double of_use = 1e-2L;
  known_ = known_.cwiseMax(seen.output);
  const auto first_beside = [&](const Vector<long double>& output) -> std::optional<Index> {
    const auto nothing = is_nothing(output, seen.sums);
    for (Index i = 0; i < output.size(); ++i) {
      const bool useless = !nothing(i) && !(seen.error(i) <= of_use * output(i));
      if (useless || std::isnan(seen.error(i))) return i;
    }
    return std::nullopt;
  };
  const std::optional<Index> first = first_beside(known_);
  if (!first || !powers_.tame) return first;
  return first_beside(known_.cwiseMax(largest_outputs(powers_.balanced.system)));
}

std::string off_by(long double share, std::string_view of) {
  std::ostringstream text;
  if (std::isfinite(share)) {
    text << "would be off by " << static_cast<double>(share) << " of the largest " << of;
  } else {
    text << "would be rounding alone, beside the largest " << of;
  }
  return text.str();
}

std::string of_output(Index i, Index outputs) { return outputs == 1 ? "output" : "output " + std::to_string(i + 1); }

template Doubt doubt<float>(const Powers&);
template Doubt doubt<double>(const Powers&);
template std::string because<float>(Doubt, std::string_view);
template std::string because<double>(Doubt, std::string_view);

}  // namespace longstate::detail
