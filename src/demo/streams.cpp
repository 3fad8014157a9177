// SPDX-License-Identifier: Apache-2.0
#include "streams.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <loopmeter/server/form.hpp>

#include "workbench.hpp"

namespace demo {

namespace http = loopmeter::http;
namespace server = loopmeter::server;
using server::exchange;
using server::task;

namespace {

constexpr std::string_view octets = "application/octet-stream";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";

}  // namespace

task<void> echo(exchange &, server::stream &io) {
  io.answer.content_type = octets;
  if (auto const length = io.content_length()) io.declare_length(*length);
  for (auto piece = co_await io.read(); !piece.empty(); piece = co_await io.read()) {
    co_await io.write(piece);
  }
}

task<void> stream(exchange &x, server::stream &io) {
  auto const asked = parse_stream_request(x.query());
  if (!asked) {
    io.answer = http::text(
        "bad query; allowed are bytes=0 to 1000000000000, chunk=1 to 65536 and pause_ms=0 to "
        "60000, with pauses of one hour at most together\n",
        400);
    co_return;
  }
  io.answer.content_type = octets;
  auto const size_max = std::min(asked->chunk, asked->bytes);
  auto const content = alphabet(0, size_max + static_cast<std::int64_t>(letters.size()));
  std::chrono::milliseconds const pause(asked->pause_ms);
  for (std::int64_t sent = 0; sent < asked->bytes; sent += size_max) {
    if (sent > 0 && pause.count() > 0) co_await x.sleep_for(pause);
    auto const from = static_cast<std::size_t>(sent) % letters.size();
    auto const size = static_cast<std::size_t>(std::min(size_max, asked->bytes - sent));
    co_await io.write(std::string_view(content).substr(from, size));
    if (pause.count() > 0) co_await io.flush();
  }
}

std::optional<stream_request> parse_stream_request(std::string_view query) {
  stream_request asked;
  auto const take = [query](char const *name, std::int64_t low, std::int64_t high,
                            std::int64_t &to) {
    auto const texts = server::form_values(query, name);
    if (texts.empty()) return true;
    auto const number = number_in(texts.front(), low, high);
    if (number) to = *number;
    return number.has_value() && texts.size() == 1;
  };
  if (!take("bytes", 0, stream_bytes_max, asked.bytes) ||
      !take("chunk", 1, stream_chunk_max, asked.chunk) ||
      !take("pause_ms", 0, stream_pause_ms_max, asked.pause_ms)) {
    return std::nullopt;
  }
  auto const pieces = (asked.bytes + asked.chunk - 1) / asked.chunk;
  bool const too_long = asked.pause_ms > 0 && pieces - 1 > stream_pauses_ms_max / asked.pause_ms;
  return too_long ? std::nullopt : std::optional(asked);
}

std::string alphabet(std::int64_t from, std::int64_t size) {
  std::string text;
  text.reserve(static_cast<std::size_t>(size));
  for (auto place = from; place < from + size; ++place)
    text += letters[static_cast<std::size_t>(place) % letters.size()];
  return text;
}

}  // namespace demo
