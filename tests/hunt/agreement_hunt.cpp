// Models, paths, blocks, splits and signals drawn at random, each against the recurrence in long double, which takes nothing of the
// library but the discrete matrices.
//
//     agreement_hunt [seconds = 3] [seed = 1]
//     agreement_hunt cases n                    the first n of seed 1
//     agreement_hunt case N                     one case again, with all that it says
//
// Prints the largest error of each path, structure and precision in parts of its bound (docs/accuracy.md). Exit 1 if one is above
// it, or not finite without an error, or where nearly all are refused. (That the discrete matrices are right is for the tests against 60
// digits to show.)

#include "bounds.hpp"
#include "models.hpp"
#include "oracle.hpp"
#include "support/largest.hpp"

#include <longstate/execute/diagonal_kernels.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

namespace {

using namespace hunt;

/// Whether the textbook recurrence in T leaves outputs of use, of noise over as many samples as tell: each off by at most a thousandth
/// of its largest, while numbers grow by less than 10^25. What is refused all the same has to be there.
template <class T>
bool leaves_use(const DiscreteSystem& system) {
  constexpr Index samples = 1000;
  constexpr long double growth = 1e25L, little = 1e-3L;
  const Matrices m = matrices(system);
  Random random(1);
  const Long u = random.matrix(m.B.cols(), samples).cast<long double>(), x0 = Long::Zero(m.A.rows(), 1);
  const Oracle exact = run(m, u, x0);
  const bool transfer = std::holds_alternative<TransferFunction>(system);  // its coefficients stay in double
  const Oracle own = transfer ? plain<T, double>(m, u, x0) : plain<T>(m, u, x0);
  Vector<long double> largest = Vector<long double>::Zero(exact.y.rows()), error = largest;
  long double unit = 0;
  for (Index k = 0; k < samples; ++k) {
    const long double size = exact.x.col(k).cwiseAbs().maxCoeff();
    if (unit == 0) unit = size;
    if (size > growth * unit) break;
    largest = largest.cwiseMax(exact.y.col(k).cwiseAbs());
    error = error.cwiseMax((own.y.col(k) - exact.y.col(k)).cwiseAbs());
  }
  return (error.array() <= little * largest.array()).all();
}

struct Line {
  Index runs = 0, refused = 0, above = 0, not_finite = 0;
  Index unbounded = 0;  // the bound is beyond the signal: nothing is asked
  double worst = 0;     // in parts of the bound
  Index worst_case = -1;
};
std::map<std::string, Line> table;
bool verbose = false;

void note(const std::string& kind, const std::string& text, Index number, double error) {
  Line& line = table[kind];
  ++line.runs;
  if (!(error <= line.worst)) line.worst = error, line.worst_case = number;
  const bool bad = !std::isfinite(error);
  if (bad) ++line.not_finite;
  if (!bad && error > 1) ++line.above;
  if (bad || error > 1 || verbose)
    std::printf("case %td: %s: %.3g of the bound: %s\n", number, kind.c_str(), error, text.c_str());
}

/// Runs it in parts of any size.
template <class T, class Path>
void run_in_parts(Random& random, Path& path, const Matrix<T>& u, Matrix<T>& y, State<T>& x) {
  const Index calls = random.chance(0.5) ? 1 : random.integer(2, 6);
  for (Index done = 0, call = 0; done < u.cols(); ++call) {
    const Index left = u.cols() - done, n = call + 1 >= calls ? left : random.integer(1, left);
    path.run(u.middleCols(done, n), y.middleCols(done, n), x);
    done += n;
  }
}

/// Of two orders of sums, the worse. A diagonal path corrects what T takes from lambda and B: there only the states are rounded to T.
template <class T>
double textbook_error(const Matrices& m, const Long& u, const Long& x0) {
  const Oracle exact = run(m, u, x0);
  double error = 0;
  const auto see = [&](const Oracle& other) { error = std::max(error, relative_error(other, exact, x0, u.cols())); };
  see(m.complex ? plain<T, double>(m, u, x0) : plain<T>(m, u, x0));
  see(m.complex ? plain_backwards<T, double>(m, u, x0) : plain_backwards<T>(m, u, x0));
  return error;
}

template <class T>
struct Task {
  const Model& model;
  Index number;
  Index copies;
  Matrix<T> u;
  State<T> x0;
  std::vector<Oracle> truth;        // of each copy
  mutable std::vector<double> own;  // the error of the textbook recurrence in T, of each copy, relative to its scale
  std::vector<double> conditions;
  bool slow = false;  // a signal that is no noise
  mutable bool anew = false, unbounded = false;

