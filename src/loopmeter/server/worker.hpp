// SPDX-License-Identifier: Apache-2.0
// One worker: a thread, its event loop, its listeners and its connections.
#pragma once

#include <boost/asio/executor_work_guard.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <loopmeter/server/listener.hpp>
#include <loopmeter/server/loop.hpp>

namespace loopmeter::server {

/// A worker's place among those of its server.
struct worker_place {
  unsigned number = 0;
  loop_handles measured;
  std::optional<accounting> serves_only;  ///< see loop
};

/// What a worker has to do just now.
struct worker_report {
  unsigned number = 0;
  std::size_t connections = 0;
  std::size_t requests = 0;  ///< of the service, under way
};

/// Public members may be called from any thread; they post to the worker's own.
class worker {
 public:
  /// `on_finished` is called on the worker's thread when finish() or cut() has closed the last
  /// connection.
  worker(shared const &common, worker_place const &place, std::function<void()> on_finished);
  ~worker();
  worker(worker const &) = delete;
  worker &operator=(worker const &) = delete;

  /// Before start() only.
  void add_listener(unique_fd socket, std::vector<loop *> homes = {}) {
    listeners_.emplace_back(loop_, std::move(socket), std::move(homes));
  }
  /// Where others may post to for as long as this worker exists.
  loop &home() noexcept { return loop_; }
  void start();

  /// A web configuration that replaces the one before; only where there was one.
  void adopt(web_access::shared_policy policy);

  /// Calls back on the worker's thread; never if it has ended.
  void report(std::function<void(worker_report)> told);
  /// The first step of the end: see listener::close_gate().
  void close_gates();
  /// Serves the accept queues, closes the listeners, then ends each connection when its request, if
  /// any, is answered.
  void finish();
  /// Ends all connections now; a handler that waits for something of its own ends when that does.
  void cut();
  /// Stops the loop with whatever is still in it.
  void abandon() { loop_.context.stop(); }
  void join();

 private:
  void run();
  void begin_finish();
  void end_when_empty();
  void count_time() noexcept;
  static void on_heartbeat(void *self);

  unsigned const number_;
  loop loop_;
  wheel::deadline heartbeat_;
  std::chrono::nanoseconds cpu_counted_{};
  std::chrono::nanoseconds cpu_wait_counted_{};
  std::list<listener> listeners_;  // list: a listener neither moves nor copies
  std::function<void()> on_finished_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace loopmeter::server
