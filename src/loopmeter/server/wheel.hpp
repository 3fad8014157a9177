// SPDX-License-Identifier: Apache-2.0
// Sleeps and deadlines of one worker: a timing wheel with 1 ms slots, driven by one timer of the
// io_context that is armed for the earliest occupied slot. Ten thousand sleepers cost one timer.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <utility>

#include <loopmeter/metrics/histogram.hpp>
#include <loopmeter/server/loop_clock.hpp>
#include <loopmeter/server/timing_wheel.hpp>
#include <loopmeter/server/waiter.hpp>

namespace loopmeter::server {

/// Not thread-safe: it belongs to the thread that runs the io_context. After its destruction the
/// io_context must not run any more; sleepers and deadlines may outlive it, but not be used.
class wheel {
 public:
  class sleeper;
  class deadline;

  /// `lag` is told, in seconds, how late each wake-up came.
  wheel(asio::io_context &context, loop_clock &time, metrics::histogram lag = {});
  wheel(wheel const &) = delete;
  wheel &operator=(wheel const &) = delete;
  ~wheel();

 private:
  static constexpr std::uint64_t unarmed = UINT64_MAX;

  std::uint64_t tick_at_or_after(clock::time_point t) const noexcept;
  void insert(wheel_entry &entry, std::uint64_t due_tick);
  void arm();
  void on_timer();

  waiter::executor executor_;
  loop_clock &clock_;
  metrics::histogram lag_;
  clock::time_point start_;  // of tick 0
  timing_wheel ticks_;
  asio::steady_timer timer_;
  std::uint64_t armed_tick_ = unarmed;
};

/// A sleep. One at a time; never ends early, and late by at most a tick and the loop's own lag.
class wheel::sleeper : private wheel_entry {
 public:
  explicit sleeper(wheel &owner) noexcept : wheel_entry(&sleeper::on_expiry), owner_(owner) {}
  sleeper(sleeper const &) = delete;
  sleeper &operator=(sleeper const &) = delete;

  /// Completes with success after `duration`, or with operation_aborted after cancel(), and at once
  /// after close(). Allocates nothing for a handler of up to 40 bytes.
  template <class Token>
  auto async_sleep(clock::duration duration, Token &&token) {
    return asio::async_initiate<Token, void(error_code)>(
        [this, duration](auto &&handler) {
          waiter_.begin(owner_.executor_, std::forward<decltype(handler)>(handler));
          this->begin(duration);
        },
        token);
  }

  bool sleeping() const noexcept { return waiter_.waiting(); }
  /// Ends the sleep, if any, with operation_aborted; the handler is posted, not called.
  void cancel();
  /// Ends the sleep, if any, with success before its time. Calls the handler now: only from the
  /// worker's event loop.
  void wake();
  /// Ends this sleep, and every later one: whoever is asleep here has no reason to be any more.
  void close();
  bool closed() const noexcept { return closed_; }

 private:
  friend class wheel;
  void begin(clock::duration duration);
  static void on_expiry(wheel_entry &entry);

  wheel &owner_;
  waiter waiter_;
  bool closed_ = false;
};

/// A point in time that moves away with each success. Moving it later costs one store; the wheel is
/// touched only when it comes nearer, or when the old time has come.
class wheel::deadline : private wheel_entry {
 public:
  using callback = void (*)(void *context);

  deadline(wheel &owner, callback on_deadline, void *context) noexcept
      : wheel_entry(&deadline::on_expiry),
        owner_(owner),
        on_deadline_(on_deadline),
        context_(context) {}
  deadline(deadline const &) = delete;
  deadline &operator=(deadline const &) = delete;

  /// Calls the callback once when `timeout` has passed; up to an eighth later, at most 256 ms, so
  /// that the deadlines of many idle connections share wake-ups.
  void set(clock::duration timeout);
  void clear() noexcept { due_ = clock::time_point::max(); }

 private:
  static void on_expiry(wheel_entry &entry);
  void insert();

  wheel &owner_;
  callback on_deadline_;
  void *context_;
  clock::time_point due_ = clock::time_point::max();
  std::uint64_t slack_ticks_ = 1;
};

}  // namespace loopmeter::server
