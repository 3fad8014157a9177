// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/streamed_body.hpp>

#include <exception>
#include <utility>

#include <loopmeter/server/wire.hpp>

namespace loopmeter::server {

streamed_body::progress streamed_body::pull(std::string &out, std::size_t end, loop_clock &time) {
  auto const time_up = time.update() + slice_time;
  auto made = progress::more;
  try {
    while (made == progress::more && out.size() < end && time.now() < time_up) {
      made = answer_.stream->next(out, end - out.size());
      time.update();
    }
  } catch (std::exception const &) {
    made = progress::failed;
  }
  return made;
}

streamed_body::progress streamed_body::collect(loop_clock &time) {
  return pull(answer_.body_owned, slice_bytes, time);
}

void streamed_body::begin(std::string &out, http::head_context const &context) {
  writer_.begin(out, answer_, context);
  writer_.add(out, answer_.body_owned);
  release(answer_.body_owned);
}

streamed_body::progress streamed_body::send_slice(std::string &out, loop_clock &time) {
  auto const opened = writer_.open(out);
  auto const made = pull(out, out.size() + slice_bytes, time);
  writer_.close(out, opened);
  if (made == progress::end) writer_.end(out);
  return made;
}

void streamed_body::end(outcome how) noexcept {
  if (std::exchange(ended_, true)) return;
  auto const made = writer_.body_bytes() + answer_.body_owned.size();
  answer_.stream->ended(how, static_cast<std::size_t>(made));
}

}  // namespace loopmeter::server
