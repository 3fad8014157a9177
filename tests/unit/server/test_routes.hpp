// SPDX-License-Identifier: Apache-2.0
// The routes that the tests of connection and server ask for.
#pragma once

#include <atomic>
#include <chrono>
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
      {method::post, "/sleep/{ms}", waiting_handler(sleep_as_asked)},
  };
}

}  // namespace test
