// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/limit_table.hpp>

#include <algorithm>
#include <array>

#include <loopmeter/base/assert.hpp>

namespace loopmeter::server {

namespace {

constexpr std::uint64_t kb = 1024;
constexpr std::uint64_t mb = kb * kb;
constexpr std::uint64_t gb = kb * mb;

constexpr quantity count(std::uint64_t min, std::uint64_t max, std::string_view zero = {}) {
  return {.unit = unit::count, .min = min, .max = max, .zero_word = zero};
}
constexpr quantity bytes(std::uint64_t min, std::uint64_t max, std::string_view zero = {}) {
  return {.unit = unit::bytes, .min = min, .max = max, .zero_word = zero};
}
constexpr quantity time_from(std::uint64_t min_ms) {
  return {.unit = unit::milliseconds, .min = min_ms, .max = 3'600'000};
}

template <class Field>
consteval limit_row row(limit which, std::string_view flag, quantity what, std::string_view help,
                        std::string_view strikes, Field field) {
  return {which, make_setting<limits>(flag, what, help, field), strikes};
}

#define FIELD(member) [](auto &l) -> auto & { return l.member; }

constexpr std::array table{
    row(limit::request_line_bytes, "limit.request-line-bytes", bytes(64, mb),
        "Request line, so that targets of 8 KB fit", "414, close",
        FIELD(head.request_line_bytes_max)),
    row(limit::head_bytes, "limit.head-bytes", bytes(256, mb),
        "Head of a request, request line and field lines", "431, close",
        FIELD(head.head_bytes_max)),
    row(limit::head_lines, "limit.head-lines", count(1, 10'000), "Field lines of a request",
        "431, close", FIELD(head.lines_max)),
    row(limit::body_bytes, "limit.body-bytes", bytes(0, gb),
        "Content of a request that is held as a whole", "413, close", FIELD(body.body_bytes_max)),
    row(limit::streamed_body_bytes, "limit.streamed-body-bytes", bytes(0, mb *gb),
        "Content of a request that is read in pieces", "413, close",
        FIELD(streamed_body_bytes_max)),
    row(limit::chunk_extension_bytes, "limit.chunk-extension-bytes", bytes(0, mb),
        "Chunk extensions of one request together", "413, close",
        FIELD(body.chunk_extension_bytes_max)),
    row(limit::trailer_bytes, "limit.trailer-bytes", bytes(0, mb), "Trailer fields of one request",
        "431, close", FIELD(body.trailer_bytes_max)),
    row(limit::idle_timeout, "limit.idle-timeout", time_from(1), "Time between requests", "close",
        FIELD(idle_timeout)),
    row(limit::head_timeout, "limit.head-timeout", time_from(1),
        "From the first octet of a request to the end of its head", "408, close",
        FIELD(head_timeout)),
    row(limit::body_timeout, "limit.body-timeout", time_from(1),
        "From the end of the head to the end of content that is held as a whole, or until more "
        "comes "
        "of what is read in pieces",
        "408, close", FIELD(body_timeout)),
    row(limit::body_rate, "limit.body-rate", bytes(1, gb, "off"),
        "Content a second that must come, on average, after the grace", "408, close",
        FIELD(body_bytes_per_second_min)),
    row(limit::body_grace, "limit.body-grace", time_from(0),
        "From the end of the head: how long the rate of the content is not looked at", "",
        FIELD(body_grace)),
    row(limit::write_stall_timeout, "limit.write-stall-timeout", time_from(1),
        "Time in which a reader must take something of its answer", "reset",
        FIELD(write_stall_timeout)),
    row(limit::linger_timeout, "limit.linger-timeout", time_from(0),
        "After our last answer: how long to read on, so that it is not lost in a reset", "close",
        FIELD(linger_timeout)),
    row(limit::linger_bytes, "limit.linger-bytes", bytes(0, gb),
        "After our last answer: how much to read on", "reset", FIELD(linger_bytes_max)),
    row(limit::pipelined_requests, "limit.pipelined-requests", count(1, 10'000),
        "Pipelined requests answered before other connections have their turn", "a turn later",
        FIELD(pipelined_requests_max)),
    row(limit::requests_per_connection, "limit.requests-per-connection", count(1, 1'000'000'000),
        "Requests of one connection", "Connection: close", FIELD(requests_per_connection_max)),
    row(limit::max_connections, "web.max-connections", count(1, 10'000'000, "auto"),
        "Connections of all workers; auto: what the limit of open files leaves",
        "503 to the service's routes, close", FIELD(connections_max)),
    row(limit::reserved_connections, "limit.reserved-connections", count(0, 10'000),
        "Connections beyond these on which probes and scrapes are answered", "503 unread, close",
        FIELD(connections_reserved)),
    row(limit::reserved_timeout, "limit.reserved-timeout", time_from(1),
        "Time that such a connection has to send a request", "close", FIELD(reserved_timeout)),
    row(limit::waiting_requests, "limit.waiting-requests", count(1, 10'000'000),
        "Requests of a worker whose handlers wait", "503", FIELD(waiting_requests_max)),
    row(limit::held_body_bytes, "limit.held-body-bytes", bytes(0, 1024 * gb),
        "Content that a worker holds, of all its requests", "503, close",
        FIELD(held_body_bytes_max)),
    row(limit::unsent_bytes, "limit.unsent-bytes", bytes(0, 1024 * gb),
        "Output that a worker holds for slow readers; beyond, the slowest is cut", "reset",
        FIELD(unsent_bytes_max)),
    row(limit::backlog, "limit.backlog", count(1, 65'535),
        "Connections that the kernel holds until they are accepted", "", FIELD(listen_backlog)),
    row(limit::accepts_per_wake, "limit.accepts-per-wake", count(1, 10'000),
        "Connections accepted before others have their turn", "", FIELD(accepts_per_wake_max)),
    row(limit::accept_backoff, "limit.accept-backoff", time_from(1),
        "Pause after the kernel refused a descriptor or memory", "", FIELD(accept_backoff)),
    row(limit::user_timeout, "limit.user-timeout", time_from(1000),
        "Time in which a peer must acknowledge what was sent", "reset", FIELD(user_timeout)),
    row(limit::keepalive_idle, "limit.keepalive-idle", time_from(1000),
        "Silence before the kernel asks whether a peer is still there", "", FIELD(keepalive_idle)),
    row(limit::keepalive_interval, "limit.keepalive-interval", time_from(1000),
        "Time between such questions", "", FIELD(keepalive_interval)),
};

#undef FIELD

consteval bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].which) != i) return false;
  }
  return true;
}
static_assert(in_order(), "a row's place is its enumerator's number");

}  // namespace

std::span<limit_row const> limit_table() noexcept {
  return table;
}

std::string label_of(limit_row const &row) {
  std::string label(row.number.flag.substr(row.number.flag.find('.') + 1));
  std::replace(label.begin(), label.end(), '-', '_');
  return label;
}

std::vector<std::string> limit_labels() {
  std::vector<std::string> labels;
  for (auto const &row : table)
    labels.push_back(label_of(row));
  return labels;
}

limit limit_of(http::bound exceeded) noexcept {
  switch (exceeded) {
    case http::bound::request_line_bytes:
      return limit::request_line_bytes;
    case http::bound::head_bytes:
      return limit::head_bytes;
    case http::bound::head_lines:
      return limit::head_lines;
    case http::bound::chunk_extension_bytes:
      return limit::chunk_extension_bytes;
    case http::bound::trailer_bytes:
      return limit::trailer_bytes;
    default:
      LOOPMETER_ASSERT(exceeded == http::bound::body_bytes);
      return limit::body_bytes;
  }
}

}  // namespace loopmeter::server
