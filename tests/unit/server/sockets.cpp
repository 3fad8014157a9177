// SPDX-License-Identifier: Apache-2.0
#include "sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "wait_until.hpp"

namespace test {

using loopmeter::unique_fd;

namespace {

[[noreturn]] void fail(char const *what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

unique_fd listen_on_loopback() {
  unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(0);
  if (::bind(socket.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 16) != 0) {
    fail("listen");
  }
  return socket;
}

std::uint16_t port_of(unique_fd const &socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr *>(&address), &size) != 0) fail("name");
  return ntohs(address.sin_port);
}

unique_fd connect_to(std::uint16_t port, int receive_buffer_bytes) {
  unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) fail("socket");
  if (receive_buffer_bytes > 0) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(int));
  }
  int const on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  timeval const limit{.tv_sec = patience.count(), .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  auto address = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) {
    fail("connect");
  }
  return socket;
}

unique_fd begin_to_connect(std::uint16_t port) {
  unique_fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  auto address = loopback(port);
  auto const made = ::connect(socket.get(), reinterpret_cast<sockaddr *>(&address), sizeof address);
  if (made != 0 && errno != EINPROGRESS) fail("connect");
  return socket;
}

int result_of_connect(unique_fd const &socket) {
  pollfd waiting{socket.get(), POLLOUT, 0};
  auto const limit = std::chrono::milliseconds(patience).count();
  if (::poll(&waiting, 1, static_cast<int>(limit)) != 1) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) fail("error");
  return error;
}

bool has_octets(int socket) {
  char first = 0;
  return ::recv(socket, &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

socket_pair connected_pair() {
  auto const listener = listen_on_loopback();
  socket_pair pair;
  pair.peer = connect_to(port_of(listener));
  pair.ours = unique_fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!pair.ours) fail("accept");
  return pair;
}

void reset(unique_fd &socket) {
  linger const none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  socket.reset();
}

void client::send(std::string_view octets) {
  while (!octets.empty()) {
    auto const count = ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (count < 0) fail("send");
    octets.remove_prefix(static_cast<std::size_t>(count));
  }
}

void client::get(std::string_view path, std::string_view fields) {
  send("GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) + "\r\n");
}

std::string client::receive_some() {
  std::array<char, 65536> buffer;
  auto const count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (count < 0) fail("recv");
  return {buffer.data(), static_cast<std::size_t>(count)};
}

std::string client::answer(bool head_only) {
  constexpr std::string_view field = "\r\nContent-Length: ";
  for (;;) {
    auto const head_end = pending_.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      std::size_t length = 0;
      auto const at = pending_.substr(0, head_end).find(field);
      if (at != std::string::npos && !head_only) {
        auto const *digits = pending_.data() + at + field.size();
        std::from_chars(digits, pending_.data() + head_end, length);
      }
      auto const size = head_end + 4 + length;
      if (pending_.size() >= size) {
        auto found = pending_.substr(0, size);
        std::string(pending_, size).swap(pending_);  // keeps no capacity: tests count the heap
        return found;
      }
    }
    auto const more = receive_some();
    if (more.empty()) {
      if (!pending_.empty()) throw std::runtime_error("FIN within an answer: " + pending_);
      return {};
    }
    pending_ += more;
  }
}

std::string client::rest() {
  auto all = std::exchange(pending_, {});
  for (auto more = receive_some(); !more.empty(); more = receive_some())
    all += more;
  return all;
}

void client::finish_sending() {
  ::shutdown(socket_.get(), SHUT_WR);
}

int status_of(std::string_view answer) {
  constexpr std::string_view version = "HTTP/1.1 ";
  int status = 0;
  if (answer.starts_with(version)) {
    std::from_chars(answer.data() + version.size(), answer.data() + answer.size(), status);
  }
  return status;
}

std::string body_of(std::string_view answer) {
  auto const end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(answer.substr(end + 4));
}

}  // namespace test
