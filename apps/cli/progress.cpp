#include "cli/progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace cli {

Progress::Progress(std::string what) : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::update(double share, long long count) {
  using namespace std::chrono_literals;
  const Clock::time_point now = Clock::now();
  if (!terminal_ || now - start_ < 500ms || now - last_ < 100ms) return;
  last_ = now;
  drawn_ = true;

  constexpr int width = 30;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double speed = static_cast<double>(count) / seconds;
  std::string bar;
  if (share >= 0) {
    const int full = std::clamp(static_cast<int>(share * width), 0, width);
    const double left = share > 0 ? seconds * (1 - share) / share : 0;
    bar = fmt::format("[{}{}] {:3.0f}%  {:.0f} s left", std::string(static_cast<std::size_t>(full), '#'),
                      std::string(static_cast<std::size_t>(width - full), '.'), 100 * share, left);
  } else {  // a mark that runs to and fro
    const int at = static_cast<int>(seconds * 10) % (2 * width);
    std::string track(width, '.');
    track[static_cast<std::size_t>(at < width ? at : 2 * width - 1 - at)] = '#';
    bar = fmt::format("[{}]", track);
  }
  fmt::print(stderr, "\r\x1b[K{} {}", what_, bar);
  if (count > 0) fmt::print(stderr, "  {:.3g} samples, {:.3g} a second", static_cast<double>(count), speed);
  std::fflush(stderr);
}

Working::Working(std::string what) : progress_(std::move(what)) {
  using namespace std::chrono_literals;
  if (::isatty(STDERR_FILENO) != 1) return;
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!end_.wait_for(lock, 100ms, [this] { return over_; })) progress_.update(-1, 0);
  });
}

Working::~Working() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  end_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace cli
