// SPDX-License-Identifier: Apache-2.0
// The routes that the tests of connection and server ask for.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <loopmeter/server/probes.hpp>
#include <loopmeter/server/route.hpp>

namespace test {

/// Waiting handlers that have begun and not ended.
inline std::atomic<int> waiting_now{0};

struct count_waiting {
  count_waiting() { ++waiting_now; }
  count_waiting(count_waiting const &) = delete;
  ~count_waiting() { --waiting_now; }
};

inline constexpr std::size_t large_bytes = 8 * 1024 * 1024;

inline loopmeter::server::task<loopmeter::http::response> sleep_as_asked(
    loopmeter::server::exchange &x) {
  count_waiting const guard;
  co_await x.sleep_for(std::chrono::milliseconds(std::stoi(std::string(x.parameter(0)))));
  co_return loopmeter::http::text_owned("slept " + std::string(x.parameter(0)) + ' ' +
                                        std::string(x.body()) + '\n');
}

inline loopmeter::server::task<loopmeter::http::response> throw_later(
    loopmeter::server::exchange &x) {
  co_await x.sleep_for(std::chrono::milliseconds(1));
  throw std::runtime_error("later");
}

/// A streamed body's own account of itself, of the last one that ended.
struct stream_account {
  std::atomic<std::size_t> made{0};
  std::atomic<int> ended{-1};  // a body_stream::outcome
  std::atomic<std::size_t> ended_bytes{0};
};
inline stream_account stream_seen;

/// The octet at each place of a streamed body.
inline char stream_octet(std::size_t place) {
  return static_cast<char>('a' + place % 23);
}

class test_stream : public loopmeter::http::body_stream {
 public:
  test_stream(std::size_t size, bool breaks, std::chrono::milliseconds time)
      : size_(size), breaks_(breaks), deadline_(std::chrono::steady_clock::now() + time) {
    stream_seen.made = 0;
    stream_seen.ended = -1;
  }
  progress next(std::string &out, std::size_t bytes) override {
    auto const piece = std::min({bytes, size_ - made_, std::size_t{5000}});
    for (std::size_t i = 0; i < piece; ++i)
      out += stream_octet(made_++);
    stream_seen.made = made_;
    if (made_ < size_) return progress::more;
    return breaks_ ? progress::failed : progress::end;
  }
  std::uint16_t failure_status() const noexcept override { return 507; }
  std::chrono::steady_clock::time_point deadline() const noexcept override { return deadline_; }
  void ended(outcome how, std::size_t bytes) noexcept override {
    stream_seen.ended_bytes = bytes;
    stream_seen.ended = static_cast<int>(how);
  }

 private:
  std::size_t size_;
  bool breaks_;
  std::chrono::steady_clock::time_point deadline_;
  std::size_t made_ = 0;
};

inline loopmeter::http::response streamed(loopmeter::server::exchange const &x, bool breaks,
                                          std::chrono::milliseconds time) {
  auto const size = static_cast<std::size_t>(std::stoul(std::string(x.parameter(0))));
  loopmeter::http::response answer;
  answer.stream = std::make_unique<test_stream>(size, breaks, time);
  return answer;
}

inline std::vector<loopmeter::server::route> routes() {
  using namespace loopmeter;
  using http::method;
  using server::exchange;
  using server::plain_handler;
  using server::waiting_handler;
  return {
      {method::get, "/", plain_handler([](exchange &) { return http::text("hello\n"); })},
      {method::post, "/echo",
       plain_handler([](exchange &x) { return http::text_owned(std::string(x.body())); })},
      {method::get, "/large", plain_handler([](exchange &) {
         static std::string const body(large_bytes, 'x');
         return http::text(body);
       })},
      {method::get, "/bad-status", plain_handler([](exchange &) { return http::text("no", 42); })},
      {method::get, "/throw",
       plain_handler([](exchange &) -> http::response { throw std::runtime_error("at once"); })},
      {method::get, "/throw-int", plain_handler([](exchange &) -> http::response { throw 42; })},
      {method::get, "/throw-later", waiting_handler(throw_later)},
      {method::get, "/sleep/{ms}", waiting_handler(sleep_as_asked)},
      {method::get, "/stream/{n}",
       plain_handler([](exchange &x) { return streamed(x, false, std::chrono::hours(1)); })},
      {method::get, "/break/{n}",
       plain_handler([](exchange &x) { return streamed(x, true, std::chrono::hours(1)); })},
      {method::get, "/hurry/{n}", plain_handler([](exchange &x) {
         return streamed(x, false, std::chrono::milliseconds(50));
       })},
      {method::post, "/sleep/{ms}", waiting_handler(sleep_as_asked)},
  };
}

}  // namespace test
