// SPDX-License-Identifier: Apache-2.0
// What a handler answers, and how its head becomes bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace loopmeter::http {

inline constexpr std::string_view text_plain = "text/plain; charset=utf-8";
inline constexpr std::string_view application_json = "application/json";

/// A body that is made while it is sent, so that neither it nor its size need be in memory. Used on
/// the worker's thread only; destroyed when its answer is over, however that came.
class body_stream {
 public:
  enum class progress : std::uint8_t { more, end, failed };
  /// How the answer ended. `sent`: all of it was given to the kernel, or is about to be.
  enum class outcome : std::uint8_t { sent, failed, head_only, client_gone, stalled, cut };

  body_stream() = default;
  body_stream(body_stream const &) = delete;
  body_stream &operator=(body_stream const &) = delete;
  virtual ~body_stream() = default;

  /// Appends a piece of about `bytes` octets; less, or nothing, where that would take longer than
  /// some 100 µs: the other connections of the worker wait for it. An exception is a failure.
  virtual progress next(std::string &out, std::size_t bytes) = 0;

  /// The status of a body that failed: sent if the head is not yet, counted in any case.
  virtual std::uint16_t failure_status() const noexcept { return 500; }
  /// When to cut an answer that its reader takes too slowly.
  virtual std::chrono::steady_clock::time_point deadline() const noexcept {
    return std::chrono::steady_clock::time_point::max();
  }
  /// Called once, with the octets that next() made; nothing else is called afterwards.
  virtual void ended(outcome, std::size_t /*body_bytes*/) noexcept {}
};

/// The answer to one request. Whatever came from a request may go into the body only: the head's
/// strings are copied to the wire as they are.
struct response {
  std::uint16_t status = 200;
  std::string_view content_type = text_plain;  ///< static storage
  std::string_view fields = {};                ///< further field lines, each with CRLF; static
  std::string_view body = {};                  ///< static storage, or the request's own bytes
  std::string body_owned = {};                 ///< used when `body` is empty
  std::unique_ptr<body_stream> stream = {};    ///< used instead of both when there is one
  /// Say the type of an empty body, too: for readers that must know it even so.
  bool typed_if_empty = false;

  std::string_view body_bytes() const noexcept {
    return body.empty() ? std::string_view(body_owned) : body;
  }
};

/// A text answer from static storage. Allocates nothing.
inline response text(std::string_view static_body, std::uint16_t status = 200) {
  response answer;
  answer.status = status;
  answer.body = static_body;
  return answer;
}

/// A text answer that owns its body.
inline response text_owned(std::string body, std::uint16_t status = 200) {
  response answer;
  answer.status = status;
  answer.body_owned = std::move(body);
  return answer;
}

/// `404 Not Found\n` and the like: an error tells a person at a terminal what it was.
response error_response(std::uint16_t status);

/// How a client finds the end of a body (RFC 9112 section 6.3). `unsaid`: by the connection's end,
/// or it knows by other means that there is none.
enum class body_end : std::uint8_t { length, chunked, unsaid };

/// What the connection adds to an answer's head.
struct head_context {
  std::string_view date;        ///< IMF-fixdate
  std::string_view allow;       ///< for 405 and OPTIONS; else empty
  std::string_view fields;      ///< further field lines of every answer, each with CRLF
  bool close = false;           ///< say `Connection: close`
  bool keep_alive_1_0 = false;  ///< say `Connection: keep-alive`, which HTTP/1.0 must be told
  body_end end = body_end::length;
  std::optional<std::uint64_t> length = {};  ///< of a body that is not in the answer
};

/// Appends status line and fields. About 20 ns; allocates only if `out` must grow.
void append_head(std::string &out, response const &answer, head_context const &context);

}  // namespace loopmeter::http
