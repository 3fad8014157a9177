// SPDX-License-Identifier: Apache-2.0
// One completion handler that waits for an event of its worker: the core of both asynchronous
// operations that are our own, readiness (ready_set.hpp) and sleep (wheel.hpp).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <loopmeter/base/assert.hpp>

namespace loopmeter::server {

namespace asio = boost::asio;
using error_code = boost::system::error_code;

/// Holds a handler of signature void(error_code). A small one is kept in place; a larger one in
/// memory from its associated allocator. Not thread-safe: it belongs to the thread that runs its
/// io_context, and cancellation slots must be emitted there too.
class waiter {
 public:
  using executor = asio::io_context::executor_type;

  waiter() = default;
  waiter(waiter const &) = delete;
  waiter &operator=(waiter const &) = delete;
  ~waiter() { destroy(); }

  bool waiting() const noexcept { return operations_ != nullptr; }

  /// Begins a wait. The handler's cancellation slot, if connected, ends it with operation_aborted.
  template <class Handler>
  void begin(executor const &home, Handler &&handler) {
    using holder = held<std::decay_t<Handler>>;
    LOOPMETER_ASSERT(!waiting());
    if constexpr (fits<holder>) {
      ::new (storage_.data()) holder(home, std::forward<Handler>(handler));
    } else {
      auto allocator = holder::allocator_for(asio::get_associated_allocator(handler));
      auto *memory = std::allocator_traits<decltype(allocator)>::allocate(allocator, 1);
      try {
        ::new (memory) holder(home, std::forward<Handler>(handler));
      } catch (...) {
        std::allocator_traits<decltype(allocator)>::deallocate(allocator, memory, 1);
        throw;
      }
      ::new (storage_.data()) holder *(memory);
    }
    operations_ = &operations_for<holder>;
    auto slot = get<holder>().slot();
    if (slot.is_connected()) {
      slot.assign(
          [this](asio::cancellation_type) { complete_later(asio::error::operation_aborted); });
    }
  }

  /// Calls the handler now if its executor is the worker's own, else posts it. Only from the
  /// worker's event loop, never from an initiating function. May destroy *this.
  void complete(error_code ec) {
    if (waiting()) operations_->complete(*this, ec, true);
  }

  /// Posts the handler. From anywhere on the worker's thread.
  void complete_later(error_code ec) {
    if (waiting()) operations_->complete(*this, ec, false);
  }

  /// Drops the handler without calling it.
  void destroy() noexcept {
    if (waiting()) operations_->destroy(*this);
  }

 private:
  static constexpr std::size_t inline_bytes = 48;

  struct operations {
    void (*complete)(waiter &, error_code, bool inline_allowed);
    void (*destroy)(waiter &) noexcept;
  };

  // The handler, and what keeps a foreign executor's context from running out of work meanwhile.
  template <class Handler>
  struct held {
    using handler_executor = std::decay_t<decltype(asio::get_associated_executor(
        std::declval<Handler &>(), std::declval<executor const &>()))>;
    static constexpr bool is_home_type = std::is_same_v<handler_executor, executor>;
    using tracked = std::decay_t<decltype(asio::prefer(std::declval<handler_executor const &>(),
                                                       asio::execution::outstanding_work.tracked))>;
    struct nothing {
      explicit nothing(handler_executor const &) {}
    };
    struct work {
      explicit work(handler_executor const &e)
          : executor(asio::prefer(e, asio::execution::outstanding_work.tracked)) {}
      tracked executor;
    };

    template <class H>
    held(executor const &home, H &&h)
        : home_executor(home),
          handler(std::forward<H>(h)),
          outstanding(asio::get_associated_executor(handler, home_executor)) {}

    auto slot() noexcept { return asio::get_associated_cancellation_slot(handler); }

    template <class Allocator>
    static auto allocator_for(Allocator const &a) {
      return typename std::allocator_traits<Allocator>::template rebind_alloc<held>(a);
    }

    bool runs_at_home() const noexcept {
      auto const own = asio::get_associated_executor(handler, home_executor);
      if constexpr (is_home_type) {
        return own == home_executor;
      } else if constexpr (std::is_same_v<handler_executor, asio::any_io_executor>) {
        auto const *target = own.template target<executor>();
        return target != nullptr && *target == home_executor;
      } else {
        return false;
      }
    }

    executor home_executor;
    Handler handler;
    // The worker's own context is kept running by its worker: nothing to track there.
    [[no_unique_address]] std::conditional_t<is_home_type, nothing, work> outstanding;
  };

  template <class Holder>
  static constexpr bool fits =
      sizeof(Holder) <= inline_bytes && alignof(Holder) <= alignof(std::max_align_t) &&
      std::is_nothrow_move_constructible_v<Holder>;

  template <class Holder>
  Holder &get() noexcept {
    if constexpr (fits<Holder>) {
      return *std::launder(reinterpret_cast<Holder *>(storage_.data()));
    } else {
      return **std::launder(reinterpret_cast<Holder **>(storage_.data()));
    }
  }

  // Moves the handler out and gives its memory back before anything else happens: the handler may
  // begin the next wait at once, or destroy the waiter. A moved-from handler has no slot and no
  // allocator any more, so both are asked for first.
  template <class Holder>
  Holder take() noexcept {
    auto &stored = get<Holder>();
    if (auto slot = stored.slot(); slot.is_connected()) slot.clear();
    [[maybe_unused]] auto allocator =
        Holder::allocator_for(asio::get_associated_allocator(stored.handler));
    Holder taken(std::move(stored));
    stored.~Holder();
    if constexpr (!fits<Holder>) {
      std::allocator_traits<decltype(allocator)>::deallocate(allocator, &stored, 1);
    }
    operations_ = nullptr;
    return taken;
  }

  template <class Holder>
  static void complete_as(waiter &self, error_code ec, bool inline_allowed) {
    auto taken = self.take<Holder>();
    if (inline_allowed && taken.runs_at_home()) {
      try {
        std::move(taken.handler)(ec);
      } catch (...) {  // leaves run() as from any handler, but not in the middle of others' events
        asio::post(taken.home_executor,
                   [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
      }
    } else {
      auto const executor = asio::get_associated_executor(taken.handler, taken.home_executor);
      asio::post(executor, asio::append(std::move(taken.handler), ec));
    }
  }

  template <class Holder>
  static void destroy_as(waiter &self) noexcept {
    self.take<Holder>();
  }

  template <class Holder>
  static constexpr operations operations_for{&complete_as<Holder>, &destroy_as<Holder>};

  operations const *operations_ = nullptr;
  alignas(std::max_align_t) std::array<std::byte, inline_bytes> storage_;
};

}  // namespace loopmeter::server
