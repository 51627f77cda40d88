#include "../detail/check.hpp"
#include "../detail/layer.hpp"
#include "../detail/with_value.hpp"
#include "paths.hpp"
#include "trial.hpp"

#include <longstate/execute/plan.hpp>

#include <algorithm>
#include <chrono>
#include <locale>
#include <random>
#include <sstream>
#include <stdexcept>

namespace longstate {
namespace {

constexpr std::string_view title = "longstate plan 1";

void check(const Workload& w) {
  if (w.copies < 1) detail::fail("plan", "copies must be at least 1", w.copies);
  if (w.length < 0) detail::fail("plan", "length must be 0 or more", w.length);
  if (w.call < 0) detail::fail("plan", "call must be 0 or more", w.call);
  if (w.threads < 1 || w.threads > 1024) detail::fail("plan", "threads must be from 1 to 1024", w.threads);
}

/// Samples that one call of run() is given.
Index samples_of_call(const Workload& w) {
  constexpr Index many = Index{1} << 20;
  const Index length = w.length > 0 ? w.length : many;
  return w.call > 0 ? std::min(w.call, length) : length;
}

/// Every path with every block that may be best, each with its time by the model.
template <class T>
std::vector<Candidate> all_paths(const std::vector<DiscreteSystem>& layer, const detail::CostOf& of, Index parts) {
  std::vector<Candidate> all;
  for (std::size_t i = 0; i < path_names().size(); ++i) {
    const Path path = static_cast<Path>(i);
    const detail::PathRow<T>& row = detail::row<T>(path);
    for (const Index block : row.blocks(layer, of))
      all.push_back({path, block, row.seconds(of, block) / static_cast<double>(parts)});
  }
  return all;
}

/// Whether the path can be built, and blocks lose no more than the recurrence (trial.hpp).
template <class T>
bool takes(const DiscreteSystem& system, const Candidate& candidate) {
  Planned<T> path(system, {Workload{}, Planning::estimate, {candidate}});
  if (candidate.path == Path::recurrent) return true;
  return detail::as_good_as_steps<T>(system, candidate.block, [&](const Matrix<T>& u, Matrix<T>& y, Vector<T>& x) {
    State<T> state = x;
    path.run(u, y, state);
    x = state.col(0);
  });
}

/// Which paths a layer takes. Matrices may not survive their rounding to T, or grow too fast: then a path is built before it is chosen.
template <class T>
class Chooser {
 public:
  explicit Chooser(const std::vector<DiscreteSystem>& layer)
      : layer_(layer), certain_(std::ranges::none_of(layer, detail::made_of_powers)) {}

  bool takes(const Candidate& candidate) {
    const auto same = [&](const Candidate& c) { return c.path == candidate.path && c.block == candidate.block; };
    if (certain_ || std::ranges::any_of(taken_, same)) return true;
    if (like_refused(candidate)) {
      left_out_.push_back(candidate);
      return false;
    }
    const bool fits = all_take(candidate);
    (fits ? taken_ : refused_).push_back(candidate);
    return fits;
  }

  /// The first that is taken of those that takes() had not built. Throws what the recurrence says where there is none.
  std::vector<Candidate> left_out() const {
    for (const Candidate& candidate : left_out_) {
      if (all_take(candidate)) return {candidate};
    }
    const Candidate recurrent{Path::recurrent, 0, 0};
    Planned<T>(layer_, {Workload{}, Planning::estimate, {recurrent}});
    return {recurrent};
  }

 private:
  bool all_take(const Candidate& candidate) const {
    try {
      return std::ranges::all_of(layer_, [&](const DiscreteSystem& s) { return longstate::takes<T>(s, candidate); });
    } catch (const std::logic_error&) {  // growth is refused as a block that does not fit
      return false;
    }
  }

  /// Where a block loses too much, a longer one or one of half of it most often does, too, and to see that takes its time.
  bool like_refused(const Candidate& candidate) const {
    return std::ranges::any_of(refused_, [&](const Candidate& r) {
      return r.path == candidate.path && candidate.path != Path::recurrent && candidate.block > r.block / 4;
    });
  }

