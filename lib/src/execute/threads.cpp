#include "../detail/check.hpp"

#include <longstate/execute/threads.hpp>

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

}  // namespace longstate
