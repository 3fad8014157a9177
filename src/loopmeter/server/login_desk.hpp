// SPDX-License-Identifier: Apache-2.0
// Checks passwords on a thread of its own: a bcrypt hash takes some 60 ms, which no worker has.
#pragma once

#include <boost/asio/io_context.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <loopmeter/server/exchange.hpp>
#include <loopmeter/server/route.hpp>
#include <loopmeter/server/web_metrics.hpp>
#include <loopmeter/web/login_cache.hpp>

namespace loopmeter::server {

/// A login on its way over the desk. Shared: by the request that waits and the desk's thread, of
/// which either may be the last.
struct login_ticket {
  login_ticket(web::login_digest const &digest_of, bool user_known, std::string_view stored,
               std::string_view said, asio::io_context::executor_type const &executor)
      : digest(digest_of), known(user_known), hash(stored), password(said), home(executor) {}
  ~login_ticket();
  login_ticket(login_ticket const &) = delete;
  login_ticket &operator=(login_ticket const &) = delete;

  web::login_digest const digest;
  bool const known;  // else it fails whatever the hash says
  std::string const hash;
  std::string password;  // wiped at the end
  asio::io_context::executor_type const home;

  bool accepted = false;  // by the desk, before it tells home

  // Home's own.
  bool done = false;
  exchange *waiting = nullptr;
};

/// Thread-safe.
class login_desk : public companion {
 public:
  /// Logins that may wait at once.
  static constexpr std::size_t queue_max = 32;

  explicit login_desk(web_metrics const &measured) : measured_(measured) {}
  ~login_desk() override { stop(); }

  void start() override;
  /// Waits for the hash under way: at most some 4 s (web::bcrypt_cost_max). Nothing is posted
  /// afterwards.
  void stop() noexcept override;

  /// The ticket's home will be told, by a post that sets `done` and wakes `waiting`. False: too
  /// many are there already.
  bool enqueue(std::shared_ptr<login_ticket> ticket);
  void withdraw(login_ticket const &ticket) noexcept;

 private:
  void run();
  void serve(std::shared_ptr<login_ticket> const &ticket) noexcept;

  web_metrics const &measured_;
  web::login_cache answered_;  // the thread's own: many may ask the same before the first answer

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::shared_ptr<login_ticket>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

/// A request's place at the desk for as long as it waits, however that ends.
class login_wait {
 public:
  /// `ticket` stands in the desk's queue.
  login_wait(login_desk &desk, std::shared_ptr<login_ticket> ticket, exchange &waiting) noexcept
      : desk_(desk), ticket_(std::move(ticket)) {
    ticket_->waiting = &waiting;
  }
  ~login_wait() {
    ticket_->waiting = nullptr;
    desk_.withdraw(*ticket_);
  }
  login_wait(login_wait const &) = delete;
  login_wait &operator=(login_wait const &) = delete;

  login_ticket const &ticket() const noexcept { return *ticket_; }

 private:
  login_desk &desk_;
  std::shared_ptr<login_ticket> ticket_;
};

}  // namespace loopmeter::server
