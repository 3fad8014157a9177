// SPDX-License-Identifier: Apache-2.0
// The handlers that answer at once: things to try a client, a proxy or a dashboard with.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <loopmeter/http/response.hpp>
#include <loopmeter/server/exchange.hpp>

namespace demo {

/// `/status/{code}`: that status, 200 to 599 but 499; else 400.
loopmeter::http::response status(loopmeter::server::exchange &x);

/// `/bytes/{n}`: n octets of content, at most bytes_max; else 400.
inline constexpr std::int64_t bytes_max = 1024 * 1024;
loopmeter::http::response bytes(loopmeter::server::exchange &x);

/// A decimal number without sign in [low, high].
std::optional<std::int64_t> number_in(std::string_view text, std::int64_t low, std::int64_t high);

}  // namespace demo
