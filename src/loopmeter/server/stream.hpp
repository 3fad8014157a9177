// SPDX-License-Identifier: Apache-2.0
// Content in pieces: what a streaming handler reads its request's from, and writes its answer's to.
// Neither is ever in memory as a whole: who sends too fast, or reads too slowly, is waited for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <loopmeter/http/body_writer.hpp>
#include <loopmeter/http/response.hpp>
#include <loopmeter/server/loop_clock.hpp>
#include <loopmeter/server/task.hpp>

namespace loopmeter::server {

class connection;

/// Why a request's content cannot be had: it is malformed or cut short (400), too slow (408), too
/// large (413), has too much trailer (431), or the worker holds too much already (503). Let it pass
/// through the handler: it becomes the answer, or a reset where an answer has begun.
class content_error : public std::runtime_error {
 public:
  content_error(std::uint16_t status, char const *what)
      : std::runtime_error(what), status_(status) {}
  std::uint16_t status() const noexcept { return status_; }

 private:
  std::uint16_t status_;
};

/// Belongs to its connection, on the worker's thread; one operation at a time. Each throws
/// boost::system::system_error (operation_aborted) when nobody is there to read the answer: the
/// client is gone or takes nothing, the server stops, or the answer is to HEAD and its head is
/// made. Let that pass through the handler too.
class stream {
 public:
  explicit stream(connection &owner) noexcept : connection_(owner) {}
  stream(stream const &) = delete;
  stream &operator=(stream const &) = delete;

  /// The head of the answer, until it is sent; and its body, if nothing is written: not a piece of
  /// the content, which does not last.
  http::response answer;

  /// The next piece of the request's content, of whatever size came; empty at its end. Good until
  /// the next read(). Throws content_error. The first read() answers `Expect: 100-continue`;
  /// content that nobody reads is thrown away if it is here when the handler ends, and otherwise
  /// ends the connection.
  task<std::string_view> read();

  /// Sends a piece of the answer's content, and returns when the socket has taken it. The first
  /// held_bytes_max octets are held back: an answer that is no larger is sent with its length, and
  /// until then an exception is still an answer. Then each write is one chunk and one system call.
  task<void> write(std::string_view piece);
  /// Sends what is held back now, with the head.
  task<void> flush();
  static constexpr std::size_t held_bytes_max = std::size_t{64} * 1024;

  /// Says so in the head, and must come true: an answer that ends short of it, or exceeds it (write
  /// throws std::length_error), fails. Without it, HTTP/1.1 gets chunks, and HTTP/1.0 the end of
  /// the connection.
  void declare_length(std::uint64_t octets) noexcept { declared_ = octets; }

  /// What the request says of its content; none when that is chunked.
  std::optional<std::uint64_t> content_length() const noexcept;

 private:
  friend class connection;

  connection &connection_;

  // Reading.
  bool whole_ = false;  // the content has come to its end
  std::uint64_t content_bytes_ = 0;
  clock::duration waited_{};  // for content; nobody is too slow for the time that we take
  clock::time_point wait_began_{};

  // Writing.
  http::body_writer writer_;
  std::string held_;
  std::string_view unwritten_;  // of the piece under way
  std::uint64_t written_ = 0;
  std::optional<std::uint64_t> declared_;
  bool head_only_ = false;  // all is said: to HEAD, or with a status like 204

  std::size_t moved_bytes_ = 0;  // since the other connections had their turn
};

}  // namespace loopmeter::server
