// SPDX-License-Identifier: Apache-2.0
// The least that a server on this kernel must do: an edge-triggered epoll loop that finds the end
// of each head and sends a constant answer. No parsing, no metrics, no timeouts. What the
// benchmarks compare with; never to be served to anyone.
//
// usage: raw-epoll PORT
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 7\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n200 OK\n";

// Octets of a head that did not arrive whole, by descriptor; empty in a benchmark.
using partial_heads = std::unordered_map<int, std::string>;

void set_option(int socket, int level, int name) {
  int const on = 1;
  ::setsockopt(socket, level, name, &on, sizeof on);
}

int listen_on(std::uint16_t port) {
  int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  set_option(listener, SOL_SOCKET, SO_REUSEADDR);
  set_option(listener, IPPROTO_TCP, TCP_NODELAY);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 ||
      ::listen(listener, 4096) != 0) {
    std::perror("raw-epoll: listen");
    return -1;
  }
  return listener;
}

void watch(int epoll, int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

void accept_all(int epoll, int listener) {
  for (;;) {
    int const client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    watch(epoll, client, EPOLLIN | EPOLLRDHUP | EPOLLET);
  }
}

// Answers every whole head in `input` with one send; returns what is left over.
std::string_view answer_heads(int client, std::string_view input, std::string &output) {
  output.clear();
  for (;;) {
    auto const end = input.find("\r\n\r\n");
    if (end == std::string_view::npos) break;
    output += answer;
    input.remove_prefix(end + 4);
  }
  if (!output.empty() && ::send(client, output.data(), output.size(), MSG_NOSIGNAL) < 0) return {};
  return input;
}

void serve(int client, partial_heads &partial, std::string &output) {
  static std::array<char, 65536> buffer;
  auto const count = ::recv(client, buffer.data(), buffer.size(), 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) {
    partial.erase(client);
    ::close(client);
    return;
  }
  std::string_view const fresh(buffer.data(), static_cast<std::size_t>(count));
  if (partial.empty() || !partial.contains(client)) {
    auto const rest = answer_heads(client, fresh, output);
    if (!rest.empty()) partial[client] = rest;
    return;
  }
  auto &head = partial[client] += fresh;
  std::string const rest(answer_heads(client, head, output));
  if (rest.empty()) {
    partial.erase(client);
  } else {
    head = rest;
  }
}

}  // namespace

int main(int argc, char **argv) {
  std::uint16_t port = 0;
  if (argc != 2 ||
      std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), port).ec != std::errc{}) {
    std::fputs("usage: raw-epoll PORT\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  int const listener = listen_on(port);
  int const epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (listener < 0 || epoll < 0) return 1;
  watch(epoll, listener, EPOLLIN | EPOLLET);
  partial_heads partial;
  std::string output;
  std::array<epoll_event, 256> events;
  for (;;) {
    int const count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      int const descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == listener) {
        accept_all(epoll, listener);
      } else {
        serve(descriptor, partial, output);
      }
    }
  }
}
