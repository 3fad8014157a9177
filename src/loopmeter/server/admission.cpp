// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/admission.hpp>

#include <sys/resource.h>

#include <algorithm>

#include <loopmeter/server/shedder.hpp>

namespace loopmeter::server {

namespace {

// Standard streams, the files of collectors while they are read, what a service opens itself.
constexpr std::size_t process_descriptors = 64;
// Two epoll sets, Asio's timer and its interrupter, and who was turned away.
constexpr std::size_t worker_descriptors = 6 + shedder::held_max;
// The socket and the spare descriptor.
constexpr std::size_t listener_descriptors = 2;
// Where there is no limit of open files, or none to speak of.
constexpr std::size_t connections_most = 10'000'000;

}  // namespace

door::place door::enter() noexcept {
  auto const open = all_.open_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (open <= all_.max_) return {this, place::kind::regular};
  if (reserved_ < all_.reserve()) {
    ++reserved_;
    return {this, place::kind::reserved};
  }
  all_.open_.fetch_sub(1, std::memory_order_relaxed);
  return {this, place::kind::none};
}

door::place door::enter_last() noexcept {
  all_.open_.fetch_add(1, std::memory_order_relaxed);
  return {this, place::kind::last};
}

door::place::~place() {
  if (kind_ < kind::regular) return;
  if (kind_ == kind::reserved) --owner_->reserved_;
  owner_->all_.open_.fetch_sub(1, std::memory_order_relaxed);
}

bool door::place::reserved() noexcept {
  if (kind_ == kind::reserved && !owner_->all_.full()) {
    --owner_->reserved_;
    kind_ = kind::regular;
  }
  return kind_ >= kind::reserved;
}

std::size_t connections_within(std::size_t descriptors, std::size_t workers, std::size_t addresses,
                               limits const &bounds) noexcept {
  auto const own = process_descriptors + bounds.connections_reserved + workers - 1 +
                   workers * (worker_descriptors + addresses * listener_descriptors);
  return descriptors <= own ? 1 : std::min(descriptors - own, connections_most);
}

std::size_t descriptor_limit() noexcept {
  rlimit files{};
  return ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : 0;
}

}  // namespace loopmeter::server
