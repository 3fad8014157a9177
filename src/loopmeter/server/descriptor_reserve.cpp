// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/descriptor_reserve.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace loopmeter::server {

namespace {

unique_fd open_one() noexcept {
  return unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

descriptor_reserve &descriptor_reserve::of_process() {
  static descriptor_reserve one;
  return one;
}

void descriptor_reserve::add_listener() {
  std::scoped_lock const lock(mutex_);
  kept_.reserve(++wanted_);
  refill();
}

void descriptor_reserve::remove_listener() noexcept {
  std::scoped_lock const lock(mutex_);
  --wanted_;
  while (kept_.size() > wanted_)
    kept_.pop_back();
}

void descriptor_reserve::refill() noexcept {
  while (kept_.size() < wanted_) {
    auto one = open_one();
    if (!one) return;
    kept_.push_back(std::move(one));  // add_listener() has reserved its place
  }
}

bool descriptor_reserve::accept(int listener, unique_fd &accepted, int &error) {
  std::scoped_lock const lock(mutex_);
  refill();
  if (kept_.size() == wanted_ && open_one()) {
    low_.store(false, std::memory_order_relaxed);
    return false;
  }
  if (kept_.empty()) return false;
  kept_.pop_back();
  accepted.reset(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  error = accepted ? 0 : errno;
  if (!accepted) refill();
  return true;
}

}  // namespace loopmeter::server
