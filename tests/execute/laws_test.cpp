#include "laws.hpp"
#include "support/sizes.hpp"

using namespace longstate;
using support::random_matrix;

namespace {

constexpr double sample_period = 1e-2;

Matrix<std::complex<double>> random_complex(Index rows, Index cols, unsigned seed) {
  return random_matrix(rows, cols, seed).cast<std::complex<double>>() +
         std::complex<double>(0, 1) * random_matrix(rows, cols, seed + 1).cast<std::complex<double>>();
}

/// A layer of two, by zoh in both conventions and by bilinear steps, of continuous systems that `make` gives for a seed.
template <class Make>
void add(std::vector<laws::Model>& all, const std::string& name, const Make& make) {
  const auto add_one = [&](const std::string& how, const auto& discrete, const auto& true_form) {
    laws::Model model{name + how, {}, {}};
    for (const unsigned seed : {11U, 23U}) {
      const auto system = make(seed);
      model.layer.push_back(discrete(system));
      model.truth.push_back(true_form(support::truth(system)));
    }
    all.push_back(std::move(model));
  };
  add_one(
      ", bilinear", [](const auto& s) { return discretize(s, sample_period, Discretization::bilinear); },
      [](const support::ContinuousTruth& t) { return support::by_gbt(t, sample_period, 0.5); });
  if constexpr (!std::is_same_v<decltype(make(0U)), NplrSystem>) {
    for (const Convention convention : {Convention::sequence, Convention::control}) {
      add_one(
          ", zoh, " + std::string(longstate::name(convention)),
          [&](const auto& s) { return discretize(s, sample_period, Discretization::zoh, {.convention = convention}); },
          [&](const support::ContinuousTruth& t) { return support::by_zoh(t, sample_period, convention); });
    }
  }
}

std::vector<laws::Model> models(Index order) {
  std::vector<laws::Model> all;
  for (const Measure& measure :
       {Measure(LegSExp{}), Measure(LegT{}), Measure(Lmu{}), Measure(LagT{}), Measure(Fourier{})}) {
    for (const Index outputs : {1, 2}) {  // one: in lanes
      add(all, "hippo " + std::string(name(measure)) + " of " + std::to_string(outputs), [&](unsigned seed) {
        return HippoSystem{measure, random_matrix(outputs, order, seed), random_matrix(outputs, 1, seed + 2)};
      });
    }
    add(all, "dense " + std::string(name(measure)), [&](unsigned seed) {
      return dense(HippoSystem{measure, random_matrix(1, order, seed), random_matrix(1, 1, seed + 2)});
    });
    add(all, "nplr " + std::string(name(measure)),
        [&](unsigned seed) { return normal_plus_low_rank(measure, order, random_matrix(1, order, seed)); });
  }
  for (const Index channels : {1, 2}) {
    add(all, "diagonal of " + std::to_string(channels), [&](unsigned seed) {
      DiagonalSystem s = initialize_diagonal("s4d-lin", 2 * order);
      s.lambda *= 1 + 0.01 * seed;
      s.B = random_complex(order, channels, seed);
      s.C = random_complex(channels, order, seed + 2);
      s.D = random_matrix(channels, channels, seed + 4);
      return s;
    });
  }
  laws::Model filter{"transfer function", {}, {}};
  for (const double part : {0.3, 0.35}) {  // two pairs of poles, of 0.9 and 0.7
    const double b = -2 * 0.9 * std::cos(part), c = 0.81, d = -2 * 0.7 * std::cos(2 + part), e = 0.49;
    Vector<double> a(4);
    a << b + d, c + b * d + e, b * e + c * d, c * e;
    const TransferFunction s{a, random_matrix(2, 4, 5), random_matrix(2, 1, 6), sample_period};
    filter.layer.push_back(s);
    filter.truth.push_back(support::truth(s));
  }
  all.push_back(std::move(filter));
  return all;
}

}  // namespace

TEST_CASE_TEMPLATE("laws: every path is every model by definition, in any split, and goes on in any other", T, float,
                   double) {
  const Index length = support::sanitized ? 130 : 330;
  struct Size {
    Index order, copies;
  };
  for (const auto& [order, copies] : support::values<Size>({{1, 3}, {6, 19}, {33, 2}}, {{6, 3}})) {
    for (const laws::Model& model : models(order)) laws::check<T>(model, copies, length, 100);
  }
}
