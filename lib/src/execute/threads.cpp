#include "../detail/layer.hpp"

#include <longstate/config.hpp>
#include <longstate/execute/chunked.hpp>
#include <longstate/execute/recurrence.hpp>
#include <longstate/execute/scan.hpp>
#include <longstate/execute/threads.hpp>
#if LONGSTATE_WITH_FFTW
#include <longstate/execute/convolution.hpp>
#include <longstate/execute/fir.hpp>
#endif

#include <unsupported/Eigen/CXX11/ThreadPool>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace longstate {
namespace {

int checked_count(int count) {
  if (count < 0 || count > 1024) detail::fail("Threads", "count must be from 0 to 1024", count);
  return count > 0 ? count : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

struct Threads::Pool {
  int count;
  Eigen::ThreadPool others;  // beside the caller's thread
  // They sleep between calls: a core that waits in a loop is not free for whatever comes next.
  explicit Pool(int threads) : count(threads), others(threads - 1, /*allow_spinning=*/false) {}
};

Threads::Threads(int count) : pool_(std::make_shared<Pool>(checked_count(count))) {}

int Threads::count() const { return pool_->count; }

void Threads::each(Index parts, const std::function<void(Index)>& part) const {
  std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(parts));
  const auto guarded = [&](Index k) {
    try {
      part(k);
    } catch (...) {
      thrown[static_cast<std::size_t>(k)] = std::current_exception();
    }
  };
  std::atomic<Index> next{0};
  const auto work = [&] {
    for (Index k = next++; k < parts; k = next++) guarded(k);
  };
  const Index others = std::min<Index>(count(), parts) - 1;
  Eigen::Barrier done(static_cast<unsigned>(std::max<Index>(others, 0)));
  for (Index k = 0; k < others; ++k) {
    pool_->others.Schedule([&] {
      work();
      done.Notify();
    });
  }
  work();
  done.Wait();
  for (const std::exception_ptr& exception : thrown) {
    if (exception) std::rethrow_exception(exception);
  }
}

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

template class Threaded<Recurrence<float>>;
template class Threaded<Recurrence<double>>;
template class Threaded<Chunked<float>>;
template class Threaded<Chunked<double>>;
template class Threaded<SelectiveScan<float>>;
template class Threaded<SelectiveScan<double>>;
#if LONGSTATE_WITH_FFTW
template class Threaded<Convolution<float>>;
template class Threaded<Convolution<double>>;
template class Threaded<Fir<float>>;
template class Threaded<Fir<double>>;
#endif

}  // namespace longstate
