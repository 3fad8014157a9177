// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/shedder.hpp>

#include <sys/socket.h>

#include <string_view>
#include <utility>

namespace loopmeter::server {

namespace {

// No Date: a 5xx may do without (RFC 9110 section 6.6.1).
constexpr std::string_view overloaded =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Length: 24\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Connection: close\r\n"
    "Retry-After: 1\r\n"
    "\r\n"
    "503 Service Unavailable\n";

// As much as a request without a body may have; who sends more may see a reset.
void discard(int socket) noexcept {
  std::array<char, 16 * 1024> nowhere;
  ::recv(socket, nowhere.data(), nowhere.size(), MSG_DONTWAIT);
}

}  // namespace

void tell_overloaded(int socket, bool tls) noexcept {
  if (!tls) ::send(socket, overloaded.data(), overloaded.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(socket, SHUT_WR);
  discard(socket);
}

void shedder::turn_away(unique_fd socket, bool tls) {
  tell_overloaded(socket.get(), tls);
  if (held_[next_]) discard(held_[next_].get());
  held_[next_] = std::move(socket);
  next_ = (next_ + 1) % held_max;
  deadline_.set(linger_);
}

void shedder::close_all() noexcept {
  deadline_.clear();
  for (auto &held : held_) {
    if (held) discard(held.get());
    held.reset();
  }
}

}  // namespace loopmeter::server