  const DiscreteSystem& system(Index c) const { return model.layer[static_cast<std::size_t>(c) % model.layer.size()]; }

  /// max |K_j| max |u| over a block: what an FFT's rounding is relative to.
  long double through_fft(Index c, Index block) const {
    const Matrices m = matrices(system(c));
    long double largest = 0;
    for (Index j = 0; j < m.B.cols(); ++j) {
      Long impulse = Long::Zero(m.B.cols(), block);
      impulse(j, 0) = 1;
      largest = std::max(largest, run(m, impulse, Long::Zero(m.A.rows(), 1)).y.cwiseAbs().maxCoeff());
    }
    return largest * static_cast<long double>(u.cwiseAbs().maxCoeff());
  }

  /// The error of outputs and of the final state, in parts of the bound. reach: samples of a block, within which growth is not told
  /// apart; fft: its length, else 0; rounded: whether the path has matrices in T.
  double error(const Matrix<T>& y, const State<T>& x, Index reach, Index fft, bool rounded) const {
    const double alone = error_beside(y, x, reach, std::vector<long double>(truth.size(), 0), rounded, false);
    if (alone > 1 && round_anew()) return error(y, x, reach, fft, rounded);
    if (alone <= 1 || fft == 0) return alone;
    std::vector<long double> least;
    for (Index c = 0; c < copies; ++c) least.push_back(through_fft(c, fft));
    const bool nplr = structure(model.layer.front()) == Structure::nplr && std::is_same_v<T, double>;
    return error_beside(y, x, reach, least, rounded, nplr);
  }

  /// One draw of roundings may be a lucky one: `own` becomes the worst of eight, of signals and start states of other sizes. Whether that is
  /// news.
  bool round_anew() const {
    constexpr int draws = 8;
    if (anew || std::ranges::all_of(own, [](double error) { return error == 0; })) return false;
    anew = true;
    for (Index c = 0; c < copies; ++c) {
      const Matrices m = matrices(system(c));
      const Index p = m.B.cols();
      for (int draw = 1; draw < draws; ++draw) {
        const T size = 1 + static_cast<T>(draw) / draws;
        const Long u_c = Matrix<T>(size * u.middleRows(c * p, p)).template cast<long double>(),
                   x_c = State<T>(size * x0.col(c)).template cast<long double>();
        own[static_cast<std::size_t>(c)] = std::max(own[static_cast<std::size_t>(c)], textbook_error<T>(m, u_c, x_c));
      }
    }
    return true;
  }

