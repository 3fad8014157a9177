// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/login_desk.hpp>

#include <boost/asio/post.hpp>

#include <openssl/crypto.h>
#include <pthread.h>

#include <csignal>
#include <exception>
#include <utility>

#include <loopmeter/base/log.hpp>
#include <loopmeter/web/bcrypt.hpp>

namespace loopmeter::server {

login_ticket::~login_ticket() {
  ::OPENSSL_cleanse(password.data(), password.size());
}

void login_desk::start() {
  if (thread_.joinable()) return;
  stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void login_desk::stop() noexcept {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool login_desk::enqueue(std::shared_ptr<login_ticket> ticket) {
  {
    std::scoped_lock const lock(mutex_);
    if (queue_.size() >= queue_max) {
      measured_.logins.at(login_outcome::overload).inc();
      return false;
    }
    queue_.push_back(std::move(ticket));
  }
  changed_.notify_one();
  return true;
}

void login_desk::withdraw(login_ticket const &ticket) noexcept {
  std::scoped_lock const lock(mutex_);
  std::erase_if(queue_, [&ticket](auto const &queued) { return queued.get() == &ticket; });
}

void login_desk::run() {
  ::pthread_setname_np(::pthread_self(), "login");
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are the main thread's business
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    auto const ticket = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    serve(ticket);
    lock.lock();
  }
}

void login_desk::serve(std::shared_ptr<login_ticket> const &ticket) noexcept {
  try {
    if (auto const before = answered_.find(ticket->digest)) {
      ticket->accepted = *before;
    } else {
      ticket->accepted = web::bcrypt_matches(ticket->password, ticket->hash) && ticket->known;
      answered_.learn(ticket->digest, ticket->accepted);
      measured_.logins.at(ticket->accepted ? login_outcome::accepted : login_outcome::refused)
          .inc();
    }
    asio::post(ticket->home, [ticket] {
      ticket->done = true;
      if (ticket->waiting != nullptr) ticket->waiting->wake();
    });
  } catch (std::exception const &e) {  // no memory: the request will be told that it took too long
    log::error("cannot check a password", {{"error", e.what()}});
  }
}

}  // namespace loopmeter::server
