// SPDX-License-Identifier: Apache-2.0
// Chunks, made and taken apart, as a client does.
#pragma once

#include <boost/test/unit_test.hpp>

#include <charconv>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "sockets.hpp"

namespace test {

inline std::string chunk(std::string_view content) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", content.size());
  return size + std::string(content) + "\r\n";
}

struct unchunked {
  std::string head = {};
  std::string content = {};
  std::string rest = {};  ///< what stands behind the last chunk
};

/// Nothing while the content is not whole.
inline std::optional<unchunked> unchunk(std::string_view octets) {
  unchunked found;
  for (;;) {
    std::size_t size = 0;
    auto const end = octets.find("\r\n");
    if (end == octets.npos) return std::nullopt;
    auto const parsed = std::from_chars(octets.data(), octets.data() + end, size, 16);
    BOOST_REQUIRE((parsed.ec == std::errc{} && parsed.ptr == octets.data() + end));
    if (octets.size() < end + 4 + size) return std::nullopt;
    found.content += octets.substr(end + 2, size);
    BOOST_REQUIRE(octets.substr(end + 2 + size, 2) == "\r\n");
    octets.remove_prefix(end + 4 + size);
    if (size == 0) {
      found.rest = octets;
      return found;
    }
  }
}

/// Head, content, and what came behind, when that has `until` in it.
inline unchunked chunked_answer(client &from, std::string_view until) {
  std::string all;
  for (;;) {
    all += from.receive_some();
    auto const end = all.find("\r\n\r\n");
    if (end == all.npos || all.find(until, end) == all.npos) continue;
    auto found = unchunk(std::string_view(all).substr(end + 4));
    if (!found || found->rest.find(until) == found->rest.npos) continue;
    found->head = all.substr(0, end + 2);
    return *found;
  }
}

}  // namespace test
