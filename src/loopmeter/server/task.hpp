// SPDX-License-Identifier: Apache-2.0
// The coroutine type of the server: Asio's own, with the worker's executor as a concrete type,
// which saves the type erasure of every resumption.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace loopmeter::server {

namespace asio = boost::asio;

template <class T>
using task = asio::awaitable<T, asio::io_context::executor_type>;

inline constexpr asio::use_awaitable_t<asio::io_context::executor_type> use_task{};

}  // namespace loopmeter::server
