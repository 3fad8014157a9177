// SPDX-License-Identifier: Apache-2.0
#include "address_block.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace loopcheck {
namespace {

struct address {
  std::array<std::uint8_t, 16> bytes{};
  int bits = 0;  ///< 32 or 128
};

std::optional<address> parse(std::string_view text) noexcept {
  std::array<char, 64> zeroed{};
  if (text.size() >= zeroed.size()) {
    return {};
  }
  text.copy(zeroed.data(), text.size());
  address read;
  if (inet_pton(AF_INET, zeroed.data(), read.bytes.data()) == 1) {
    read.bits = 32;
    return read;
  }
  if (inet_pton(AF_INET6, zeroed.data(), read.bytes.data()) == 1) {
    read.bits = 128;
    return read;
  }
  return {};
}

}  // namespace

std::optional<bool> within_block(std::string_view text, std::string_view cidr) noexcept {
  std::size_t const slash = cidr.find('/');
  auto const one = parse(text);
  auto const base = parse(cidr.substr(0, slash));
  if (slash == std::string_view::npos || !one || !base) {
    return {};
  }
  std::string_view const size = cidr.substr(slash + 1);
  int bits = 0;
  auto const [end, error] = std::from_chars(size.data(), size.data() + size.size(), bits);
  if (error != std::errc{} || end != size.data() + size.size() || bits < 0 || bits > base->bits) {
    return {};
  }
  if (one->bits != base->bits) {
    return false;
  }
  for (int at = 0; at < bits; ++at) {
    auto const byte = static_cast<std::size_t>(at / 8);
    unsigned const mask = 0x80u >> (at % 8);
    if (((one->bytes[byte] ^ base->bytes[byte]) & mask) != 0) {
      return false;
    }
  }
  return true;
}

bool is_whole_family(std::string_view cidr) noexcept {
  return cidr == "0.0.0.0/0" || cidr == "::/0";
}

}  // namespace loopcheck
