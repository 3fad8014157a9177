// SPDX-License-Identifier: Apache-2.0
#include "url.hpp"

#include <algorithm>
#include <charconv>

#include <loopcheck/objects/input_error.hpp>

namespace loopcheck {

namespace {

input_error wrong(char const *what) {
  return input_error(std::string("a URL like http://host:9090/prefix is wanted: ") + what);
}

int hexadecimal(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    int const high = i + 2 < text.size() ? hexadecimal(text[i + 1]) : -1;
    int const low = i + 2 < text.size() ? hexadecimal(text[i + 2]) : -1;
    if (high < 0 || low < 0) throw wrong("% stands before two hexadecimal digits");
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

void take_authority(url &to, std::string_view authority) {
  if (auto const at = authority.rfind('@'); at != authority.npos) {
    auto const login = authority.substr(0, at);
    auto const colon = std::min(login.find(':'), login.size());
    to.user = decoded(login.substr(0, colon));
    if (colon < login.size()) to.password = decoded(login.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  if (authority.starts_with('[')) {
    auto const end = authority.find(']');
    if (end == authority.npos) throw wrong("the address has no closing bracket");
    to.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
  } else {
    auto const colon = std::min(authority.find(':'), authority.size());
    to.host = authority.substr(0, colon);
    authority.remove_prefix(colon);
  }
  if (to.host.empty()) throw wrong("it has no host");
  to.port = to.tls ? "443" : "80";
  if (authority.empty()) return;
  unsigned port = 0;
  auto const digits = authority.substr(1);
  auto const read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (authority[0] != ':' || read.ec != std::errc() || read.ptr != digits.data() + digits.size() ||
      port == 0 || port > 65535)
    throw wrong("the port is a number from 1 to 65535");
  to.port = digits;
}

}  // namespace

std::string url::text() const {
  bool const six = host.find(':') != host.npos;
  return (tls ? "https://" : "http://") + (six ? "[" + host + "]" : host) + ":" + port + path;
}

url parse_url(std::string_view text) {
  url result;
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c >= 127; }))
    throw wrong("it holds a character that a URL cannot contain");
  if (text.starts_with("https://")) {
    result.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    throw wrong("it begins with http:// or https://");
  }
  auto const slash = std::min(text.find('/'), text.size());
  take_authority(result, text.substr(0, slash));
  auto path = text.substr(slash);
  if (path.find_first_of("?#") != path.npos) throw wrong("it has no query and no fragment");
  while (path.ends_with('/'))
    path.remove_suffix(1);
  result.path = path;
  return result;
}

}  // namespace loopcheck
