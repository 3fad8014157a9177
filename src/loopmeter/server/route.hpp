// SPDX-License-Identifier: Apache-2.0
// The table of what is served: a row a method and pattern. The server makes from it a router, the
// Allow fields and the closed domain of the label `path`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <loopmeter/http/method.hpp>
#include <loopmeter/http/response.hpp>
#include <loopmeter/http/router.hpp>
#include <loopmeter/server/exchange.hpp>
#include <loopmeter/server/stream.hpp>

namespace loopmeter::server {

/// Answers at once. Runs on the worker: whatever it takes, every other connection there waits for.
using plain_handler = std::function<http::response(exchange &)>;
/// A coroutine that may wait. The function itself should be an ordinary one that calls a free
/// coroutine function: the captures of a lambda coroutine die before it does.
using waiting_handler = std::function<task<http::response>(exchange &)>;

/// A coroutine that begins when the head is there, and has the content of request and answer in
/// pieces (stream.hpp): for what is large, or takes its time. An ordinary function, as above.
using streaming_handler = std::function<task<void>(exchange &, stream &)>;

/// Whose families count the requests of a route: the service's, or the library's own, so that
/// probes and scrapes do not look like work.
enum class accounting : std::uint8_t { service, internal };

/// What handlers need beside the workers, such as a thread of its own. A server starts it before
/// its first request and stops it behind its last, before the event loops are destroyed.
class companion {
 public:
  companion() = default;
  companion(companion const &) = delete;
  companion &operator=(companion const &) = delete;
  virtual ~companion() = default;

  /// May throw. Both may be called again.
  virtual void start() = 0;
  virtual void stop() noexcept = 0;
};

struct route {
  http::method method;
  std::string pattern;  ///< "/status/{code}"; becomes the value of the label `path`
  std::variant<plain_handler, waiting_handler, streaming_handler> handler;
  std::uint16_t success = 200;  ///< the code that is exposed as 0 from the start
  accounting counted = accounting::service;
  std::shared_ptr<companion> needs{};  ///< shared: by the rows that need the same
  /// The largest content of a request, instead of what server::limits says. 413 beyond.
  std::optional<std::uint64_t> body_bytes_max{};

  bool streams() const noexcept { return std::holds_alternative<streaming_handler>(handler); }
};

/// The rows, ready to be looked up. Immutable, shared by all workers. HEAD is answered by GET's
/// row.
class route_table {
 public:
  static constexpr std::size_t not_found = http::router::not_found;

  struct resource {
    std::string pattern;
    accounting counted = accounting::service;
    std::string allow;  ///< "GET, HEAD, OPTIONS"
    std::array<route const *, http::method_names.size()> rows{};
  };

  /// Throws std::invalid_argument for a bad or repeated row, or one pattern counted in two ways.
  explicit route_table(std::vector<route> rows);
  route_table(route_table const &) = delete;
  route_table &operator=(route_table const &) = delete;

  std::size_t match(std::string_view path, http::path_parameters &parameters) const noexcept {
    return router_.match(path, parameters);
  }
  std::vector<resource> const &resources() const noexcept { return resources_; }
  std::vector<route> const &rows() const noexcept { return rows_; }

 private:
  std::vector<route> rows_;
  std::vector<resource> resources_;
  http::router router_;
};

}  // namespace loopmeter::server
