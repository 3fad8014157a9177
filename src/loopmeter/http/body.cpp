// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/http/body.hpp>

#include <algorithm>

#include <loopmeter/http/ascii.hpp>
#include <loopmeter/http/uri.hpp>

namespace loopmeter::http {

namespace {

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_token_char(char c) noexcept {
  return is_token({&c, 1});
}
// HTAB, SP, VCHAR and obs-text: what a field value or a quoted string may contain.
bool is_text(char c) noexcept {
  auto const octet = static_cast<unsigned char>(c);
  return c == '\t' || (octet >= 0x20 && octet != 0x7f);
}

}  // namespace

body_decoder::body_decoder(body_framing framing, std::uint64_t content_length) noexcept {
  if (framing == body_framing::chunked) state_ = state::size_first;
  if (framing == body_framing::length && content_length > 0) {
    state_ = state::length;
    remaining_ = content_length;
    content_bytes_ = content_length;
  }
}

body_decoder::outcome body_decoder::decode(std::string_view input, std::string &content,
                                           body_limits const &limits, std::size_t &consumed) {
  consumed = 0;
  if (state_ == state::length && content_bytes_ > limits.body_bytes_max) {
    refused_ = !exceeds(bound::body_bytes);
  }
  if (refused_) return outcome::refused;
  while (state_ != state::done) {
    if (consumed == input.size()) return outcome::need_more;
    if (state_ == state::length || state_ == state::data) {
      auto const size =
          static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size() - consumed));
      content.append(input.substr(consumed, size));
      consumed += size;
      remaining_ -= size;
      if (remaining_ == 0) state_ = state_ == state::length ? state::done : state::data_cr;
      continue;
    }
    refused_ = !framing_octet(input[consumed], limits);
    if (refused_) return outcome::refused;
    ++consumed;
  }
  return outcome::complete;
}

// False: that is why the body is refused.
bool body_decoder::exceeds(bound which) noexcept {
  exceeded_ = which;
  return false;
}

// Everything of a chunked body that is not content. False for what refuses it.
bool body_decoder::framing_octet(char c, body_limits const &limits) noexcept {
  bool valid = false;
  switch (state_) {
    case state::size_first:
    case state::size:
      return size_octet(c, limits);
    case state::size_lf:
      valid = c == '\n';
      state_ = remaining_ > 0 ? state::data : state::trailer_first;
      break;
    case state::data_cr:
      valid = c == '\r';
      state_ = state::data_lf;
      break;
    case state::data_lf:
      valid = c == '\n';
      state_ = state::size_first;
      break;
    case state::last_lf:
      valid = c == '\n';
      state_ = state::done;
      break;
    case state::trailer_first:
      if (c == '\r') {  // the end of a section without fields costs nothing
        state_ = state::last_lf;
        return true;
      }
      [[fallthrough]];
    case state::trailer_name:
    case state::trailer_value:
    case state::trailer_lf:
      if (++trailer_bytes_ > limits.trailer_bytes_max) return exceeds(bound::trailer_bytes);
      valid = trailer_octet(c);
      break;
    default:
      if (++extension_bytes_ > limits.chunk_extension_bytes_max) {
        return exceeds(bound::chunk_extension_bytes);
      }
      valid = extension_octet(c);
      break;
  }
  return valid;
}

bool body_decoder::size_octet(char c, body_limits const &limits) noexcept {
  auto const value = hex_value(c);
  if (value >= 0) {
    if (state_ == state::size_first) remaining_ = size_digits_ = 0;
    state_ = state::size;
    // Refused as soon as it is too large, so that it cannot overflow whatever the digits.
    auto const digit = static_cast<unsigned>(value);
    auto const room = limits.body_bytes_max - std::min(limits.body_bytes_max, content_bytes_);
    if (digit > room || remaining_ > (room - digit) / 16) return exceeds(bound::body_bytes);
    remaining_ = remaining_ * 16 + digit;
    return ++size_digits_ <= size_digits_max;
  }
  if (state_ == state::size_first) return false;
  content_bytes_ += remaining_;
  if (c == '\r') {
    state_ = state::size_lf;
  } else if (c == ';') {
    state_ = state::extension_name_first;
  } else if (is_space(c)) {
    state_ = state::extension_space;
  } else {
    return false;
  }
  return true;
}

// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
bool body_decoder::extension_octet(char c) noexcept {
  switch (state_) {
    case state::extension_space:
      if (c == ';') state_ = state::extension_name_first;
      return c == ';' || is_space(c);
    case state::extension_name_first:
      if (is_token_char(c)) state_ = state::extension_name;
      return is_token_char(c) || is_space(c);
    case state::extension_value_first:
      if (c == '"') state_ = state::extension_quoted;
      if (is_token_char(c)) state_ = state::extension_value;
      return c == '"' || is_token_char(c) || is_space(c);
    case state::extension_quoted:
      if (c == '"') state_ = state::extension_end;
      if (c == '\\') state_ = state::extension_escaped;
      return is_text(c);
    case state::extension_escaped:
      state_ = state::extension_quoted;
      return is_text(c);
    default:
      break;
  }
  // In a name or a value, or behind one.
  bool const named = state_ == state::extension_name || state_ == state::extension_equals;
  if (is_token_char(c)) return state_ == state::extension_name || state_ == state::extension_value;
  if (c == ';') {
    state_ = state::extension_name_first;
  } else if (c == '=' && named) {
    state_ = state::extension_value_first;
  } else if (is_space(c)) {
    state_ = named ? state::extension_equals : state::extension_space;
  } else if (c == '\r' && state_ != state::extension_equals) {
    state_ = state::size_lf;
  } else {
    return false;
  }
  return true;
}

// The trailer section is checked and thrown away: nothing in it may change what the head said.
bool body_decoder::trailer_octet(char c) noexcept {
  switch (state_) {
    case state::trailer_first:
      state_ = state::trailer_name;
      return is_token_char(c);
    case state::trailer_name:
      if (c == ':') state_ = state::trailer_value;
      return c == ':' || is_token_char(c);
    case state::trailer_value:
      if (c == '\r') state_ = state::trailer_lf;
      return c == '\r' || is_text(c);
    default:
      state_ = state::trailer_first;
      return c == '\n';
  }
}

}  // namespace loopmeter::http
