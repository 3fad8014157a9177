// SPDX-License-Identifier: Apache-2.0
// The octets of an answer whose body is made while it is sent: its head, then its pieces, with or
// without chunk framing (RFC 9112 section 7.1), then its end. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <loopmeter/http/response.hpp>

namespace loopmeter::http {

/// begin(), then pieces, then end(). Allocates only where `out` must grow.
class body_writer {
 public:
  /// Appends the head; `context.end` decides how the pieces are framed.
  void begin(std::string &out, response const &answer, head_context const &context);
  bool begun() const noexcept { return begun_; }

  /// A piece is what is appended to `out` between open() and close(); nothing is no piece.
  std::size_t open(std::string &out) const;
  void close(std::string &out, std::size_t opened);
  void add(std::string &out, std::string_view piece);

  void end(std::string &out) const;

  /// Of all pieces, framing left out.
  std::uint64_t body_bytes() const noexcept { return body_bytes_; }

 private:
  std::uint64_t body_bytes_ = 0;
  bool begun_ = false;
  bool chunked_ = false;
};

}  // namespace loopmeter::http
