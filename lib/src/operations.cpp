#include "detail/tally.hpp"

#ifndef _WIN32
#include <pthread.h>

#include <system_error>
#endif

namespace longstate {
namespace {

// A pointer of each thread's own. Not thread_local: in a library that was loaded at run time the first touch of such a variable
// takes its memory from the heap, and a thread that never counts, of an audio driver's say, must not. Reading a POSIX key never
// does. (On Windows thread_local variables have their memory from the thread's start.)
#ifndef _WIN32
class Innermost {
 public:
  Innermost() { check(pthread_key_create(&key_, nullptr)); }
  Innermost(const Innermost&) = delete;
  Innermost& operator=(const Innermost&) = delete;
  ~Innermost() { pthread_key_delete(key_); }

  const OperationCount* get() const noexcept { return static_cast<const OperationCount*>(pthread_getspecific(key_)); }
  void set(const OperationCount* count) { check(pthread_setspecific(key_, count)); }

 private:
  static void check(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category(), "longstate::OperationCount");
  }
  pthread_key_t key_{};
};
#else
class Innermost {
 public:
  const OperationCount* get() const noexcept { return of_this_thread_; }
  void set(const OperationCount* count) { of_this_thread_ = count; }

 private:
  static inline thread_local const OperationCount* of_this_thread_ = nullptr;
};
#endif

Innermost& innermost() {
  static Innermost only;  // made by the first OperationCount
  return only;
}

}  // namespace

std::atomic<int> detail::counts_alive{0};

void detail::add_to_counts(const Operations& done) noexcept {
  for (const OperationCount* count = innermost().get(); count; count = count->outer_) {
    count->counted_.flops += done.flops;
    count->counted_.exponentials += done.exponentials;
  }
}

OperationCount::OperationCount() : outer_(innermost().get()) {
  innermost().set(this);
  detail::counts_alive.fetch_add(1, std::memory_order_release);
}

OperationCount::~OperationCount() {  // NOLINT(bugprone-exception-escape): the key exists since the constructor
  detail::counts_alive.fetch_sub(1, std::memory_order_relaxed);
  const OperationCount* inner = innermost().get();
  if (inner == this) {
    innermost().set(outer_);
    return;
  }
  while (inner && inner->outer_ != this) inner = inner->outer_;  // it ends before one that began later
  if (inner) inner->outer_ = outer_;
}

}  // namespace longstate
