// SPDX-License-Identifier: Apache-2.0
// kubectl's words, of 1.28 to 1.34. It gives no status, and drops the body of an answer that is not
// a Status object: what the server said is then lost.
#include <algorithm>
#include <array>

#include "kubectl_cluster.hpp"

namespace loopcheck {

namespace {

struct error_row {
  std::string_view begin;  ///< of a line
  access_error kind;
  int status;
};

constexpr std::array rows{
    error_row{"Error from server (Forbidden)", access_error::forbidden, 403},
    error_row{"Error from server (NotFound)", access_error::not_found, 404},
    error_row{"Error from server (Unauthorized)", access_error::unauthorized, 401},
    error_row{"Error from server (Expired)", access_error::expired, 410},
    error_row{"Error from server (Gone)", access_error::expired, 410},
    error_row{"Error from server (BadRequest)", access_error::refused, 400},
    error_row{"Error from server (MethodNotAllowed)", access_error::refused, 405},
    error_row{"Error from server (TooManyRequests)", access_error::refused, 429},
    error_row{"Error from server (Conflict)", access_error::refused, 409},
    error_row{"Error from server (Invalid)", access_error::refused, 422},
    error_row{"The request is invalid", access_error::refused, 422},
    error_row{"Error from server (ServiceUnavailable)", access_error::server_error, 503},
    error_row{"Error from server (Timeout)", access_error::timed_out, 504},
    error_row{"Error from server (InternalError)", access_error::server_error, 500},
    error_row{"Error from server: the server responded with the status code 410",
              access_error::expired, 410},
    error_row{"Error from server: the server responded with the status code 3",
              access_error::refused, 0},
    error_row{"Error from server: the server responded with the status code 4",
              access_error::refused, 0},
    error_row{"Error from server", access_error::server_error, 0},
    error_row{"error: You must be logged in to the server", access_error::unauthorized, 401},
    error_row{"The connection to the server ", access_error::unreachable, 0},
    error_row{"Unable to connect to the server: getting credentials", access_error::unauthorized,
              0},
    error_row{"Unable to connect to the server", access_error::unreachable, 0},
    error_row{"error: unable to connect", access_error::unreachable, 0},
    error_row{"error: context ", access_error::bad_configuration, 0},
    error_row{"error: cannot locate context", access_error::bad_configuration, 0},
    error_row{"error: no context", access_error::bad_configuration, 0},
    error_row{"error: error loading config file", access_error::bad_configuration, 0},
    error_row{"error: stat ", access_error::bad_configuration, 0},
    error_row{"error: no configuration has been provided", access_error::bad_configuration, 0},
    error_row{"error: invalid configuration", access_error::bad_configuration, 0},
    error_row{"error: unable to read ", access_error::bad_configuration, 0},
    error_row{"error: tls: ", access_error::bad_configuration, 0},
    error_row{"error: unknown flag", access_error::bad_configuration, 0},
    error_row{"error: Invalid timeout value", access_error::bad_configuration, 0},
    // Asked for a name and a password, on a stdin that is empty.
    error_row{"error: EOF", access_error::unauthorized, 0},
};

bool is_time(std::string_view line) {
  constexpr std::array words{"Client.Timeout", "deadline exceeded", "i/o timeout",
                             "TLS handshake timeout"};
  return std::any_of(words.begin(), words.end(),
                     [&](char const *each) { return line.find(each) != line.npos; });
}

}  // namespace

access_failure read_kubectl_error(std::string_view errors) {
  std::string_view last;
  for (auto rest = errors; !rest.empty();) {
    auto const end = std::min(rest.find('\n'), rest.size());
    auto const line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.starts_with("Warning:")) continue;
    for (error_row const &row : rows) {
      if (!line.starts_with(row.begin)) continue;
      bool const late = row.kind == access_error::unreachable && is_time(line);
      return {late ? access_error::timed_out : row.kind, std::string(line), row.status};
    }
    last = line;
  }
  return {access_error::server_error, last.empty() ? "it gave no reason" : std::string(last)};
}

}  // namespace loopcheck