  double error_beside(const Matrix<T>& y, const State<T>& x, Index reach, const std::vector<long double>& least,
                      bool rounded, bool through_kernel) const {
    double worst = 0;
    const Index n = u.cols(), q = y.rows() / copies;
    for (Index c = 0; c < copies; ++c) {
      const auto at = static_cast<std::size_t>(c);
      const Oracle& o = truth[at];
      const double allowed = (through_kernel ? 1e-11 : bound<T>(x.rows())) * conditions[at] +
                             (rounded || rounding_grows(system(c)) ? 4 * own[at] : 0) + stiff_rounding(system(c), n) +
                             unfaded_rounding<T>(x.rows(), n) + (slow ? held_rounding<T>(system(c), n) : 0);
      if (allowed >= 1) unbounded = true;
      // states below the least number of T are zeros
      const auto smallest = static_cast<long double>(std::numeric_limits<T>::min());
      const long double unseen = smallest * (1 + output_matrix(system(c)).cwiseAbs().rowwise().sum().maxCoeff());
      const auto parts_of = [&](long double difference, long double of, long double nothing) {
        return static_cast<double>(difference <= nothing ? 0 : difference / (of * allowed));  // NaN stays NaN
      };
      long double ahead = least[at];
      for (Index j = 0; j < std::min(n, reach); ++j) ahead = std::max(ahead, o.scale(j));
      for (Index k = 0; k < n; ++k) {
        if (k + reach < n) ahead = std::max(ahead, o.scale(k + reach));
        const long double scale = ahead = std::max(ahead, o.scale(k));
        for (Index i = 0; i < q; ++i) {
          const long double difference = std::abs(static_cast<long double>(y(c * q + i, k)) - o.y(i, k));
          const double part = parts_of(difference, scale, unseen);
          if (!(part <= worst)) worst = part;
        }
      }
      long double states = x0.col(c).template cast<long double>().cwiseAbs().maxCoeff();
      states = std::max(states, o.x.cwiseAbs().maxCoeff());
      const long double difference = support::largest(x.col(c).template cast<long double>() - o.x.col(n - 1));
      const double part = parts_of(difference, states, smallest);
      if (!(part <= worst)) worst = part;
    }
    return worst;
  }
};

template <class T>
std::string precision() {
  return std::is_same_v<T, float> ? " float" : " double";
}

/// Runs `make()`'s path; an error that says why is an answer.
template <class T, class Make>
void try_path(Random& random, const Task<T>& task, const std::string& path_name, Index reach, const Make& make,
              Index fft = 0) {
  const std::string kind = path_name + " " + std::string(name(structure(task.model.layer.front()))) + precision<T>();
  // a recurrence of a transfer function keeps its coefficients in double
  const bool rounded = structure(task.model.layer.front()) == Structure::dense || path_name == "chunked" ||
                       path_name.starts_with("planned");
  try {
    auto path = make();
    Matrix<T> y(path.outputs(), task.u.cols());
    State<T> x = task.x0;
    run_in_parts<T>(random, path, task.u, y, x);
    task.unbounded = false;
    const double error = task.error(y, x, reach, fft, rounded);
    note(kind,
         task.model.text + ", " + std::to_string(task.copies) + " copies, " + std::to_string(task.u.cols()) +
             " samples, block " + std::to_string(reach),
         task.number, error);
    if (task.unbounded) ++table[kind].unbounded;
  } catch (const std::logic_error& e) {
    ++table[kind].refused;
    const bool of_use = std::ranges::all_of(task.own, [](double error) { return error < 1e-3; }) &&
                        std::ranges::all_of(task.model.layer, leaves_use<T>);
    const bool named = dynamic_cast<const std::domain_error*>(&e) != nullptr ||
                       std::string_view(e.what()).find("block must be at most") != std::string_view::npos;
    const bool missed = !named || (of_use && (path_name == "step" || path_name == "run" || path_name == "planned"));
    if (missed) ++table[kind].above;  // what has to be there
    if (missed || verbose)
      std::printf("case %td: %s refused: %s: %s\n", task.number, kind.c_str(), e.what(), task.model.text.c_str());
  }
}

template <class T>
struct Stepped {
  Recurrence<T> path;
  Index outputs() const { return path.outputs(); }
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
    for (Index k = 0; k < u.cols(); ++k) path.step(u.col(k), y.col(k), x);
  }
};

template <class T>
struct Varying {
  VaryingScan<T> path;
  double dt;
  Index outputs() const { return path.outputs(); }
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
    path.run(u, Matrix<T>::Constant(1, u.cols(), static_cast<T>(dt)), y, x);
  }
};

