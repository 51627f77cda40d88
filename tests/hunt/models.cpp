#include "models.hpp"

#include "support/dense.hpp"

#include <sstream>

namespace hunt {
namespace {

using Complex = std::complex<double>;

Index draw_order(Random& random) {
  return random.chance(0.4) ? random.integer(1, 12) : static_cast<Index>(random.log_uniform(12, 200));
}

struct Method {
  Discretization method;
  DiscretizeOptions options;
};

Method draw_method(Random& random) {
  Method m{make_discretization(random.one_of(discretization_names())), {}};
  const bool only_control = default_convention(m.method) == Convention::control;
  m.options.convention = only_control || random.chance(0.4) ? Convention::control : Convention::sequence;
  m.options.alpha = random.uniform(0.5, 1);
  return m;
}

std::string text(const Method& m) { return std::string(name(m.method)).append(" ").append(name(m.options.convention)); }

/// dt as a part of the window.
double draw_step(Random& random) {
  return random.chance(0.15) ? random.log_uniform(1, 1e4) : random.log_uniform(1e-4, 3);
}

Measure draw_measure(Random& random, double window) {
  std::vector<std::string_view> names;
  for (const std::string_view name : measure_names()) {
    if (is_time_invariant(make_measure(name))) names.push_back(name);
  }
  return make_measure(random.one_of(names), window);
}

Model of_measure(Random& random, Structure structure) {
  Method how = draw_method(random);
  Measure measure = draw_measure(random, 1);
  while (structure != Structure::dense && !has_operator(measure)) measure = draw_measure(random, 1);
  if (structure == Structure::nplr && !is_gbt(how.method)) how.method = Discretization::bilinear;
  const Index N = draw_order(random);
  double step = draw_step(random);
  // Sub-steps by the hundred are right, but cost their time; of small orders they become a matrix.
  if (structure == Structure::hippo && N > 24) step = std::min(step, 500.0 / static_cast<double>(N * N));
  if (how.method == Discretization::forward_euler) how.method = Discretization::backward_euler;  // N^2 steps a window
  std::ostringstream all;
  all << name(structure) << " " << name(measure) << " N=" << N << " dt/theta=" << step << " " << text(how);
  Model model{{}, all.str(), {}, how.method};
  const Index systems = random.chance(0.2) ? random.integer(2, 5) : 1;
  const bool delay = random.chance(0.5);
  const Index outputs = delay ? 1 : random.chance(0.6) ? 1 : random.integer(1, 3);
  for (Index k = 0; k < systems; ++k) {
    const Measure own = make_measure(name(measure), random.uniform(1, 1.5));
    HippoSystem s{own, random.matrix(outputs, N), Matrix<double>::Zero(outputs, 1)};
    if (delay) s = hippo_delay_system(own, N, random.uniform(0.1, 0.9));
    if (how.method != Discretization::impulse && random.chance(0.3)) s.D = random.matrix(outputs, 1);
    if (structure == Structure::hippo) {
      model.layer.push_back(discretize(s, step, how.method, how.options));
    } else if (structure == Structure::nplr) {
      NplrSystem n = normal_plus_low_rank(own, N, s.C);
      n.D = s.D;
      model.layer.push_back(discretize(n, step, how.method, how.options));
    } else {
      model.layer.push_back(discretize(dense(s), step, how.method, how.options));
    }
  }
  return model;
}

Model of_diagonal(Random& random) {
  const Method how = draw_method(random);
  const std::string_view names[] = {"s4d-lin", "s4d-inv", "s4d-real", "lru", "stiff", "growing", "random"};
  const std::string_view kind = random.one_of(names);
  const Index entries = std::max<Index>(draw_order(random) / 2, 1);
  const double step = kind == "lru" ? 1 : draw_step(random);
  const Index p = random.chance(0.8) ? 1 : random.integer(1, 3), q = random.chance(0.8) ? 1 : random.integer(1, 3);
  std::ostringstream all;
  all << "diagonal " << kind << " N=" << 2 * entries << " p=" << p << " q=" << q << " dt=" << step << " " << text(how);
  Model model{{}, all.str(), {}, how.method};
  const Index systems = random.chance(0.2) ? random.integer(2, 5) : 1;
  const double fastest = random.log_uniform(1e-3, 3) / step;
  for (Index k = 0; k < systems; ++k) {
    DiagonalSystem s;
    if (kind == "stiff" || kind == "growing" || kind == "random") {
      s.lambda.resize(entries);
      for (Complex& lambda : s.lambda) {
        const double rate = kind == "stiff"     ? -random.log_uniform(1e-3, 300) / step
                            : kind == "growing" ? random.uniform(-1, 1) * fastest
                                                : -random.log_uniform(1e-3, 3) / step;
        lambda = {rate, random.uniform(-3, 3) / step};
      }
    } else {
      s.lambda = initialize_diagonal(kind, kind == "s4d-real" ? entries : 2 * entries).lambda.head(entries);
    }
    s.B = random.complex_matrix(entries, p);
    s.C = random.complex_matrix(q, entries);
    s.D =
        how.method != Discretization::impulse && random.chance(0.3) ? random.matrix(q, p) : Matrix<double>::Zero(q, p);
    model.diagonal = s;
    model.layer.push_back(discretize(s, step, how.method, how.options));
  }
  if (systems > 1) model.diagonal.reset();
  return model;
}

Model of_matrix(Random& random) {
  const Index N = draw_order(random), p = random.integer(1, 3), q = random.integer(1, 3);
  const double radii[] = {0.3, 0.9, 0.99, 0.999, 1.0, 1.0003, 1.003, 1.05, 1.5, 4, 1000};
  const double radius = random.one_of(radii);
  Matrix<double> A = random.matrix(N, N);
  const double largest = support::spectral_radius(A);
  if (largest > 0) A *= radius / largest;
  std::ostringstream all;
  all << "dense random N=" << N << " p=" << p << " q=" << q << " radius=" << radius;
  return {{DiscreteStateSpace{A, random.matrix(N, p), random.matrix(q, N), random.matrix(q, p), 1.0,
                              random.chance(0.5) ? Convention::sequence : Convention::control}},
          all.str(),
          {},
          Discretization::zoh};
}

/// Poles about a circle: their polynomial is a good one at any order; or a few anywhere.
Model of_poles(Random& random) {
  const bool ring = random.chance(0.6);
  const Index pairs = ring ? random.integer(1, 60) : random.integer(1, 3);
  const double radii[] = {0.5, 0.9, 0.99, 0.999, 1.01, 1.3, 3};
  const double radius = random.one_of(radii);
  Vector<long double> a = Vector<long double>::Zero(1);
  a(0) = 1;
  for (Index k = 0; k < pairs; ++k) {
    // alternating sides: partial products stay small
    const double part =
        (static_cast<double>(k % 2 == 0 ? k / 2 : pairs - 1 - k / 2) + 0.5) / static_cast<double>(pairs);
    const double angle = ring ? 3.141592653589793 * part : random.log_uniform(1e-2, 3);
    const double modulus = ring ? radius : random.chance(0.5) ? radius : random.uniform(0, 1);
    Vector<long double> next = Vector<long double>::Zero(a.size() + 2);
    next.head(a.size()) = a;
    next.segment(1, a.size()) -= 2 * static_cast<long double>(modulus) * std::cos(static_cast<long double>(angle)) * a;
    next.tail(a.size()) += static_cast<long double>(modulus) * static_cast<long double>(modulus) * a;
    a = next;
  }
  const Index q = random.chance(0.7) ? 1 : 2;
  std::ostringstream all;
  all << "transfer " << (ring ? "ring" : "few") << " N=" << 2 * pairs << " q=" << q << " radius=" << radius;
  return {{TransferFunction{a.tail(2 * pairs).cast<double>(), random.matrix(q, 2 * pairs), random.matrix(q, 1), 1.0,
                            random.chance(0.5) ? Convention::sequence : Convention::control}},
          all.str(),
          {},
          Discretization::zoh};
}

}  // namespace

Model draw_model(Random& random) {
  switch (random.integer(0, 7)) {
    case 0:
      return of_measure(random, Structure::dense);
    case 1:
    case 2:
      return of_measure(random, Structure::hippo);
    case 3:
      return of_measure(random, Structure::nplr);
    case 4:
      return of_matrix(random);
    case 5:
      return of_poles(random);
    default:
      return of_diagonal(random);
  }
}

Matrix<double> draw_signal(Random& random, Index number, Index channels, Index n, bool& slow) {
  Matrix<double> u = random.matrix(channels, n);
  Random kind(static_cast<std::uint64_t>(number) + 0x5EED00000000);  // apart: models stay what they were
  slow = kind.chance(0.3);
  if (!slow) return u;
  const Vector<double> t = Vector<double>::LinSpaced(n, 0, 1), level = u.col(0);
  const Index which = kind.integer(0, 4), at = kind.integer(0, n - 1);
  if (which == 0) u = level.replicate(1, n);
  if (which == 1) u = level * t.transpose();
  if (which == 2) u = level * (kind.uniform(0.1, 30) * t.array()).sin().matrix().transpose();
  if (which == 3) u.setZero(), u.col(at) = level;
  if (which == 4) u.rightCols(n - at).setZero();
  return u;
}

}  // namespace hunt
