// SPDX-License-Identifier: Apache-2.0
// One request being answered: what a handler sees of it, and what it may wait on.
#pragma once

#include <boost/asio/deferred.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <loopmeter/http/head.hpp>
#include <loopmeter/http/router.hpp>
#include <loopmeter/server/task.hpp>
#include <loopmeter/server/wheel.hpp>

namespace loopmeter::server {

/// Belongs to its connection, on the worker's thread. All views are good until the handler has
/// returned its answer, also across co_await.
class exchange {
 public:
  exchange(wheel &sleeps, int socket) noexcept : sleeper_(sleeps), socket_(socket) {}

  http::method method() const noexcept { return head_.method; }
  /// The path as it came, percent-encodings and all.
  std::string_view path() const noexcept { return head_.path.in(base_); }
  /// Without the "?".
  std::string_view query() const noexcept { return head_.query.in(base_); }
  /// The first field line of that name (any case), trimmed; null data() if there is none.
  std::string_view field(std::string_view name) const noexcept {
    return http::find_field(head_.fields.in(base_), name);
  }
  /// All field lines of that name, joined by commas (RFC 9110 section 5.3).
  std::string joined_field(std::string_view name) const;
  /// The client's address without its port; "unknown" when it is gone. One system call.
  std::string peer_address() const;
  /// The content, whole and without its framing.
  std::string_view body() const noexcept { return body_; }
  /// The value of the pattern's `{…}` with that number, from 0, as it came.
  std::string_view parameter(std::size_t index) const noexcept {
    return index < parameters_.count ? parameters_.values[index] : std::string_view{};
  }

  /// `co_await x.sleep_for(10ms)` in a waiting handler. One sleep at a time. Throws
  /// boost::system::system_error (operation_aborted) when the client is gone or the server stops,
  /// at once if that was before: let it pass through the handler.
  auto sleep_for(std::chrono::milliseconds duration) {
    return sleeper_.async_sleep(duration, asio::deferred);
  }
  /// Ends the sleep, if any, as if its time had come. Only from the worker's event loop.
  void wake() { sleeper_.wake(); }
  /// Whether a sleep that was ended so was ended by the server: else the client is gone.
  bool was_cut() const noexcept { return was_cut_; }

 private:
  friend class connection;
  friend struct request_state;
  friend class request_states;

  /// The same request at another address.
  void rebase(char const *base, std::string_view body) noexcept {
    for (std::size_t i = 0; i < parameters_.count; ++i) {
      auto &value = parameters_.values[i];
      value = {base + (value.data() - base_), value.size()};
    }
    base_ = base;
    body_ = body;
  }

  char const *base_ = nullptr;
  http::head head_;
  std::string_view body_;
  http::path_parameters parameters_;
  wheel::sleeper sleeper_;
  int socket_;
  bool was_cut_ = false;
};

}  // namespace loopmeter::server
