// SPDX-License-Identifier: Apache-2.0
// The handlers that wait.
#pragma once

#include <chrono>

#include <loopmeter/http/response.hpp>
#include <loopmeter/server/exchange.hpp>
#include <loopmeter/server/task.hpp>

namespace demo {

/// Answers after a uniform whole number of milliseconds in 0…99.
loopmeter::server::task<loopmeter::http::response> hello(loopmeter::server::exchange &x);

/// `/delay/{ms}`: answers after so many milliseconds, at most delay_max; else 400.
inline constexpr std::chrono::milliseconds delay_max{60'000};
loopmeter::server::task<loopmeter::http::response> delay(loopmeter::server::exchange &x);

}  // namespace demo
