// SPDX-License-Identifier: Apache-2.0
// The coroutine of one connection: it waits for what connection::proceed() asks for. And how one
// comes to it.
#pragma once

#include <loopmeter/base/unique_fd.hpp>
#include <loopmeter/server/admission.hpp>
#include <loopmeter/server/loop.hpp>
#include <loopmeter/server/task.hpp>

namespace loopmeter::server {

/// Serves the connection until it is closed. Never throws.
task<void> serve(loop &owner, unique_fd socket, door::place place);

/// Begins that on the owner's loop. May throw std::bad_alloc.
void begin_serving(loop &owner, unique_fd socket, door::place place);

/// The same if there is a place for it, else tells it that there is none. On the owner's thread.
void admit(loop &owner, unique_fd socket);

}  // namespace loopmeter::server
