#pragma once

// What every path promises, for any model: it is the recurrence by definition, in any split of the signal, from any state, and its state
// goes on in any other path. A path is added to `ways`, a model to laws_test.cpp; the rest follows.

#include "support/largest.hpp"
#include "support/oracle.hpp"
#include "support/truth.hpp"

#include <longstate/longstate.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace laws {

using namespace longstate;

/// A path, ready to run.
template <class T>
struct Way {
  std::string name;
  std::function<void(ConstSignal<T>, Signal<T>, StateRef<T>)> run;
};

/// A path and its copy, call by call in turn: what one has run leaves nothing in it that the other would miss.
template <class T, class Path>
Way<T> way(std::string name, const Path& path) {
  struct Both {
    Path first, second;
    bool at_second = false;
  };
  const auto both = std::make_shared<Both>(Both{path, path});
  return {std::move(name), [both](ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
            (both->at_second ? both->second : both->first).run(u, y, x);
            both->at_second = !both->at_second;
          }};
}

/// A path frame by frame.
template <class T, class Path>
Way<T> steps(const std::string& name, const Path& path) {
  const auto own = std::make_shared<Path>(path);
  return {name + ", by steps", [own](ConstSignal<T> u, Signal<T> y, StateRef<T> x) {
            const NoDenormals guard;
            for (Index k = 0; k < u.cols(); ++k) own->step(u.col(k), y.col(k), x);
          }};
}

/// A path by run(), and by step().
template <class T, class Path>
void add_both(std::vector<Way<T>>& all, const std::string& name, const Path& path) {
  all.push_back(way<T>(name, path));
  all.push_back(steps<T>(name, path));
}

/// All paths of a layer.
template <class T>
std::vector<Way<T>> ways(const std::vector<DiscreteSystem>& layer, Index copies) {
  const Workload workload{.copies = copies, .length = 1000};
  const Threads threads(2);
  const auto by_threads = [&](Index first, Index count) {
    std::vector<DiscreteSystem> part;
    for (Index c = first; c < first + count; ++c) part.push_back(layer[static_cast<std::size_t>(c) % layer.size()]);
    return Recurrence<T>(part, count);
  };
  std::vector<Way<T>> all{way<T>("chunks of 16", Chunked<T>(layer, 16, copies))};
  add_both<T>(all, "recurrence", Recurrence<T>(layer, copies));
  add_both<T>(all, "chunks of 64", Chunked<T>(layer, 64, copies));
  add_both<T>(all, "plan", Planned<T>(layer, plan<T>(layer, workload)));
  add_both<T>(all, "threads", Threaded<Recurrence<T>>(threads, copies, by_threads));
#if LONGSTATE_WITH_FFTW
  all.push_back(way<T>("convolution in blocks of 16", Convolution<T>(layer, 16, copies)));
  add_both<T>(all, "convolution in blocks of 100", Convolution<T>(layer, 100, copies));
#endif
  return all;
}

/// A layer of systems alike, and what each is.
struct Model {
  std::string name;
  std::vector<DiscreteSystem> layer;
  std::vector<support::Truth> truth;
};

/// The bound that the headers of the paths state, for outputs in parts of the largest |C| |x| + |D| |u|, for states of the largest.
template <class T>
double bound(const Model& model) {
  const double order = static_cast<double>(model.layer.front().order());
  return std::is_same_v<T, float> ? 2 * std::max(order, 16.0) * 1.2e-7 : 1e-12;
}

/// A signal and a state to start from, and what the model makes of them, copy by copy.
template <class T>
struct Trial {
  Matrix<T> u;
  State<T> x0;
  std::vector<support::TrueRun> exact;

  Trial(const Model& model, Index copies, Index length, unsigned seed)
      : u(support::random_matrix(model.layer.front().inputs() * copies, length, seed).template cast<T>()),
        x0(support::random_matrix(model.layer.front().order(), copies, seed + 1).template cast<T>()) {
    for (Index c = 0; c < copies; ++c) {
      const support::Truth& truth = model.truth[static_cast<std::size_t>(c) % model.truth.size()];
      const Index p = truth.B.cols();
      exact.push_back(support::run(truth, u.middleRows(c * p, p).template cast<long double>(),
                                   x0.col(c).template cast<long double>()));
    }
  }
};

/// Paths that follow each other, each with a part of the signal, of any length, none, too. The state is saved and restored between them.
template <class T>
void check_parts(const Model& model, const Trial<T>& trial, const std::vector<const Way<T>*>& in_turn, double bound,
                 unsigned seed) {
  const Index length = trial.u.cols(), q = trial.exact.front().y.rows();
  std::mt19937 random(seed);
  std::vector<Index> ends{length};
  while (ends.size() < in_turn.size()) ends.push_back(std::uniform_int_distribution<Index>(0, length)(random));
  std::sort(ends.begin(), ends.end());
  // What no path writes stays no number.
  Matrix<T> y =
      Matrix<T>::Constant(q * static_cast<Index>(trial.exact.size()), length, std::numeric_limits<T>::quiet_NaN());
  State<T> x = trial.x0;
  Index done = 0;
  for (std::size_t i = 0; i < in_turn.size(); ++i) {
    CAPTURE(in_turn[i]->name);
    in_turn[i]->run(trial.u.middleCols(done, ends[i] - done), y.middleCols(done, ends[i] - done), x);
    done = ends[i];
    x = restore_state<T>(save_state<T>(x, model.layer.front()), model.layer.front());
  }
  for (Index c = 0; c < x.cols(); ++c) {
    CAPTURE(c);
    const support::TrueRun& exact = trial.exact[static_cast<std::size_t>(c)];
    const support::Long of_y = y.middleRows(c * q, q).template cast<long double>() - exact.y,
                        of_x = x.col(c).template cast<long double>() - exact.x;
    CHECK(static_cast<double>(support::largest(of_y) / exact.output_scale) <= bound);
    CHECK(static_cast<double>(support::largest(of_x) / exact.state_scale) <= bound);
  }
}

/// Each after each other, and before it, three others at a time.
template <class T>
std::vector<std::vector<const Way<T>*>> every_pair(const std::vector<Way<T>>& all) {
  std::vector<std::vector<const Way<T>*>> turns;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if ((j - i) % 3 == 1) turns.push_back({&all[i]});
      turns.back().insert(turns.back().end(), {&all[j], &all[i]});
    }
  }
  return turns;
}

/// All laws of all paths of a model.
template <class T>
void check(const Model& model, Index copies, Index length, unsigned seed) {
  CAPTURE(model.name);
  CAPTURE(copies);
  CAPTURE(seed);
  const Trial<T> trial(model, copies, length, seed);
  const std::vector<Way<T>> all = ways<T>(model.layer, copies);
  const double least = bound<T>(model);
  for (const Way<T>& one : all) {
    CAPTURE(one.name);
    check_parts<T>(model, trial, {&one}, least, seed);
    check_parts<T>(model, trial, {&one, &one, &one, &one}, least, seed);
  }
  for (const auto& in_turn : every_pair(all)) check_parts<T>(model, trial, in_turn, least, ++seed);
}

}  // namespace laws
