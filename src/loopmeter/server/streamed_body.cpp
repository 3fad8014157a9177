// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/streamed_body.hpp>

#include <exception>
#include <string_view>
#include <utility>

#include <loopmeter/server/wire.hpp>

namespace loopmeter::server {

namespace {

// A chunk's size stands before it and is known after it: this much room is left, and filled in with
// leading zeros, which the grammar allows (RFC 9112 section 7.1).
constexpr std::string_view chunk_head = "00000000\r\n";
constexpr std::string_view chunk_end = "\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

void write_chunk_size(std::string &out, std::size_t at, std::size_t size) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (std::size_t digit = chunk_head.size() - 2; digit > 0; size >>= 4U) {
    out[at + --digit] = hex[size & 15U];
  }
}

}  // namespace

streamed_body::progress streamed_body::pull(std::string &out, std::size_t end, loop_clock &time) {
  auto const time_up = time.update() + slice_time;
  auto const before = out.size();
  auto made = progress::more;
  try {
    while (made == progress::more && out.size() < end && time.now() < time_up) {
      made = answer_.stream->next(out, end - out.size());
      time.update();
    }
  } catch (std::exception const &) {
    made = progress::failed;
  }
  body_bytes_ += out.size() - before;
  return made;
}

streamed_body::progress streamed_body::collect(loop_clock &time) {
  return pull(answer_.body_owned, slice_bytes, time);
}

void streamed_body::begin(std::string &out, http::head_context const &context) {
  http::append_head(out, answer_, context);
  begun_ = true;
  chunked_ = context.end == http::body_end::chunked;
  auto const at = out.size();
  if (chunked_) out += chunk_head;
  out += answer_.body_owned;
  if (chunked_) {
    write_chunk_size(out, at, answer_.body_owned.size());
    out += chunk_end;
  }
  release(answer_.body_owned);
}

streamed_body::progress streamed_body::send_slice(std::string &out, loop_clock &time) {
  if (!chunked_) return pull(out, out.size() + slice_bytes, time);
  auto const at = out.size();
  out += chunk_head;
  auto const begin = out.size();
  auto const made = pull(out, begin + slice_bytes, time);
  if (out.size() == begin) {
    out.resize(at);  // an empty chunk would be the last one
  } else {
    write_chunk_size(out, at, out.size() - begin);
    out += chunk_end;
  }
  if (made == progress::end) out += last_chunk;
  return made;
}

void streamed_body::end(outcome how) noexcept {
  if (!std::exchange(ended_, true)) answer_.stream->ended(how, body_bytes_);
}

}  // namespace loopmeter::server
