// SPDX-License-Identifier: Apache-2.0
// The coroutine type of the server: Asio's own, with the worker's executor as a concrete type,
// which saves the type erasure of every resumption.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace loopmeter::server {

namespace asio = boost::asio;

template <class T>
using task = asio::awaitable<T, asio::io_context::executor_type>;

inline constexpr asio::use_awaitable_t<asio::io_context::executor_type> use_task{};

/// For a wait whose end says nothing that its owner does not know: `co_await s.async_sleep(1s,
/// no_throw)` returns when it was cut short, too. Like asio::deferred alone, and unlike use_task,
/// it needs no frame of its own beside that of the coroutine that waits: 160 bytes while it waits.
inline constexpr auto no_throw = asio::as_tuple(asio::deferred);

}  // namespace loopmeter::server
