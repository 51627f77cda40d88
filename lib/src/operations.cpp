#include "detail/tally.hpp"

namespace longstate {

Operations& detail::tally() noexcept {
  thread_local Operations of_this_thread;
  return of_this_thread;
}

OperationCount::OperationCount() noexcept : before_(detail::tally()) {}

Operations OperationCount::so_far() const noexcept {
  const Operations now = detail::tally();
  return {now.flops - before_.flops, now.exponentials - before_.exponentials};
}

}  // namespace longstate
