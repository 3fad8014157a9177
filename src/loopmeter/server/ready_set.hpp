// SPDX-License-Identifier: Apache-2.0
// Which of a worker's sockets can be read or written: one edge-triggered epoll set, itself one
// descriptor of the io_context. Its events complete the waiting handlers inline, so that a wake-up
// costs one system call for all connections that became ready, and no allocation.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <loopmeter/metrics/histogram.hpp>
#include <loopmeter/server/loop_clock.hpp>
#include <loopmeter/server/waiter.hpp>

namespace loopmeter::server {

/// Not thread-safe: it belongs to the thread that runs the io_context. After its destruction the
/// io_context must not run any more; sources may outlive it.
class ready_set {
 public:
  enum class readiness : std::uint8_t { readable, writable };
  class source;

  /// `batch_size` is told how many sockets were found ready at once. Throws
  /// boost::system::system_error if the kernel has no descriptor left.
  ready_set(asio::io_context &context, loop_clock &time, metrics::histogram batch_size = {});
  ready_set(ready_set const &) = delete;
  ready_set &operator=(ready_set const &) = delete;
  ~ready_set();

  /// Watches a socket until the source is removed or destroyed; that must happen before the
  /// descriptor is closed. An edge that came earlier is reported at once.
  error_code add(source &s, int descriptor);
  void remove(source &s) noexcept;

 private:
  static constexpr int events_per_batch = 256;
  // A batch this large says that the kernel has more by now: ask again before going back to Asio,
  // at one system call instead of three. Bounded, so that timers and posts get their turn.
  static constexpr int busy_batch = 8;
  static constexpr int rounds_max = 8;

  void wait();
  void dispatch();
  int dispatch_batch();

  struct link : boost::intrusive::list_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {};

  waiter::executor executor_;
  loop_clock &clock_;
  metrics::histogram batch_size_;
  asio::posix::stream_descriptor epoll_;
  std::array<epoll_event, events_per_batch> events_;
  int next_event_ = 0;  // events_[next_event_, event_count_) are still to be handled
  int event_count_ = 0;
  boost::intrusive::list<link, boost::intrusive::constant_time_size<false>> sources_;
};

/// One socket in a ready_set, and what is known of it. An edge is remembered until the owner says
/// that it has used it up: clear_readable() after a read that came short, clear_writable() after a
/// write that would block.
class ready_set::source : private ready_set::link {
 public:
  /// Called when the connection is broken (reset) and nobody waits on the source.
  using broken_callback = void (*)(void *context);

  explicit source(broken_callback on_broken = nullptr, void *context = nullptr) noexcept
      : on_broken_(on_broken), context_(context) {}
  source(source const &) = delete;
  source &operator=(source const &) = delete;
  ~source();

  bool readable() const noexcept { return (events_ & (EPOLLIN | EPOLLRDHUP)) != 0 || broken(); }
  bool writable() const noexcept { return (events_ & EPOLLOUT) != 0 || broken(); }
  /// The peer has sent its FIN; it may still read.
  bool peer_closed() const noexcept { return (events_ & EPOLLRDHUP) != 0 || broken(); }
  /// Reset, or both directions closed: nothing can be sent any more.
  bool broken() const noexcept { return (events_ & (EPOLLERR | EPOLLHUP)) != 0; }

  void clear_readable() noexcept { events_ &= ~static_cast<std::uint32_t>(EPOLLIN); }
  void clear_writable() noexcept { events_ &= ~static_cast<std::uint32_t>(EPOLLOUT); }

  /// Completes with success when the socket is (or already was known to be) readable or writable,
  /// with operation_aborted after cancel(). One wait at a time. Allocates nothing for a handler of
  /// up to 40 bytes.
  template <class Token>
  auto async_wait(readiness what, Token &&token) {
    return asio::async_initiate<Token, void(error_code)>(
        [this, what](auto &&handler) {
          this->begin(what, std::forward<decltype(handler)>(handler));
        },
        token);
  }

  bool waiting() const noexcept { return waiter_.waiting(); }
  /// Ends the wait, if any, with operation_aborted; the handler is posted, not called.
  void cancel() { waiter_.complete_later(asio::error::operation_aborted); }

 private:
  friend class ready_set;

  template <class Handler>
  void begin(readiness what, Handler &&handler) {
    LOOPMETER_ASSERT(set_ != nullptr);
    awaited_ = what;
    waiter_.begin(set_->executor_, std::forward<Handler>(handler));
    if (satisfied()) waiter_.complete_later({});
  }

  bool satisfied() const noexcept {
    return awaited_ == readiness::readable ? readable() : writable();
  }
  void on_events(std::uint32_t events);

  ready_set *set_ = nullptr;
  broken_callback on_broken_;
  void *context_;
  int descriptor_ = -1;
  std::uint32_t events_ = 0;
  readiness awaited_ = readiness::readable;
  waiter waiter_;
};

}  // namespace loopmeter::server
