// SPDX-License-Identifier: Apache-2.0
// A body that is made while it is sent, as its connection sees it: slices of bounded size and time,
// with or without chunk framing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <loopmeter/http/body_writer.hpp>
#include <loopmeter/http/response.hpp>
#include <loopmeter/server/loop_clock.hpp>

namespace loopmeter::server {

class streamed_body {
 public:
  using progress = http::body_stream::progress;
  using outcome = http::body_stream::outcome;

  /// What is made, and held for a slow reader, at once; a body that is no larger is sent with its
  /// length.
  static constexpr std::size_t slice_bytes = std::size_t{64} * 1024;
  /// Then the other connections of the worker get their turn.
  static constexpr std::chrono::microseconds slice_time{100};

  /// `answer.stream` must be there.
  explicit streamed_body(http::response answer) noexcept : answer_(std::move(answer)) {}
  /// Without end(), the client was gone.
  ~streamed_body() { end(outcome::client_gone); }
  streamed_body(streamed_body const &) = delete;
  streamed_body &operator=(streamed_body const &) = delete;

  /// Before the head is sent: makes more of the body, into answer().body_owned, of which the length
  /// is not known yet. `more` with less than a slice there: time is up.
  progress collect(loop_clock &time);
  bool collected_slice() const noexcept { return answer_.body_owned.size() >= slice_bytes; }

  /// Appends the head to `out`, and with it what was collected; the rest comes by send_slice().
  void begin(std::string &out, http::head_context const &context);
  /// Appends a slice. The last one ends with the last chunk, unless the end is that of the
  /// connection.
  progress send_slice(std::string &out, loop_clock &time);

  void end(outcome how) noexcept;

  bool begun() const noexcept { return writer_.begun(); }
  http::response &answer() noexcept { return answer_; }
  http::response const &answer() const noexcept { return answer_; }
  std::uint16_t failure_status() const noexcept { return answer_.stream->failure_status(); }
  std::chrono::steady_clock::time_point deadline() const noexcept {
    return answer_.stream->deadline();
  }

 private:
  progress pull(std::string &out, std::size_t end, loop_clock &time);

  http::response answer_;
  http::body_writer writer_;
  bool ended_ = false;
};

}  // namespace loopmeter::server
