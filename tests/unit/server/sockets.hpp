// SPDX-License-Identifier: Apache-2.0
// Connected TCP sockets on the loopback, and a client that blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <loopmeter/base/unique_fd.hpp>

namespace test {

/// A listening socket on 127.0.0.1 with a port of the kernel's choice.
loopmeter::unique_fd listen_on_loopback();
std::uint16_t port_of(loopmeter::unique_fd const &socket);
loopmeter::unique_fd connect_to(std::uint16_t port, int receive_buffer_bytes = 0);

/// A connect that was begun and not waited for: its SYN is on its way.
loopmeter::unique_fd begin_to_connect(std::uint16_t port);
/// How that ended: 0 or an errno; ETIMEDOUT after test::patience.
int result_of_connect(loopmeter::unique_fd const &socket);
bool has_octets(int socket);

struct socket_pair {
  loopmeter::unique_fd ours;  // accepted, non-blocking
  loopmeter::unique_fd peer;  // blocking, with a deadline for each call
};
socket_pair connected_pair();

/// Closes with a reset instead of a FIN.
void reset(loopmeter::unique_fd &socket);

/// Blocking; each call throws std::runtime_error after test::patience.
class client {
 public:
  explicit client(std::uint16_t port, int receive_buffer_bytes = 0)
      : socket_(connect_to(port, receive_buffer_bytes)) {}

  void send(std::string_view octets);
  /// "GET <path>" with what HTTP/1.1 asks for, and further field lines.
  void get(std::string_view path, std::string_view fields = {});
  /// One recv; empty after the peer's FIN.
  std::string receive_some();
  /// The next answer, head and content; `head_only` for HEAD and 1xx. Empty after the peer's FIN.
  std::string answer(bool head_only = false);
  /// All that is still to come; throws if it ends with a reset instead of a FIN.
  std::string rest();
  void finish_sending();
  void reset() { test::reset(socket_); }
  void close() { socket_.reset(); }
  int descriptor() const { return socket_.get(); }

 private:
  loopmeter::unique_fd socket_;
  std::string pending_;
};

/// The status of an answer, or 0.
int status_of(std::string_view answer);
std::string body_of(std::string_view answer);

}  // namespace test
