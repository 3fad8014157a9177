// SPDX-License-Identifier: Apache-2.0
// Listening sockets: one a worker on the same address, between which the kernel deals connections.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/base/unique_fd.hpp>
#include <loopmeter/server/descriptor_reserve.hpp>
#include <loopmeter/server/limits.hpp>
#include <loopmeter/server/loop.hpp>

namespace loopmeter::server {

/// An address to listen on, as it was asked for.
struct listen_address {
  std::string host;  ///< empty: all addresses, IPv6 and IPv4
  std::uint16_t port = 0;

  std::string text() const;
};

/// ":8080", "127.0.0.1:8080", "[::1]:8080", "localhost:8080". Throws std::invalid_argument with a
/// message that says what is allowed.
listen_address parse_listen_address(std::string_view text);

/// `count` sockets listening on one address. The first is bound without SO_REUSEPORT and listens at
/// once, and only then are port and option shared: so a port that another process serves is an
/// error, whatever options that process has set. With `reuse_port` it is none: another process of
/// the same user that did the same shares it, as for a hand-over on one host. Throws
/// boost::system::system_error with the address in its message.
std::vector<unique_fd> listen_on(listen_address const &address, unsigned count,
                                 limits const &bounds, bool reuse_port = false);

/// The address that a socket is bound to, with the port that the kernel chose.
std::string bound_address(unique_fd const &socket);

/// Accepts on one socket until stop(), as many as there are places for. A kernel without
/// descriptors or memory delays it, and never ends it.
class listener {
 public:
  /// Connections are served by the owner, or dealt to `homes` in turn; these outlive the listener.
  listener(loop &owner, unique_fd socket, std::vector<loop *> homes = {});
  ~listener();
  listener(listener const &) = delete;
  listener &operator=(listener const &) = delete;

  void start();
  /// No new handshake begins: a SYN is dropped, and its client asks again in a second. Those under
  /// way end as connections in the accept queue, which stop() could not know of yet and would have
  /// reset. On the worker's thread. Without effect where the kernel refuses the filter.
  void close_gate() noexcept;
  /// Serves what stands in the accept queue, then closes the socket. On the worker's thread.
  void stop();

 private:
  enum class outcome : std::uint8_t { drained, more, exhausted };

  task<void> run();
  outcome accept_some();
  outcome accept_failed(int error);
  void hand_over(unique_fd accepted);
  outcome shed_without_descriptors();

  loop &loop_;
  std::vector<loop *> const homes_;
  std::size_t next_home_ = 0;
  asio::posix::stream_descriptor socket_;
  descriptor_reserve &reserve_ = descriptor_reserve::of_process();
  wheel::sleeper pause_;
  bool stopping_ = false;
};

}  // namespace loopmeter::server
