// SPDX-License-Identifier: Apache-2.0
// What a handler answers, and how its head becomes bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace loopmeter::http {

inline constexpr std::string_view text_plain = "text/plain; charset=utf-8";
inline constexpr std::string_view application_json = "application/json";

/// The answer to one request. Whatever came from a request may go into the body only: the head's
/// strings are copied to the wire as they are.
struct response {
  std::uint16_t status = 200;
  std::string_view content_type = text_plain;  ///< static storage
  std::string_view fields = {};                ///< further field lines, each with CRLF; static
  std::string_view body = {};                  ///< static storage, or the request's own bytes
  std::string body_owned = {};                 ///< used when `body` is empty

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

/// What the connection adds to an answer's head.
struct head_context {
  std::string_view date;        ///< IMF-fixdate
  std::string_view allow;       ///< for 405 and OPTIONS; else empty
  bool close = false;           ///< say `Connection: close`
  bool keep_alive_1_0 = false;  ///< say `Connection: keep-alive`, which HTTP/1.0 must be told
};

/// Appends status line and fields. About 20 ns; allocates only if `out` must grow.
void append_head(std::string &out, response const &answer, head_context const &context);

}  // namespace loopmeter::http
