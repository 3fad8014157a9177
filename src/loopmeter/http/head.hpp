// SPDX-License-Identifier: Apache-2.0
// The head of a request: from bytes to values, or to the status that says what is wrong. Pure; the
// connection feeds it and decides what to do. Rules: RFC 9110, RFC 9112; grammar by Beast's
// basic_parser, above it what Beast 1.81 leaves to its user (ARCHITECTURE.md, "HTTP").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <loopmeter/http/bound.hpp>
#include <loopmeter/http/method.hpp>

namespace loopmeter::http {

/// Bounds of a head. What exceeds them is answered with 414 (request line) or 431 (the rest).
struct head_limits {
  std::size_t head_bytes_max = std::size_t{16} * 1024;  ///< with the empty line at its end
  std::size_t request_line_bytes_max = 8 * 1024 + 64;
  std::size_t lines_max = 100;  ///< field lines
};

/// A piece of the head, as an offset: it stays true when the bytes are moved elsewhere.
struct slice {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;

  constexpr std::string_view in(char const *base) const noexcept { return {base + offset, size}; }
};

enum class body_framing : std::uint8_t { none, length, chunked };

/// What the connection and the router need of a head. Field lines are looked up in the bytes.
struct head {
  http::method method = method::other;
  bool http_1_1 = true;
  bool keep_alive = false;
  bool expects_continue = false;  ///< the client may wait for 100 before it sends the body
  body_framing framing = body_framing::none;
  std::uint64_t content_length = 0;
  slice target;
  slice path;    ///< from its "/" and without the query; "*" for asterisk-form
  slice query;   ///< without "?"
  slice fields;  ///< the field lines, each with its CRLF
};

/// Finds where a head ends, in bytes that arrive in any cut. Judges each line when it is whole, and
/// lengths as soon as they are exceeded; so the verdict does not depend on the cut.
class head_scanner {
 public:
  enum class outcome : std::uint8_t { need_more, complete, refused };

  /// `bytes` begins where the last message ended and grows from call to call. Amortised O(new
  /// bytes). A refusal is final; after `complete`, the next head needs a new scanner.
  outcome scan(std::string_view bytes, head_limits const &limits) noexcept;

  /// Of a complete head: where it ends in `bytes`, behind its empty line. The skipped octets count:
  /// the head itself is bytes[skipped(), head_size()).
  std::size_t head_size() const noexcept { return position_; }
  /// Octets before the request line: up to two CRLF are skipped (RFC 9112 section 2.2).
  std::size_t skipped() const noexcept { return skipped_; }
  /// Of a refused head: the status to answer with, and the bound that it exceeded, if it did.
  std::uint16_t status() const noexcept {
    return refused_ ? status_of(exceeded_) : std::uint16_t{0};
  }
  bound exceeded() const noexcept { return exceeded_; }

 private:
  outcome refuse(bound exceeded = bound::none) noexcept;
  outcome end_of_line(std::string_view line, head_limits const &limits) noexcept;

  std::size_t position_ = 0;  // start of the line that is not yet whole
  std::size_t searched_ = 0;  // no LF in [position_, searched_)
  std::size_t skipped_ = 0;
  std::uint32_t lines_ = 0;
  bool refused_ = false;
  bound exceeded_ = bound::none;
};

/// Parses a whole head (as found by head_scanner, without the skipped octets; only the scanner
/// refuses folded lines). Returns 0 and fills `out`, or the status to answer with and then close;
/// `out.method` is then still right if the method could be read. Cost: about 0.1 µs + 50 ns per
/// field line; allocates nothing.
std::uint16_t parse_head(std::string_view bytes, head &out) noexcept;

/// The value of the first field line called `name` (any case), trimmed; null data() if there is
/// none. `fields` are the head's field lines, valid by parse_head.
std::string_view find_field(std::string_view fields, std::string_view name) noexcept;

}  // namespace loopmeter::http