void check_kernel(const Model& model, Index number, Random& random) {
  const DiscreteSystem& system = model.layer.front();
  const Index length = static_cast<Index>(random.log_uniform(1, 3000));
  const std::string kind = "kernel " + std::string(name(structure(system)));
  try {
    const Matrix<double> K = kernel(system, length);
    const Matrices m = matrices(system);
    const double allowed = 1e-11 * condition(system, length) + stiff_rounding(system, length);
    double worst = 0;
    for (Index j = 0; j < m.B.cols(); ++j) {
      Long u = Long::Zero(m.B.cols(), length);
      u(j, 0) = 1;
      const Oracle o = run(m, u, Long::Zero(m.A.rows(), 1));
      long double scale = 0;
      for (Index k = 0; k < length; ++k) {
        scale = std::max(scale, o.scale(k));
        if (scale > 1e290L) break;
        for (Index i = 0; i < m.C.rows(); ++i) {
          const long double difference = std::abs(static_cast<long double>(K(i + m.C.rows() * j, k)) - o.y(i, k));
          const double part = difference == 0 ? 0 : static_cast<double>(difference / (scale * allowed));
          if (!(part <= worst)) worst = part;
        }
      }
    }
    note(kind, model.text + ", length " + std::to_string(length), number, worst);
  } catch (const std::domain_error& e) {
    ++table[kind].refused;
    if (verbose) std::printf("case %td: %s refused: %s\n", number, kind.c_str(), e.what());
  }
}

template <class T>
void check_paths(const Model& model, Index number, Random& random) {
  const auto systems = static_cast<Index>(model.layer.size());
  const Index N = order(model.layer.front()), p = inputs(model.layer.front());
  const Index copies = std::max(systems, random.chance(0.4) ? 1 : random.integer(1, 40));
  Index n = static_cast<Index>(
      random.log_uniform(1, std::max(300.0, std::min(4000.0, 1e7 / static_cast<double>(N * N * copies)))));
  Task<T> task{model, number, copies, {}, {}, {}, {}, {}};
  const Matrix<double> signal = draw_signal(random, number, p * copies, n, task.slow);
  task.u = signal.cast<T>();
  task.x0 = random.chance(0.5) ? State<T>::Zero(N, copies) : State<T>(random.matrix(N, copies).cast<T>());
  std::vector<Matrices> all;
  for (const DiscreteSystem& system : model.layer) all.push_back(matrices(system));
  const long double most = std::is_same_v<T, float> ? 1e18L : 1e150L;
  for (Index c = 0; c < copies; ++c) {
    const Matrices& m = all[static_cast<std::size_t>(c % systems)];
    const Long u = task.u.middleRows(c * p, p).template cast<long double>(),
               x0 = task.x0.col(c).template cast<long double>();
    task.truth.push_back(run(m, u, x0));
    const Oracle& o = task.truth.back();
    for (Index k = 0; k < n; ++k) {  // what passes the largest number of T is nobody's
      if (!(o.x.col(k).cwiseAbs().maxCoeff() < most && o.scale(k) < most)) n = k;
    }
    if (n == 0) return;
    const bool matrices_of_T =
        structure(model.layer.front()) == Structure::dense || structure(model.layer.front()) == Structure::transfer;
    double own = 0;
    const bool grows = rounding_grows(task.system(c));
    if ((matrices_of_T && std::is_same_v<T, float>) || grows) {
      own = textbook_error<T>(m, u.leftCols(n), x0);
    }
    task.own.push_back(own);
    task.conditions.push_back(condition(task.system(c), n));
  }
  task.u = task.u.leftCols(n).eval();
  for (Oracle& o : task.truth) {
    o.y = o.y.leftCols(n).eval();
    o.x = o.x.leftCols(n).eval();
    o.scale = o.scale.head(n).eval();
  }

  const std::vector<DiscreteSystem>& layer = model.layer;
  const Index chunk = 16 * (random.chance(0.5) ? random.integer(1, 8) : random.integer(1, 32));
  const Index block = static_cast<Index>(random.log_uniform(1, 5000));
  const Workload workload{.copies = copies, .length = n, .threads = static_cast<int>(random.integer(1, 2))};
  Plan any{workload, Planning::estimate, {{Path::recurrent, 0, 0}}};
  try {
    any = plan<T>(layer, workload);
  } catch (const std::domain_error&) {  // then the recurrence is refused, too, and looked at below
  }
  const Candidate candidate = random.chance(0.5) ? any.best() : random.one_of(any.candidates);
  const auto built = [&] {
    Plan one = any;
    one.candidates = {candidate};
    return Planned<T>(layer, one);
  };
  try_path(random, task, "step", 1, [&] { return Stepped<T>{Recurrence<T>(layer, copies)}; });
  try_path(random, task, "run", 1, [&] { return Recurrence<T>(layer, copies); });
  try_path(random, task, "chunked", 1, [&] { return Chunked<T>(layer, chunk, copies); });
  try_path(
      random, task, "fft", block, [&] { return Convolution<T>(layer, block, copies); }, block);
  const bool best = candidate.path == any.best().path && candidate.block == any.best().block;
  try_path(random, task, best ? "planned" : "planned behind", std::max<Index>(candidate.block, 1), built,
           candidate.path == Path::fft ? candidate.block : 0);
  const bool varies = model.diagonal && copies == 1 && convention(layer.front()) == Convention::sequence &&
                      (model.method == Discretization::zoh || model.method == Discretization::bilinear);
  const double dt = time_step(layer.front());
  if (varies && static_cast<double>(static_cast<T>(dt)) == dt) {
    const auto threads = random.chance(0.5) ? std::optional<Threads>(Threads(2)) : std::nullopt;
    try_path(random, task, "varying", 1, [&] {
      return Varying<T>{VaryingScan<T>(*model.diagonal, model.method, threads), dt};
    });
  }
}

