// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/waiter.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "counted_new.hpp"

namespace asio = boost::asio;
using loopmeter::server::error_code;
using loopmeter::server::waiter;

namespace {

struct allocation_count {
  int made = 0;
  int freed = 0;
};

template <class T>
struct counting_allocator {
  using value_type = T;

  explicit counting_allocator(allocation_count &c) : count(&c) {}
  template <class U>
  counting_allocator(counting_allocator<U> const &other) : count(other.count) {}

  T *allocate(std::size_t n) {
    ++count->made;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T *p, std::size_t n) {
    ++count->freed;
    std::allocator<T>().deallocate(p, n);
  }
  bool operator==(counting_allocator const &) const = default;

  allocation_count *count;
};

struct home {
  asio::io_context context;
  waiter::executor executor = context.get_executor();
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_waiter)

BOOST_FIXTURE_TEST_CASE(small_handler_runs_inline_and_allocates_nothing, home) {
  waiter w;
  std::optional<error_code> got;
  auto const before = test::allocations();
  w.begin(executor, [&got](error_code ec) { got = ec; });
  bool const waiting = w.waiting();
  w.complete({});
  auto const made = test::allocations() - before;
  BOOST_TEST(waiting);
  BOOST_TEST(!w.waiting());
  BOOST_TEST(got.has_value());
  BOOST_TEST(made == 0U);
  w.complete({});  // nobody waits
}

BOOST_FIXTURE_TEST_CASE(complete_later_posts, home) {
  waiter w;
  std::optional<error_code> got;
  w.begin(executor, [&got](error_code ec) { got = ec; });
  w.complete_later(asio::error::operation_aborted);
  BOOST_TEST(!w.waiting());
  BOOST_TEST(!got.has_value());
  context.run();
  BOOST_TEST((got == asio::error::operation_aborted));
}

BOOST_FIXTURE_TEST_CASE(large_handler_uses_its_allocator, home) {
  allocation_count count;
  waiter w;
  std::array<char, 200> const large{};
  bool freed_before_call = false;
  auto const handler = [&, large](error_code) {
    freed_before_call = count.freed == 1;
    static_cast<void>(large);
  };
  w.begin(executor, asio::bind_allocator(counting_allocator<char>(count), handler));
  BOOST_TEST(count.made == 1);
  w.complete({});
  BOOST_TEST(freed_before_call);
  BOOST_TEST(count.freed == 1);

  w.begin(executor, asio::bind_allocator(counting_allocator<char>(count), handler));
  w.destroy();
  BOOST_TEST(count.made == 2);
  BOOST_TEST(count.freed == 2);
}

BOOST_FIXTURE_TEST_CASE(foreign_executor_gets_it_posted_and_stays_alive, home) {
  asio::io_context other;
  waiter w;
  bool called = false;
  w.begin(executor,
          asio::bind_executor(other.get_executor(), [&called](error_code) { called = true; }));
  w.complete({});
  BOOST_TEST(!called);
  BOOST_TEST(context.poll() == 0U);
  BOOST_TEST(other.run() == 1U);
  BOOST_TEST(called);
}

BOOST_FIXTURE_TEST_CASE(foreign_context_does_not_run_out_of_work, home) {
  asio::thread_pool other(1);
  asio::io_context erased;
  waiter w;
  waiter x;
  w.begin(executor, asio::bind_executor(other.get_executor(), [](error_code) {}));
  x.begin(executor,
          asio::bind_executor(asio::any_io_executor(erased.get_executor()), [](error_code) {}));
  erased.poll();
  BOOST_TEST(!erased.stopped());
  w.complete({});
  x.complete({});
  BOOST_TEST(erased.run() == 1U);
  erased.poll();
  BOOST_TEST(erased.stopped());
  other.join();
}

BOOST_FIXTURE_TEST_CASE(type_erased_home_runs_inline, home) {
  waiter w;
  bool called = false;
  w.begin(executor, asio::bind_executor(asio::any_io_executor(executor),
                                        [&called](error_code) { called = true; }));
  w.complete({});
  BOOST_TEST(called);
}

BOOST_FIXTURE_TEST_CASE(destroyed_drops_the_handler, home) {
  auto const held = std::make_shared<int>(0);
  {
    waiter w;
    w.begin(executor, [held](error_code) { BOOST_ERROR("called"); });
    BOOST_TEST(held.use_count() == 2);
  }
  BOOST_TEST(held.use_count() == 1);
  context.run();
}

BOOST_FIXTURE_TEST_CASE(cancellation_slot_ends_the_wait_once, home) {
  asio::cancellation_signal signal;
  waiter w;
  int aborted = 0;
  auto const handler = asio::bind_cancellation_slot(signal.slot(), [&](error_code ec) {
    aborted += ec == asio::error::operation_aborted ? 1 : 100;
  });
  w.begin(executor, handler);
  signal.emit(asio::cancellation_type::terminal);
  BOOST_TEST(!w.waiting());
  signal.emit(asio::cancellation_type::terminal);
  context.run();
  BOOST_TEST(aborted == 1);

  // A slot of a wait that is over must not reach the next one.
  w.begin(executor, handler);
  w.destroy();
  w.begin(executor, [&](error_code) { aborted = 1000; });
  signal.emit(asio::cancellation_type::terminal);
  BOOST_TEST(w.waiting());
}

BOOST_FIXTURE_TEST_CASE(handler_may_begin_the_next_wait, home) {
  waiter w;
  int calls = 0;
  w.begin(executor, [&](error_code) {
    ++calls;
    w.begin(executor, [&](error_code) { ++calls; });
  });
  w.complete({});
  BOOST_TEST(w.waiting());
  w.complete({});
  BOOST_TEST(calls == 2);
}

BOOST_FIXTURE_TEST_CASE(handler_may_destroy_the_waiter, home) {
  auto w = std::make_unique<waiter>();
  std::array<char, 100> const large{};
  w->begin(executor, [&w, large](error_code) {
    static_cast<void>(large);
    w.reset();
  });
  w->complete({});
  BOOST_TEST(w == nullptr);
}

BOOST_FIXTURE_TEST_CASE(exception_leaves_through_the_event_loop, home) {
  waiter w;
  w.begin(executor, [](error_code) { throw std::runtime_error("handler"); });
  BOOST_CHECK_NO_THROW(w.complete({}));
  BOOST_CHECK_THROW(context.run(), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
