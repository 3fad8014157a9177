// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/worker.hpp>

#include <boost/asio/post.hpp>

#include <pthread.h>

#include <csignal>
#include <exception>
#include <utility>

#include <loopmeter/base/log.hpp>
#include <loopmeter/base/thread_time.hpp>
#include <loopmeter/metrics/shard.hpp>
#include <loopmeter/server/connection.hpp>

namespace loopmeter::server {

worker::worker(shared const &common, worker_place const &place, std::function<void()> on_finished)
    : number_(place.number),
      loop_(common, place.measured, place.serves_only),
      heartbeat_(loop_.sleeps, &on_heartbeat, this),
      on_finished_(std::move(on_finished)),
      work_(loop_.context.get_executor()) {}

worker::~worker() {
  abandon();
  join();
  loop_.on_last_closed = nullptr;
}

void worker::start() {
  thread_ = std::thread([this] { run(); });
}

void worker::join() {
  if (thread_.joinable()) thread_.join();
}

void worker::run() {
  ::pthread_setname_np(::pthread_self(), "worker");
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are the main thread's business
  metrics::prepare_thread();  // without a shard it serves all the same, and that is counted
  loop_.clock.update();
  on_heartbeat(this);
  for (auto &l : listeners_)
    l.start();
  for (;;) {
    try {
      loop_.context.run();
      return;
    } catch (std::exception const &e) {  // of a completion handler that is not ours
      log::error("exception in the event loop", {{"error", e.what()}});
    }
  }
}

void worker::count_time() noexcept {
  auto const add = [](metrics::float_counter to, auto now, auto &counted) {
    to.inc(std::chrono::duration<double>(now - counted).count());
    counted = now;
  };
  auto const used = time_of_this_thread();
  add(loop_.measured.cpu, used.running, cpu_counted_);
  if (used.waiting) add(loop_.measured.cpu_wait, *used.waiting, cpu_wait_counted_);
}

void worker::on_heartbeat(void *self) {
  auto &w = *static_cast<worker *>(self);
  w.count_time();
  w.loop_.common.life.hearts().beat(w.number_, w.loop_.clock.now());
  w.heartbeat_.set(heartbeats::interval);  // also what the lag of an idle loop is known by
}

void worker::report(std::function<void(worker_report)> told) {
  asio::post(loop_.context, [this, told = std::move(told)] {
    worker_report now{.number = number_};
    for (auto const &link : loop_.connections) {
      ++now.connections;
      now.requests += static_cast<connection const &>(link).serves() ? 1U : 0U;
    }
    told(now);
  });
}

void worker::close_gates() {
  asio::post(loop_.context, [this] {
    for (auto &l : listeners_)
      l.close_gate();
  });
}

void worker::adopt(web_access::shared_policy policy) {
  asio::post(loop_.context,
             [this, held = std::move(policy)]() mutable { loop_.doorman->adopt(std::move(held)); });
}

void worker::finish() {
  asio::post(loop_.context, [this] { begin_finish(); });
}

void worker::begin_finish() {
  loop_.clock.update();  // a post is no wake-up of ready set or wheel, and deadlines begin here
  for (auto &l : listeners_)
    l.stop();
  // Connections that were accepted just now run first: they stand in the queue before this.
  asio::post(loop_.context, [this] {
    for (auto &link : loop_.connections)
      static_cast<connection &>(link).drain();
    end_when_empty();
  });
}

void worker::cut() {
  asio::post(loop_.context, [this] {
    for (auto &link : loop_.connections)
      static_cast<connection &>(link).cut();
  });
}

void worker::end_when_empty() {
  if (loop_.connections.empty()) {
    work_.reset();
    loop_.common.life.hearts().retire(number_);
    on_finished_();
    loop_.context.stop();
    return;
  }
  loop_.on_last_closed = [this] { asio::post(loop_.context, [this] { end_when_empty(); }); };
}

}  // namespace loopmeter::server
