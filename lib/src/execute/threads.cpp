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

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace longstate {
namespace {

int checked_count(int count) {
  if (count < 0 || count > 1024) detail::fail("Threads", "count must be from 0 to 1024", count);
  return count > 0 ? count : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

/// Work in hand is a list of jobs that live on their callers' stacks: to hand one out takes a lock and no memory, so that nothing can
/// fail once a part may run. A job leaves the list, and its caller returns, when its parts are given out and no thread is in it.
struct Threads::Pool {
  struct Job {
    const std::function<void(Index)>& part;
    const Index parts;
    std::atomic<Index> next = 0;
    Job* after = nullptr;
    Index inside = 0;  // threads of the pool at work on it
    std::condition_variable left = {};
    Index failed = parts;  // the first part that threw
    std::exception_ptr thrown = nullptr;
  };

  const int count;   // with the caller's thread
  std::mutex mutex;  // of all below, and of what jobs have but `next`
  std::condition_variable wake = {};
  Job* jobs = nullptr;
  bool stop = false;
  std::vector<std::thread> others = {};

  explicit Pool(int threads) : count(threads) {
    others.reserve(static_cast<std::size_t>(count - 1));
    try {
      while (std::ssize(others) < count - 1) others.emplace_back([this] { serve(); });
    } catch (...) {
      join();
      throw;
    }
  }
  ~Pool() { join(); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void join() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    wake.notify_all();
    for (std::thread& thread : others) thread.join();
  }

  /// What a thread of the pool does. They sleep between calls: a core that waits in a loop is not free for whatever comes next.
  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return stop || jobs != nullptr; });
      if (stop) return;
      Job& job = *jobs;
      ++job.inside;
      lock.unlock();
      work(job);
      lock.lock();
      remove(job);
      if (--job.inside == 0) job.left.notify_one();
    }
  }

  /// Parts of a job until all are given out.
  void work(Job& job) {
    for (Index k = job.next++; k < job.parts; k = job.next++) {
      try {
        job.part(k);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (k > job.failed) continue;
        job.failed = k;
        job.thrown = std::current_exception();
      }
    }
  }

  /// From the list, if it is there still.
  void remove(const Job& job) {
    Job** at = &jobs;
    while (*at != nullptr && *at != &job) at = &(*at)->after;
    if (*at != nullptr) *at = job.after;
  }

  void run(Job& job) {
    const Index helpers = std::min<Index>(count, job.parts) - 1;
    if (helpers > 0) {
      const std::lock_guard lock(mutex);
      job.after = jobs;
      jobs = &job;
    }
    for (Index k = 0; k < helpers; ++k) wake.notify_one();
    work(job);
    std::unique_lock lock(mutex);
    remove(job);
    job.left.wait(lock, [&] { return job.inside == 0; });
  }
};

Threads::Threads(int count) : pool_(std::make_shared<Pool>(checked_count(count))) {}

int Threads::count() const { return pool_->count; }

void Threads::each(Index parts, const std::function<void(Index)>& part) const {
  Pool::Job job{part, parts};
  pool_->run(job);
  if (job.thrown) std::rethrow_exception(job.thrown);
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
