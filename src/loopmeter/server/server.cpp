// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/server.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>

#include <loopmeter/base/assert.hpp>
#include <loopmeter/base/log.hpp>

namespace loopmeter::server {

namespace {
constexpr std::chrono::seconds cut_grace{1};
}  // namespace

server::server(options chosen, std::vector<route> routes, metrics::registry &registry,
               lifecycle &life)
    : options_(std::move(chosen)),
      routes_(std::move(routes)),
      requests_(registry, options_.service, routes_),
      connections_(registry),
      loops_(registry, options_.workers),
      life_(life),
      shared_{routes_, options_.limits, life_, requests_, connections_} {
  LOOPMETER_ASSERT(options_.workers > 0);
  for (unsigned i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<worker>(
        shared_, loops_.of(i), [this] { asio::post(control_, [this] { worker_finished(); }); }));
  }
}

server::~server() {
  stop_companions();
}

void server::listen() {
  ::signal(SIGPIPE, SIG_IGN);
  // From the first moment at which somebody may know of us; one that comes before run() is kept.
  if (options_.handle_signals) {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
  }
  for (auto const &address : options_.listen) {
    auto sockets = listen_on(address, options_.workers, options_.limits.listen_backlog);
    addresses_.push_back(bound_address(sockets.front()));
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->add_listener(std::move(sockets[i]));
    }
  }
}

void server::run() {
  auto const guard = asio::make_work_guard(control_);
  if (options_.handle_signals) wait_for_signal();
  for (auto const &row : routes_.rows()) {
    if (row.needs != nullptr) row.needs->start();
  }
  for (auto &w : workers_)
    w->start();
  running_ = workers_.size();
  life_.enter(phase::ready);
  control_.run();
  for (auto &w : workers_)
    w->join();
  stop_companions();
  life_.enter(phase::stopped);
}

// They may post to the workers' loops: so they stop before these are destroyed.
void server::stop_companions() noexcept {
  for (auto const &row : routes_.rows()) {
    if (row.needs != nullptr) row.needs->stop();
  }
}

void server::wait_for_signal() {
  signals_.async_wait([this](error_code ec, int number) {
    if (ec) return;
    if (life_.draining()) {
      log::warn("second signal: ending at once", {{"signal", number}});
      std::_Exit(128 + number);
    }
    log::info("draining", {{"signal", number}, {"delay_ms", options_.shutdown_delay.count()}});
    drain();
    wait_for_signal();
  });
}

void server::request_stop() {
  asio::post(control_, [this] { drain(); });
}

// Not ready, but still serving: until every balancer has seen that we are not ready, a connection
// refused is a request lost.
void server::drain() {
  if (life_.draining()) return;
  life_.enter(phase::draining);
  timer_.expires_after(options_.shutdown_delay);
  timer_.async_wait([this](error_code ec) {
    if (!ec) finish();
  });
}

void server::finish() {
  life_.enter(phase::finishing);
  for (auto &w : workers_)
    w->finish();
  timer_.expires_after(options_.shutdown_timeout);
  timer_.async_wait([this](error_code ec) {
    if (!ec) cut();
  });
}

void server::cut() {
  log::warn("shutdown timeout: cutting what is left",
            {{"timeout_ms", options_.shutdown_timeout.count()}});
  for (auto &w : workers_)
    w->cut();
  // A handler that waits for something of its own cannot be cut, only left behind.
  timer_.expires_after(cut_grace);
  timer_.async_wait([this](error_code ec) {
    if (ec) return;
    for (auto &w : workers_)
      w->abandon();
    control_.stop();
  });
}

void server::worker_finished() {
  if (--running_ == 0) control_.stop();
}

}  // namespace loopmeter::server
