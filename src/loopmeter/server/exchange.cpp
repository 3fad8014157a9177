// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/exchange.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace loopmeter::server {

std::string exchange::joined_field(std::string_view name) const {
  std::string joined;
  auto lines = head_.fields.in(base_);
  for (auto value = http::find_field(lines, name); value.data() != nullptr;
       value = http::find_field(lines, name)) {
    if (!joined.empty()) joined += ',';
    joined += value;
    lines.remove_prefix(static_cast<std::size_t>(value.data() - lines.data()));
    lines.remove_prefix(std::min(lines.find('\n'), lines.size() - 1) + 1);
  }
  return joined;
}

std::string exchange::peer_address() const {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  auto *address = reinterpret_cast<sockaddr *>(&peer);
  std::array<char, NI_MAXHOST> host{};
  if (::getpeername(socket_, address, &size) != 0 ||
      ::getnameinfo(address, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
    return "unknown";
  }
  std::string_view const text(host.data());
  constexpr std::string_view mapped = "::ffff:";  // IPv4, on a socket that takes both
  bool const is_v4 = text.starts_with(mapped) && text.find('.') != std::string_view::npos;
  return std::string(is_v4 ? text.substr(mapped.size()) : text);
}

}  // namespace loopmeter::server
