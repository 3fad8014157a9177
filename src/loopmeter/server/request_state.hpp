// SPDX-License-Identifier: Apache-2.0
// What a connection holds while a request of it is under way, and not before or after: most
// connections are idle most of the time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <loopmeter/http/body.hpp>
#include <loopmeter/http/head.hpp>
#include <loopmeter/server/exchange.hpp>
#include <loopmeter/server/login_desk.hpp>
#include <loopmeter/server/loop_clock.hpp>
#include <loopmeter/server/route.hpp>
#include <loopmeter/server/stream.hpp>
#include <loopmeter/server/streamed_body.hpp>

namespace loopmeter::server {

struct request_state {
  request_state(wheel &sleeps, int socket) noexcept : exchange(sleeps, socket) {}

  /// As new, for the next request of the same connection. Memory for a small head stays.
  void reset() noexcept;

  http::head_scanner scanner;
  http::body_decoder decoder;
  std::string content;  ///< of a body that did not arrive in one piece; or its last piece
  std::string kept;     ///< the head, while others have their turn
  std::unique_ptr<streamed_body> answer_body;  ///< while it is made
  std::unique_ptr<stream> pieces;              ///< of a streaming handler
  std::unique_ptr<login_wait> login;
  std::size_t resource = route_table::not_found;
  route const *row = nullptr;
  clock::time_point started{};          ///< its first octet was seen
  clock::time_point content_started{};  ///< its content was waited for
  std::size_t counted_content = 0;      ///< octets, as they are counted in the loop
  bool counted_waiting = false;         ///< as it is counted in the loop
  bool login_waited = false;            ///< as long as it may take
  bool closed_before_handler = false;   ///< the FIN came along with the request
  server::exchange exchange;
};

/// Spare states, so that a request allocates none. Belongs to its worker's thread.
class request_states {
 public:
  explicit request_states(wheel &sleeps) : sleeps_(sleeps) { spare_.reserve(spare_max); }

  std::unique_ptr<request_state> take(int socket);
  /// Null is nothing.
  void give_back(std::unique_ptr<request_state> state) noexcept;
  std::size_t size() const noexcept { return spare_.size(); }

 private:
  // Requests that end and begin by turns need few, a thousand that end at once need as many; of
  // 8,000 the allocator may have the rest. 1.5 MB at most, with the heads that stay.
  static constexpr std::size_t spare_max = 1024;

  wheel &sleeps_;
  std::vector<std::unique_ptr<request_state>> spare_;
};

}  // namespace loopmeter::server
