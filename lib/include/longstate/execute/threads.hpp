#pragma once

/// \file
/// Any path on several threads, each with some of the channels.

#include <longstate/config.hpp>
#include <longstate/types.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace longstate {

/// Threads that wait for work, asleep. A handle: copies share them, and any number of paths may use them at the same time.
class LONGSTATE_API Threads {
 public:
  /// count: with the caller's own, which works too; 0: as many as the machine has cores. Throws std::invalid_argument if
  /// count is negative or above 1,024, std::system_error where the system has no thread to give (std::bad_alloc where it has no
  /// memory at all); those that it gave before are gone then.
  explicit Threads(int count = 0);

  int count() const;

  /// Runs part(0) … part(parts - 1), each on whatever thread is free, the caller's too, and returns when all are done. The
  /// first exception of a part is thrown again then. Nothing else is thrown: it takes a lock, and no memory. A part may call it, too.
  void each(Index parts, const std::function<void(Index)>& part) const;

 private:
  struct Pool;
  std::shared_ptr<Pool> pool_;
};

/// Copies that a part takes at least: the widest vector of channels, and a cache line of a frame.
inline constexpr Index copies_of_a_part = 16;

/// SelectiveScan, whose inputs are its own.
template <class Path>
concept Selective = requires(const Path& path) {
  path.channels();
};

/// A path cut into parts by its copies: Recurrence, Chunked, Convolution, Fir or SelectiveScan (Planned goes on its plan's own threads), with the same `run` and `step` and the same
/// result, to the bit, for any number of threads: copies do not depend on each other, and parts begin at multiples of 16, so
/// that a copy goes in the same loop as ever.
///
///     Threaded<Recurrence<float>> path(Threads(2), 256, [&](Index first, Index count) {
///       return Recurrence<float>(std::vector(layer.begin() + first, layer.begin() + first + count));
///     });
///
/// Cost       the path's, over min(threads, copies / 16); a wake-up for each call (some 10 us: give calls more work than
///            that).
/// Real-time  step() as the path's. run() as the path's with one thread or one part; else no: waking threads takes a lock.
template <class Path>
class LONGSTATE_API Threaded {
 public:
  using State = decltype(std::declval<const Path&>().zero_state());
  using T = typename State::Scalar;
  using Make = std::function<Path(Index first, Index count)>;

  /// make: the path of copies first … first + count - 1. Throws std::invalid_argument if copies < 1 or if the parts disagree
  /// in their order, and what make throws.
  Threaded(Threads threads, Index copies, const Make& make);

  Index order() const { return parts_.front().path.order(); }
  Index copies() const { return copies_; }
  Index inputs() const { return inputs_ * copies_; }
  Index outputs() const { return outputs_ * copies_; }
  Index parts() const { return static_cast<Index>(parts_.size()); }
  State zero_state() const { return State::Zero(order(), copies_); }

  /// One frame, as the path's own step(), part after part on this thread: to wake another takes longer than many a frame.
  void step(ConstFrame<T> u, Frame<T> y, StateRef<T> x) noexcept requires(!Selective<Path>);
  void step(ConstFrame<T> u, ConstFrame<T> delta, ConstFrame<T> B, ConstFrame<T> C, Frame<T> y, StateRef<T> x) noexcept
      requires(Selective<Path>);

  /// As the path's own. Throws std::invalid_argument if the shapes do not fit; then nothing has run.
  void run(ConstSignal<T> u, Signal<T> y, StateRef<T> x) requires(!Selective<Path>);
  void run(ConstSignal<T> u, ConstSignal<T> delta, ConstSignal<T> B, ConstSignal<T> C, Signal<T> y,
           StateRef<T> x) requires(Selective<Path>);

 private:
  struct Part {
    Index first, count;
    Path path;
  };
  /// work(part, its columns of x)
  template <class Work>
  void each(StateRef<T> x, const Work& work);

  Threads threads_;
  Index copies_, inputs_ = 1, outputs_ = 1;  // of a copy
  std::vector<Part> parts_;
};

}  // namespace longstate
