// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/server.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>

#include <loopmeter/base/assert.hpp>
#include <loopmeter/base/log.hpp>

namespace loopmeter::server {

namespace {
// From the last SYN let in to the request of its client: two round trips.
constexpr std::chrono::milliseconds gate_grace{100};
constexpr std::chrono::seconds cut_grace{1};
constexpr std::chrono::seconds web_watch_interval{1};

unsigned threads_of(options const &chosen) noexcept {
  return chosen.workers + (chosen.admin_listen ? 1 : 0);
}

options computed(options chosen) {
  auto &limits = chosen.limits;
  if (limits.connections_max == 0) {
    limits.connections_max =
        connections_within(descriptor_limit(), threads_of(chosen), chosen.listen.size(), limits);
  }
  return chosen;
}

std::unique_ptr<web_access> make_web_access(options const &chosen, metrics::registry &registry) {
  if (chosen.web_config_file.empty()) return nullptr;
  return std::make_unique<web_access>(chosen.web_config_file, chosen.service, registry);
}

}  // namespace

server::server(options chosen, std::vector<route> routes, metrics::registry &registry,
               lifecycle &life)
    : options_(computed(std::move(chosen))),
      routes_(std::move(routes)),
      requests_(registry, options_.service, routes_),
      connections_(registry),
      admission_(options_.limits, threads_of(options_)),
      loops_(registry, options_.workers, options_.admin_listen.has_value()),
      life_(life),
      web_(make_web_access(options_, registry)),
      shared_{routes_, options_.limits, life_, requests_, connections_, admission_, web_.get()} {
  LOOPMETER_ASSERT(options_.workers > 0);
  connections_.max.set(static_cast<double>(options_.limits.connections_max));
  add_workers();
  life_.on_scraped([this] {
    if (life_.draining()) asio::post(control_, [this] { check_last_scrape(); });
  });
}

server::~server() {
  stop_companions();
  life_.on_scraped(nullptr);
}

void server::add_workers() {
  bool const admin = options_.admin_listen.has_value();
  unsigned const count = threads_of(options_);
  life_.hearts().expect(count);
  for (unsigned i = 0; i < count; ++i) {
    worker_place place{.number = i, .measured = loops_.of(i), .serves_only = {}};
    if (admin) {
      place.serves_only = i < options_.workers ? accounting::service : accounting::internal;
    }
    workers_.push_back(std::make_unique<worker>(
        shared_, place, [this] { asio::post(control_, [this] { worker_finished(); }); }));
  }
}

void server::listen() {
  ::signal(SIGPIPE, SIG_IGN);
  // From the first moment at which somebody may know of us; one that comes before run() is kept.
  if (options_.handle_signals) {
    for (int const number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
      signals_.add(number);
  }
  std::vector<loop *> homes;
  if (options_.accept == accept_mode::shared) {
    for (unsigned i = 0; i < options_.workers; ++i)
      homes.push_back(&workers_[i]->home());
  }
  for (auto const &address : options_.listen) {
    auto sockets = open(address, homes.empty() ? options_.workers : 1);
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      workers_[i]->add_listener(std::move(sockets[i]), homes);
    }
  }
  if (!options_.admin_listen) return;
  workers_.back()->add_listener(std::move(open(*options_.admin_listen, 1).front()));
}

std::vector<unique_fd> server::open(listen_address const &address, unsigned count) {
  auto sockets = listen_on(address, count, options_.limits, options_.reuse_port);
  addresses_.push_back(bound_address(sockets.front()));
  return sockets;
}

void server::run() {
  auto const guard = asio::make_work_guard(control_);
  if (options_.handle_signals) wait_for_signal();
  for (auto const &row : routes_.rows()) {
    if (row.needs != nullptr) row.needs->start();
  }
  if (web_ != nullptr) {
    web_->desk().start();
    watch_web_config();
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
  if (web_ != nullptr) web_->desk().stop();
}

void server::wait_for_signal() {
  signals_.async_wait([this](error_code ec, int number) {
    if (ec) return;
    on_signal(number);
    wait_for_signal();
  });
}

void server::on_signal(int number) {
  if (number == SIGUSR1) return log_state();
  if (number == SIGHUP) {
    reload_web_config();
    if (options_.on_hangup) return options_.on_hangup();
    if (web_ == nullptr) log::info("nothing to read again", {{"signal", number}});
    return;
  }
  if (life_.draining()) {
    log::warn("second signal: ending at once", {{"signal", number}});
    std::_Exit(128 + number);
  }
  log::info("draining", {{"signal", number}, {"delay_ms", options_.shutdown_delay.count()}});
  drain();
}

void server::log_state() {
  auto const stalled = life_.hearts().stalled();
  log::info("state", {{"phase", name_of(life_.phase())},
                      {"stalled_worker", stalled ? std::to_string(*stalled) : "none"}});
  for (auto &w : workers_) {
    w->report([](worker_report const &now) {
      log::info(
          "worker",
          {{"worker", now.number}, {"connections", now.connections}, {"requests", now.requests}});
    });
  }
}

void server::request_stop() {
  asio::post(control_, [this] { drain(); });
}

void server::reload() {
  asio::post(control_, [this] { reload_web_config(); });
}

void server::reload_web_config() {
  if (web_ == nullptr || !web_->reload()) return;
  for (auto &w : workers_)
    w->adopt(web_->policy());
}

void server::watch_web_config() {
  web_timer_.expires_after(web_watch_interval);
  web_timer_.async_wait([this](error_code ec) {
    if (ec) return;
    if (web_->changed()) reload_web_config();
    watch_web_config();
  });
}

// Not ready, but still serving: until every balancer has seen that we are not ready, a connection
// refused is a request lost.
void server::drain() {
  if (life_.draining()) return;
  life_.enter(phase::draining);
  after(options_.shutdown_delay, &server::wait_for_last_scrape);
}

// What was counted since the last scrape is lost with the process, unless somebody comes for it.
void server::wait_for_last_scrape() {
  auto const wait = options_.shutdown_last_scrape;
  if (wait.count() <= 0 || !life_.scrape_expected(clock::now(), wait)) return close_gates();
  log::info("waiting until a scrape has seen the final counts");
  waiting_for_scrape_ = true;
  after(options_.shutdown_last_scrape, &server::close_gates);
  check_last_scrape();
}

void server::check_last_scrape() {
  if (!waiting_for_scrape_ || !life_.counts_seen()) return;
  // One that is under way will be counted yet.
  ask_workers([this](auto const &reports) {
    auto const busy = std::ranges::any_of(reports, [](auto const &r) { return r.requests > 0; });
    if (!waiting_for_scrape_ || busy || !life_.counts_seen()) return;
    log::info("a scrape has seen the final counts");
    close_gates();
  });
}

void server::ask_workers(std::function<void(std::vector<worker_report> const &)> told) {
  // shared: by the workers' answers, of which any may be the last.
  auto const reports = std::make_shared<std::vector<worker_report>>();
  for (auto &w : workers_) {
    w->report([this, reports, told](worker_report const &now) {
      asio::post(control_, [this, reports, told, now] {
        reports->push_back(now);
        if (reports->size() == workers_.size()) told(*reports);
      });
    });
  }
}

// A socket that is closed while a handshake is under way resets the client that it just let in. So
// first no more are let in, and all that are in are served as ever.
void server::close_gates() {
  waiting_for_scrape_ = false;
  for (auto &w : workers_)
    w->close_gates();
  after(gate_grace, &server::finish);
}

void server::finish() {
  life_.enter(phase::finishing);
  for (auto &w : workers_)
    w->finish();
  after(options_.shutdown_timeout, &server::cut);
}

void server::cut() {
  log::warn("shutdown timeout: cutting what is left",
            {{"timeout_ms", options_.shutdown_timeout.count()}});
  for (auto &w : workers_)
    w->cut();
  // A handler that waits for something of its own cannot be cut, only left behind.
  after(cut_grace, &server::abandon);
}

void server::abandon() {
  for (auto &w : workers_)
    w->abandon();
  control_.stop();
}

void server::after(std::chrono::milliseconds pause, void (server::*step)()) {
  timer_.expires_after(pause);
  timer_.async_wait([this, step](error_code ec) {
    if (!ec) (this->*step)();
  });
}

void server::worker_finished() {
  if (--running_ == 0) control_.stop();
}

}  // namespace loopmeter::server
