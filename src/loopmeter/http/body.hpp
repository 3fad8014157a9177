// SPDX-License-Identifier: Apache-2.0
// The body of a request, by length or chunked (RFC 9112 sections 6 and 7): octets in, content out,
// or the status that says what is wrong. Pure. Our own, and not Beast's: its chunk parser aborts a
// debug build and has no limit on extensions and trailers (ARCHITECTURE.md, "HTTP").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <loopmeter/http/bound.hpp>
#include <loopmeter/http/head.hpp>

namespace loopmeter::http {

struct body_limits {
  std::uint64_t body_bytes_max = std::uint64_t{1024} * 1024;
  /// Chunk extensions of one body together, and its trailer fields: octets that carry no content.
  /// What exceeds them is answered with 413 and 431.
  std::size_t chunk_extension_bytes_max = 4096;
  std::size_t trailer_bytes_max = 4096;
};

/// Takes a body apart octet by octet, in whatever cut it comes: the verdict does not depend on it.
class body_decoder {
 public:
  enum class outcome : std::uint8_t { need_more, complete, refused };

  body_decoder() = default;
  body_decoder(body_framing framing, std::uint64_t content_length) noexcept;

  /// Digits of a chunk size, leading zeros too: more than any size needs, and an end to them.
  static constexpr unsigned size_digits_max = 16;

  /// Reads from the front of `input`, appends the content to `content`, and sets `consumed`.
  /// A length or a chunk size beyond the limit is refused before any of it is stored; with an empty
  /// `input` a length is judged from the head alone. A refusal is final.
  outcome decode(std::string_view input, std::string &content, body_limits const &limits,
                 std::size_t &consumed);

  /// Of a refused body: the status to answer with, and the bound that it exceeded, if it did.
  std::uint16_t status() const noexcept {
    return refused_ ? status_of(exceeded_) : std::uint16_t{0};
  }
  bound exceeded() const noexcept { return exceeded_; }

 private:
  enum class state : std::uint8_t {
    length,
    size_first,
    size,
    extension_space,  // only an extension may follow
    extension_name_first,
    extension_name,
    extension_equals,
    extension_value_first,
    extension_value,
    extension_quoted,
    extension_escaped,
    extension_end,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
  };

  bool framing_octet(char c, body_limits const &limits) noexcept;
  bool size_octet(char c, body_limits const &limits) noexcept;
  bool exceeds(bound which) noexcept;
  bool extension_octet(char c) noexcept;
  bool trailer_octet(char c) noexcept;

  state state_ = state::done;
  bool refused_ = false;
  bound exceeded_ = bound::none;
  std::uint64_t remaining_ = 0;      // of the body, or of the chunk
  std::uint64_t content_bytes_ = 0;  // announced: the length, or the chunk sizes so far
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  unsigned size_digits_ = 0;
};

}  // namespace loopmeter::http
