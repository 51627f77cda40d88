#pragma once

// What a path needs of Threaded to be cut into parts: each instantiates it in its own file.

#include "../detail/layer.hpp"

#include <longstate/execute/threads.hpp>

#include <algorithm>

namespace longstate {

template <class Path>
Threaded<Path>::Threaded(Threads threads, Index copies, const Make& make)
    : threads_(std::move(threads)), copies_(copies) {
  if (copies < 1) detail::fail("Threaded", "copies must be at least 1", copies);
  const Index most = std::max<Index>(copies / copies_of_a_part, 1);
  const Index parts = std::min<Index>(threads_.count(), most);
  for (Index k = 0; k < parts; ++k) {
    const auto begin = [&](Index part) { return part == parts ? copies : part * most / parts * copies_of_a_part; };
    const Index first = begin(k), count = begin(k + 1) - first;
    Path path = make(first, count);
    const Index copies_made = path.zero_state().cols();
    if (copies_made != count) detail::fail("Threaded", "make must give a path of count copies", copies_made);
    parts_.push_back({first, count, std::move(path)});
    if (parts_.back().path.order() != order()) detail::fail("Threaded", "parts must agree in their order", order());
  }
  if constexpr (!Selective<Path>) {
    inputs_ = parts_.front().path.inputs() / parts_.front().count;
    outputs_ = parts_.front().path.outputs() / parts_.front().count;
  }
}

template <class Path>
template <class Work>
void Threaded<Path>::each(StateRef<T> x, const Work& work) {
  if (parts() == 1) return work(parts_.front(), x);
  threads_.each(parts(), [&](Index k) {
    Part& part = parts_[static_cast<std::size_t>(k)];
    work(part, x.middleCols(part.first, part.count));
  });
}

// An explicit instantiation makes both runs, by clang also the one whose constraint does not hold: hence the conditions.
template <class Path>
void Threaded<Path>::run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) requires(!Selective<Path>) {
  if constexpr (!Selective<Path>) {
    detail::check_run("Threaded::run", *this, u, y, x);
    each(x, [&](Part& part, StateRef<T> own) {
      part.path.run(u.middleRows(part.first * inputs_, part.count * inputs_),
                    y.middleRows(part.first * outputs_, part.count * outputs_), own);
    });
  }
}

template <class Path>
void Threaded<Path>::run(ConstSignal<T> u, ConstSignal<T> delta, ConstSignal<T> B, ConstSignal<T> C, Signal<T> y,
                         StateRef<T> x) requires(Selective<Path>) {
  if constexpr (Selective<Path>) {
    detail::check_run("Threaded::run", *this, u, y, x);
    detail::check_shape("Threaded::run", "delta", delta.rows(), delta.cols(), copies_, u.cols());
    detail::check_shape("Threaded::run", "B", B.rows(), B.cols(), order(), u.cols());
    detail::check_shape("Threaded::run", "C", C.rows(), C.cols(), order(), u.cols());
    each(x, [&](Part& part, StateRef<T> own) {
      part.path.run(u.middleRows(part.first, part.count), delta.middleRows(part.first, part.count), B, C,
                    y.middleRows(part.first, part.count), own);
    });
  }
}

template <class Path>
void Threaded<Path>::step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept requires(!Selective<Path>) {
  if constexpr (!Selective<Path>) {
    for (Part& part : parts_) {
      part.path.step(u.segment(part.first * inputs_, part.count * inputs_),
                     y.segment(part.first * outputs_, part.count * outputs_), x.middleCols(part.first, part.count));
    }
  }
}

template <class Path>
void Threaded<Path>::step(ConstFrame<T> u, ConstFrame<T> delta, ConstFrame<T> B, ConstFrame<T> C, Frame<T> y,
                          StateRef<T> x) noexcept requires(Selective<Path>) {
  if constexpr (Selective<Path>) {
    for (Part& part : parts_) {
      part.path.step(u.segment(part.first, part.count), delta.segment(part.first, part.count), B, C,
                     y.segment(part.first, part.count), x.middleCols(part.first, part.count));
    }
  }
}

}  // namespace longstate
