// SPDX-License-Identifier: Apache-2.0
// The pages that describe the service itself.
#pragma once

#include <string>

#include <loopmeter/http/response.hpp>
#include <loopmeter/server/exchange.hpp>

namespace demo {

/// `/`: what is here, as text.
loopmeter::http::response index(loopmeter::server::exchange &x);

/// `/version`, as JSON.
loopmeter::http::response version(loopmeter::server::exchange &x);

/// What --version prints: name and version, build, platform.
std::string version_text();

}  // namespace demo
