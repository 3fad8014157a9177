// SPDX-License-Identifier: Apache-2.0
// The coroutines between a streaming handler and its connection: they wait for what it asks for.
#include <loopmeter/server/stream.hpp>

#include <loopmeter/server/connection.hpp>

namespace loopmeter::server {

task<std::string_view> stream::read() {
  using step = connection::step;
  for (auto next = connection_.read_piece(); next != step::done; next = connection_.read_piece()) {
    co_await connection_.async_wait(next, no_throw);
  }
  co_return connection_.piece();
}

task<void> stream::write(std::string_view piece) {
  using step = connection::step;
  auto next = connection_.write_piece(piece);
  for (; next != step::done; next = connection_.continue_writing()) {
    co_await connection_.async_wait(next, no_throw);
  }
}

task<void> stream::flush() {
  using step = connection::step;
  for (auto next = connection_.continue_writing(); next != step::done;
       next = connection_.continue_writing()) {
    co_await connection_.async_wait(next, no_throw);
  }
}

std::optional<std::uint64_t> stream::content_length() const noexcept {
  return connection_.content_length();
}

}  // namespace loopmeter::server