  const std::vector<DiscreteSystem>& layer_;
  bool certain_;
  std::vector<Candidate> taken_, refused_, left_out_;
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// The least of several runs: whatever disturbs makes them longer.
template <class T>
double measured(Planned<T> path, Index samples) {
  constexpr double worth = 5e-3;
  std::minstd_rand random;  // Eigen's Random is std::rand, whose state is the program's
  std::uniform_real_distribution<T> uniform(-1, 1);
  const Matrix<T> u = Matrix<T>::NullaryExpr(path.inputs(), samples, [&] { return uniform(random); });
  Matrix<T> y(path.outputs(), samples);
  State<T> x = path.zero_state();
  path.run(u, y, x);  // to warm up
  double least = HUGE_VAL;
  const double start = now();
  for (double before = start, after = start; after - start < worth; before = after) {
    x.setZero();
    path.run(u, y, x);
    after = now();
    least = std::min(least, after - before);
  }
  return least / static_cast<double>(samples * path.copies());
}

template <class T>
Plan make_plan(const std::vector<DiscreteSystem>& layer, const Workload& workload, Planning planning) {
  check(workload);
  detail::check_layer("plan", layer);
  const Index parts = std::min<Index>(workload.threads, std::max<Index>(workload.copies / copies_of_a_part, 1));
  const Index copies = std::max<Index>(workload.copies / parts, 1);
  const std::vector<DiscreteSystem> part = detail::part_of(layer, 0, copies);
  const detail::CostOf of = detail::cost_of<T>(part, copies, samples_of_call(workload));
  Plan plan{workload, planning, all_paths<T>(layer, of, parts)};
  const auto by_time = [&] { std::ranges::stable_sort(plan.candidates, {}, &Candidate::seconds); };
  by_time();
  Chooser<T> choose(layer);
  if (planning == Planning::measure) {
    const double fastest = plan.best().seconds;
    const auto near = [&](const Candidate& c) { return c.seconds <= 8 * fastest; };  // the model is not that wrong
    std::erase_if(plan.candidates, [&](const Candidate& c) { return near(c) && !choose.takes(c); });
    for (Candidate& candidate : plan.candidates) {
      if (!near(candidate)) continue;
      candidate.seconds =
          measured<T>(Planned<T>(layer, {workload, planning, {candidate}}), std::min<Index>(of.call, 1 << 14));
    }
    by_time();
  }
  // Those behind the best are not built, which costs more than all else here.
  while (!plan.candidates.empty() && !choose.takes(plan.best())) plan.candidates.erase(plan.candidates.begin());
  if (plan.candidates.empty()) plan.candidates = choose.left_out();
  return plan;
}

std::string nanoseconds(double seconds) {
  std::ostringstream text;
  text.precision(3);
  text << seconds * 1e9 << " ns";
  return text.str();
}

std::string way(const Candidate& candidate) {
  std::string text(name(candidate.path));
  if (candidate.block > 0) text.append(", blocks of ").append(std::to_string(candidate.block));
  return text;
}

}  // namespace

template <class T>
Plan plan(const DiscreteSystem& system, const Workload& workload, Planning planning) {
  return make_plan<T>({system}, workload, planning);
}

template <class T>
Plan plan(const std::vector<DiscreteSystem>& layer, const Workload& workload, Planning planning) {
  if (layer.empty()) detail::fail("plan", "a layer must have at least one system", 0);
  Workload of_layer = workload;
  of_layer.copies = std::max(workload.copies, static_cast<Index>(layer.size()));
  return make_plan<T>(layer, of_layer, planning);
}

template Plan plan<float>(const DiscreteSystem&, const Workload&, Planning);
template Plan plan<double>(const DiscreteSystem&, const Workload&, Planning);
template Plan plan<float>(const std::vector<DiscreteSystem>&, const Workload&, Planning);
template Plan plan<double>(const std::vector<DiscreteSystem>&, const Workload&, Planning);

std::string describe(const Plan& plan) {
  const Workload& w = plan.workload;
  std::ostringstream text;
  text << way(plan.best()) << ": the fastest " << (plan.planning == Planning::measure ? "measured" : "estimated")
       << " for copies = " << w.copies << ", threads = " << w.threads << ", "
       << (w.length > 0 ? std::to_string(w.length) : std::string("many")) << " samples, "
       << (w.call > 0 ? std::to_string(w.call) + " a call" : std::string("all in one call"))
       << "\ntime of a sample and copy:\n";
  for (const Candidate& candidate : plan.candidates) {
    text << "  " << way(candidate) << ": " << nanoseconds(candidate.seconds) << "\n";
  }
  return text.str();
}

std::string save_plan(const Plan& plan) {
  const Workload& w = plan.workload;
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(17);
  text << title << "\ncopies " << w.copies << " length " << w.length << " call " << w.call << " threads " << w.threads
       << "\n"
       << (plan.planning == Planning::measure ? "measure" : "estimate") << "\n";
  for (const Candidate& c : plan.candidates) text << name(c.path) << " " << c.block << " " << c.seconds << "\n";
  return text.str();
}

Plan load_plan(const std::string& text) {
  const auto bad = [](const std::string& got) {
    detail::fail("load_plan", "text must be a saved plan", detail::quoted(got));
  };
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  std::string line;
  std::getline(in, line);
  if (line != title) bad(line.substr(0, 40));
  Plan plan;
  std::string copies, length, call, threads, planning;
  Workload& w = plan.workload;
  in >> copies >> w.copies >> length >> w.length >> call >> w.call >> threads >> w.threads >> planning;
  if (!in || copies != "copies" || length != "length" || call != "call" || threads != "threads") bad("no workload");
  check(w);
  if (planning != "measure" && planning != "estimate") bad(planning);
  plan.planning = planning == "measure" ? Planning::measure : Planning::estimate;
  for (std::string path; in >> path;) {
    Candidate candidate{make_path(path), 0, 0};
    if (!(in >> candidate.block >> candidate.seconds)) bad(path + " without block and time");
    if (candidate.block < 0 || !(candidate.seconds >= 0)) bad(path + " with a negative number");
    plan.candidates.push_back(candidate);
  }
  if (plan.candidates.empty()) bad("no path");
  return plan;
}

template <class T>
struct Planned<T>::Loops {
  detail::AnyPath<T> path;
};

namespace {

/// The first candidate that can be built.
template <class T>
detail::AnyPath<T> first_path(const Plan& plan, const std::vector<DiscreteSystem>& layer) {
  if (plan.candidates.empty()) detail::fail("Planned", "the plan must have a candidate", "none");
  detail::check_layer("Planned", layer);
  const Index copies = std::max(plan.workload.copies, static_cast<Index>(layer.size()));
  const Threads threads(plan.workload.threads);
  const auto build = [&](const Candidate& candidate) {
    return detail::row<T>(candidate.path).make(threads, layer, copies, candidate.block);
  };
  for (auto candidate = plan.candidates.begin(); candidate + 1 != plan.candidates.end(); ++candidate) {
    try {
      return build(*candidate);
    } catch (const std::logic_error&) {  // growth is refused as a block that does not fit; the next one may do
    }
  }
  return build(plan.candidates.back());
}

}  // namespace

template <class T>
Planned<T>::Planned(const DiscreteSystem& system, const Plan& plan)
    : Planned(std::vector<DiscreteSystem>{system}, plan) {}

template <class T>
Planned<T>::Planned(const std::vector<DiscreteSystem>& layer, const Plan& plan)
    : loops_(std::make_shared<Loops>(Loops{first_path<T>(plan, layer)})) {}

template <class T>
Index Planned<T>::order() const {
  return std::visit([](const auto& path) { return path.order(); }, loops_->path);
}
template <class T>
Index Planned<T>::copies() const {
  return std::visit([](const auto& path) { return path.copies(); }, loops_->path);
}
template <class T>
Index Planned<T>::inputs() const {
  return std::visit([](const auto& path) { return path.inputs(); }, loops_->path);
}
template <class T>
Index Planned<T>::outputs() const {
  return std::visit([](const auto& path) { return path.outputs(); }, loops_->path);
}
template <class T>
void Planned<T>::step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept {
  detail::with_value(loops_->path, [&](auto& path) { path.step(u, y, x); });
}
template <class T>
void Planned<T>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
  std::visit([&](auto& path) { path.run(u, y, x); }, loops_->path);
}

template class Planned<float>;
template class Planned<double>;

}  // namespace longstate
