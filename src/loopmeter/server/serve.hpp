// SPDX-License-Identifier: Apache-2.0
// The coroutine of one connection: it waits for what connection::proceed() asks for.
#pragma once

#include <loopmeter/base/unique_fd.hpp>
#include <loopmeter/server/loop.hpp>
#include <loopmeter/server/task.hpp>

namespace loopmeter::server {

/// Serves the connection until it is closed. Never throws.
task<void> serve(loop &owner, unique_fd socket);

}  // namespace loopmeter::server
