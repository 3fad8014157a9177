// SPDX-License-Identifier: Apache-2.0
#include "workbench.hpp"

#include <charconv>
#include <string>

#include <loopmeter/http/status.hpp>

namespace demo {

namespace http = loopmeter::http;
using loopmeter::server::exchange;

std::optional<std::int64_t> number_in(std::string_view text, std::int64_t low, std::int64_t high) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (number < low || number > high) return std::nullopt;
  return number;
}

http::response status(exchange &x) {
  auto const code = number_in(x.parameter(0), 200, 599);
  // 499 says in the metrics that a client went away, and must not say anything else.
  if (!code || code == http::status_client_closed_request) {
    return http::text("bad status; allowed is 200 to 599 but 499\n", 400);
  }
  return http::error_response(static_cast<std::uint16_t>(*code));
}

http::response bytes(exchange &x) {
  static std::string const content(static_cast<std::size_t>(bytes_max), 'x');
  auto const count = number_in(x.parameter(0), 0, bytes_max);
  if (!count) return http::text("bad size; allowed is 0 to 1048576 bytes\n", 400);
  http::response answer;
  answer.content_type = "application/octet-stream";
  answer.body = std::string_view(content).substr(0, static_cast<std::size_t>(*count));
  return answer;
}

}  // namespace demo