void one_case(Index number) {
  Random random(static_cast<std::uint64_t>(number));
  Model model;
  try {
    model = draw_model(random);
  } catch (const std::exception& e) {
    ++table["models"].refused;
    if (verbose) std::printf("case %td: %s\n", number, e.what());
    return;
  }
  ++table["models"].runs;
  check_kernel(model, number, random);
  random.chance(0.5) ? check_paths<float>(model, number, random) : check_paths<double>(model, number, random);
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

int main(int count, char** arguments) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a case that crashes is known
  const std::string_view first = count == 3 ? arguments[1] : "";
  Index cases = 0;
  if (first == "case") {
    verbose = true;
    one_case(std::atoll(arguments[2]));
  } else if (first == "cases") {
    for (const Index most = std::atoll(arguments[2]); cases < most; ++cases) one_case(1'000'000 + cases);
  } else {
    const double seconds = count > 1 ? std::atof(arguments[1]) : 3;
    const Index seed = count > 2 ? std::atoll(arguments[2]) : 1;
    for (const double start = now(); now() - start < seconds; ++cases) one_case(1'000'000 * seed + cases);
  }
  Index bad = 0;
  std::printf("%-30s %8s %8s %8s %8s %10s %10s %10s\n", "path structure precision", "runs", "refused", "no bound",
              "above", "not finite", "of bound", "case");
  for (const auto& [kind, line] : table) {
    std::printf("%-30s %8td %8td %8td %8td %10td %10.3g %10td\n", kind.c_str(), line.runs, line.refused, line.unbounded,
                line.above, line.not_finite, line.worst, line.worst_case);
    bad += line.above + line.not_finite;
    constexpr double most_refused = 0.8;
    const auto tries = static_cast<double>(line.runs + line.refused);
    if (tries < 30 || static_cast<double>(line.refused) <= most_refused * tries) continue;
    std::printf("%s: nearly all are refused\n", kind.c_str());
    ++bad;
  }
  std::printf("%td cases, %td above the bound or not finite\n", cases, bad);
  return bad == 0 ? 0 : 1;
}
