// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/http/uri.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include <loopmeter/http/ascii.hpp>

namespace loopmeter::http {

namespace {

// One bit a character class, one table for all of them.
constexpr unsigned path_char = 1;
constexpr unsigned query_char = 2;
constexpr unsigned host_char = 4;
constexpr unsigned token_char = 8;
constexpr unsigned hex_digit = 16;

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  auto const add = [&table](std::string_view chars, unsigned classes) {
    for (char c : chars) {
      auto &entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | classes);
    }
  };
  add("0123456789", path_char | query_char | host_char | token_char | hex_digit);
  add("abcdefABCDEF", path_char | query_char | host_char | token_char | hex_digit);
  add("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ", path_char | query_char | host_char | token_char);
  add("-._~", path_char | query_char | host_char);         // unreserved
  add("!$&'()*+,;=", path_char | query_char | host_char);  // sub-delims
  add(":@/", path_char | query_char);
  add("?", query_char);
  // Not in RFC 3986, but browsers and curl send them in queries: harmless here, so let through.
  add("[]|{}^`\"<>\\", query_char);
  add("!#$%&'*+-.^_`|~", token_char);
  return table;
}

constexpr auto classes = make_classes();

bool is(char c, unsigned wanted) noexcept {
  return (classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

// Only characters of the class and whole percent-encodings.
bool consists_of(std::string_view text, unsigned wanted) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is(text[i], wanted)) continue;
    if (text[i] != '%' || i + 2 >= text.size() || !is(text[i + 1], hex_digit) ||
        !is(text[i + 2], hex_digit)) {
      return false;
    }
    i += 2;
  }
  return true;
}

bool all_digits(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), is_digit);
}

bool is_ipv6(std::string_view text) noexcept {
  if (text.find('\0') != std::string_view::npos) return false;  // inet_pton would stop there
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return false;
  std::copy(text.begin(), text.end(), terminated.begin());
  in6_addr ignored{};
  return inet_pton(AF_INET6, terminated.data(), &ignored) == 1;
}

// "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ), RFC 3986 section 3.2.2.
bool is_ip_future(std::string_view text) noexcept {
  auto const dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
  auto const version = text.substr(1, dot - 1);
  auto const address = text.substr(dot + 1);
  return to_lower(text.front()) == 'v' &&
         std::all_of(version.begin(), version.end(), [](char c) { return is(c, hex_digit); }) &&
         std::all_of(address.begin(), address.end(),
                     [](char c) { return c == ':' || is(c, host_char); });
}

// Splits host and port; `port` is null when there is no colon.
bool split_authority(std::string_view value, std::string_view &host,
                     std::string_view &port) noexcept {
  host = value;
  port = {};
  if (value.starts_with('[')) {
    auto const close = value.find(']');
    if (close == std::string_view::npos) return false;
    auto const address = value.substr(1, close - 1);
    if (!is_ipv6(address) && !is_ip_future(address)) return false;
    host = value.substr(0, close + 1);
    auto const rest = value.substr(close + 1);
    if (rest.empty()) return true;
    if (rest.front() != ':') return false;
    port = rest.substr(1);
    return all_digits(port);
  }
  auto const colon = value.find(':');
  if (colon != std::string_view::npos) {
    host = value.substr(0, colon);
    port = value.substr(colon + 1);
  }
  return consists_of(host, host_char) && all_digits(port);
}

}  // namespace

bool is_host_field(std::string_view value) noexcept {
  std::string_view host;
  std::string_view port;
  return split_authority(value, host, port) && !host.empty();
}

bool is_authority_with_port(std::string_view value) noexcept {
  std::string_view host;
  std::string_view port;
  return split_authority(value, host, port) && !host.empty() && !port.empty();
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is(c, token_char); });
}

bool split_target(std::string_view target, target_parts &out) noexcept {
  if (target == "*") {
    out = {target, target.substr(1)};
    return true;
  }
  auto path_begin = target;
  if (!target.starts_with('/')) {
    auto const scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return false;
    auto const scheme = target.substr(0, scheme_end);
    if (!iequals(scheme, "http") && !iequals(scheme, "https")) return false;
    auto const rest = target.substr(scheme_end + 3);
    auto const authority = rest.substr(0, rest.find_first_of("/?"));
    if (!is_host_field(authority)) return false;
    path_begin = rest.substr(authority.size());
    if (!path_begin.starts_with('/')) {
      // "http://host" and "http://host?x" mean the root (RFC 9110 section 4.2.3). The path must be
      // a view into the target, so it points at the scheme's second slash.
      out.path = target.substr(scheme_end + 2, 1);
      out.query = path_begin.empty() ? path_begin : path_begin.substr(1);
      return consists_of(out.query, query_char);
    }
  }
  auto const question = std::min(path_begin.find('?'), path_begin.size());
  out.path = path_begin.substr(0, question);
  out.query = path_begin.substr(std::min(question + 1, path_begin.size()));
  return consists_of(out.path, path_char) && consists_of(out.query, query_char);
}

}  // namespace loopmeter::http
