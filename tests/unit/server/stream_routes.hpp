// SPDX-License-Identifier: Apache-2.0
// The streaming handlers that the tests ask for.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/server/route.hpp>

#include "test_routes.hpp"

namespace test {

using loopmeter::server::exchange;
using loopmeter::server::stream;
using loopmeter::server::task;

/// Streaming handlers that have begun and not ended.
inline std::atomic<int> streaming_now{0};
inline std::atomic<std::size_t> octets_written{0};
inline std::atomic<int> trickle_steps{0};
inline std::atomic<bool> slow_reader_rested{false};

struct count_streaming {
  count_streaming() { ++streaming_now; }
  count_streaming(count_streaming const &) = delete;
  ~count_streaming() { --streaming_now; }
};

inline std::string stream_octets(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i)
    text += stream_octet(i);
  return text;
}

inline std::uint64_t number(exchange const &x, std::size_t index) {
  return std::stoull(std::string(x.parameter(index)));
}

inline task<void> echo_pieces(exchange &, stream &io) {
  count_streaming const guard;
  if (auto const length = io.content_length()) io.declare_length(*length);
  for (auto piece = co_await io.read(); !piece.empty(); piece = co_await io.read())
    co_await io.write(piece);
}

inline task<void> count_octets(exchange &, stream &io) {
  count_streaming const guard;
  std::size_t octets = 0;
  int pieces = 0;
  for (auto piece = co_await io.read(); !piece.empty(); piece = co_await io.read()) {
    octets += piece.size();
    ++pieces;
  }
  io.answer = loopmeter::http::text_owned(std::to_string(octets) + " octets in " +
                                          std::to_string(pieces) + " pieces\n");
}

/// Sleeps for as many milliseconds as its content says, and answers with it.
inline task<void> sleepy(exchange &x, stream &io) {
  count_streaming const guard;
  std::string text;
  for (auto piece = co_await io.read(); !piece.empty(); piece = co_await io.read())
    text += piece;
  std::chrono::milliseconds const time(text == "third" ? 1 : std::stoi(text));
  co_await x.sleep_for(time);
  co_await io.write(text);
}

/// Rests for longer than its client may take.
inline task<void> slow_reader(exchange &x, stream &io) {
  std::size_t octets = (co_await io.read()).size();
  co_await x.sleep_for(std::chrono::milliseconds(2200));
  slow_reader_rested = true;
  while (octets < 10)
    octets += (co_await io.read()).size();
}

inline task<void> write_pieces(exchange &x, stream &io) {
  count_streaming const guard;
  octets_written = 0;
  auto const size = number(x, 0);
  std::string piece;
  for (std::uint64_t made = 0; made < size; made += piece.size()) {
    piece.clear();
    for (std::size_t i = 0; i < std::min<std::uint64_t>(30'000, size - made); ++i)
      piece += stream_octet(made + i);
    co_await io.write(piece);
    octets_written += piece.size();
  }
}

inline task<void> declare(exchange &x, stream &io) {
  io.declare_length(number(x, 0));
  std::string const content(number(x, 1), 'd');
  constexpr std::size_t piece = 100'000;
  for (std::size_t at = 0; at < content.size(); at += piece)
    co_await io.write(std::string_view(content).substr(at, piece));
}

inline task<void> fail_after(exchange &x, stream &io) {
  co_await io.write(std::string(number(x, 0), 'f'));
  throw std::runtime_error("half way");
}

/// The next piece only when the test has seen the one before.
inline task<void> trickle(exchange &x, stream &io) {
  trickle_steps = 0;
  int made = 0;
  for (auto const *piece : {"one", "two", "three"}) {
    while (trickle_steps < made)
      co_await x.sleep_for(std::chrono::milliseconds(1));
    co_await io.write(piece);
    co_await io.flush();
    ++made;
  }
}

inline task<void> ignore(exchange &, stream &io) {
  io.answer = loopmeter::http::text("ignored\n");
  co_return;
}

inline task<void> plain(exchange &, stream &io) {
  io.answer = loopmeter::http::text("plainly\n");
  co_return;
}

inline task<void> pulled(exchange &, stream &io) {
  io.answer.stream = std::make_unique<test_stream>(3000, false, std::chrono::hours(1));
  co_return;
}

inline task<void> bad_status(exchange &, stream &io) {
  io.answer.status = 42;
  co_return;
}

inline task<void> bad_status_flushed(exchange &, stream &io) {
  io.answer.status = 42;
  co_await io.write("x");
  co_await io.flush();
}

inline std::vector<loopmeter::server::route> stream_routes() {
  using namespace loopmeter;
  using http::method;
  using server::plain_handler;
  using server::streaming_handler;
  auto const length_of =
      plain_handler([](exchange &x) { return http::text_owned(std::to_string(x.body().size())); });
  std::vector<server::route> rows{
      {method::get, "/", plain_handler([](exchange &) { return http::text("hello\n"); })},
      {method::get, "/bad-status", streaming_handler(bad_status)},
      {method::get, "/bad-status-flushed", streaming_handler(bad_status_flushed)},
      {method::post, "/count", streaming_handler(count_octets)},
      {method::get, "/declare/{n}/{n}", streaming_handler(declare)},
      {method::post, "/echo", streaming_handler(echo_pieces)},
      {method::get, "/fail/{n}", streaming_handler(fail_after)},
      {method::post, "/ignore", streaming_handler(ignore)},
      {method::get, "/plain", streaming_handler(plain)},
      {method::get, "/pulled", streaming_handler(pulled)},
      {method::post, "/sleepy", streaming_handler(sleepy)},
      {method::post, "/slow-reader", streaming_handler(slow_reader)},
      {method::get, "/trickle", streaming_handler(trickle)},
      {method::post, "/twelve", streaming_handler(count_octets)},
      {method::post, "/twelve-whole", length_of},
      {method::post, "/whole", length_of},
      {method::get, "/write/{n}", streaming_handler(write_pieces)},
  };
  for (auto &row : rows) {
    if (row.pattern.starts_with("/twelve")) row.body_bytes_max = 12;
  }
  return rows;
}

}  // namespace test
