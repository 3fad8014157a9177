// SPDX-License-Identifier: Apache-2.0
#include "hello.hpp"

#include <random>
#include <string>

#include "workbench.hpp"

namespace demo {

namespace http = loopmeter::http;
using loopmeter::server::exchange;
using loopmeter::server::task;

namespace {

std::chrono::milliseconds random_pause() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(0, 99)(generator));
}

}  // namespace

task<http::response> hello(exchange &x) {
  co_await x.sleep_for(random_pause());
  co_return http::text("hello\n");
}

task<http::response> delay(exchange &x) {
  auto const ms = number_in(x.parameter(0), 0, delay_max.count());
  if (!ms) {
    co_return http::text_owned(
        "bad delay; allowed is 0 to " + std::to_string(delay_max.count()) + " milliseconds\n", 400);
  }
  co_await x.sleep_for(std::chrono::milliseconds(*ms));
  co_return http::text("done\n");
}

}  // namespace demo
