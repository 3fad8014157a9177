// SPDX-License-Identifier: Apache-2.0
// Where the limits strike a connection, and what all connections of a worker hold together.
#include <loopmeter/server/connection.hpp>

#include <algorithm>
#include <utility>

#include <loopmeter/server/shedder.hpp>

namespace loopmeter::server {

bool connection::is_internal() const noexcept {
  return request_->resource != route_table::not_found &&
         loop_.common.routes.resources()[request_->resource].counted == accounting::internal;
}

// Counts one more request whose handler waits; false if there are too many.
bool connection::may_wait() noexcept {
  if (is_internal()) return true;
  if (loop_.waiting_requests >= loop_.common.limits.waiting_requests_max) return false;
  ++loop_.waiting_requests;
  request_->counted_waiting = true;
  return true;
}

// Content that stays here while others have their turn; false if the worker holds too much.
bool connection::hold_body(std::size_t octets) noexcept {
  loop_.held_body_bytes += octets - request_->counted_content;
  request_->counted_content = octets;
  return octets == 0 || loop_.held_body_bytes <= loop_.common.limits.held_body_bytes_max;
}

void connection::uncount() noexcept {
  hold_body(0);
  if (request_->counted_waiting) --loop_.waiting_requests;
  request_->counted_waiting = false;
}

void connection::hit(limit struck) const noexcept {
  loop_.common.connections.limit_hits.at(struck).inc();
}

void connection::hit(http::bound exceeded) const noexcept {
  if (exceeded == http::bound::none) return;
  bool const streams = request_->row != nullptr && request_->row->streams();
  hit(streams && exceeded == http::bound::body_bytes ? limit::streamed_body_bytes
                                                     : limit_of(exceeded));
}

connection::progress connection::refuse(http::bound exceeded, std::uint16_t status) {
  hit(exceeded);
  return refuse(status);
}

// Overload: the same may succeed in a moment. `whole`: the request was read, so the connection can
// stay.
connection::progress connection::refuse_for_now(limit struck, bool whole) {
  hit(struck);
  closing_ = closing_ || !whole;
  must_linger_ = must_linger_ || !whole;
  auto made = http::error_response(503);
  made.fields = "Retry-After: 1\r\n";
  answer(made);
  next_request();
  return progress::answered;
}

// How long what is awaited may still take to come.
clock::duration connection::patience(clock::time_point now) {
  using time = std::chrono::milliseconds;
  auto const &limits = loop_.common.limits;
  auto const cap = place_.reserved() ? limits.reserved_timeout : time::max();
  if (state_ == state::body) {
    return request_->content_started +
           std::min(limits.whole_body_time_at(request_->content.size()), cap) - now;
  }
  if (wire_.shaking_hands()) return opened_ + std::min(limits.head_timeout, cap) - now;
  if (idle()) return std::min(limits.idle_timeout, cap);
  return request_->started + std::min(limits.head_timeout, cap) - now;
}

// Counts the one that was the nearest.
void connection::deadline_struck() noexcept {
  auto const &limits = loop_.common.limits;
  auto const age = [this](clock::time_point since) { return loop_.clock.now() - since; };
  if (place_.reserved()) {
    hit(limit::reserved_timeout);
  } else if (state_ == state::body) {
    bool const whole = age(request_->content_started) >= limits.body_timeout;
    hit(whole ? limit::body_timeout : limit::body_rate);
  } else {
    bool const waited_for_one = idle() && !wire_.shaking_hands();
    hit(waited_for_one ? limit::idle_timeout : limit::head_timeout);
  }
}

// The reader takes nothing, or too little for an answer that has a deadline of its own.
connection::step connection::end_of_stall() {
  bool const too_late =
      request_->answer_body != nullptr && request_->answer_body->deadline() <= loop_.clock.now();
  if (!too_late) hit(limit::write_stall_timeout);
  auto const done = close();
  wire_.break_off();  // or the kernel would go on holding what nobody takes
  return done;
}

// Whoever has a place of the reserve and sends nothing, or has its answer and stays, must not keep
// it from a probe.
void connection::stand_among_silent(bool silent) noexcept {
  silent = silent && place_.reserved();
  if (silent && !expendable_link::is_linked()) loop_.silent.push_back(*this);
  if (!silent && unsent_left_ == 0 && expendable_link::is_linked()) expendable_link::unlink();
}

door::place connection::make_way() {
  expendable_link::unlink();
  tell_overloaded(wire_.socket(), loop_.tls());
  cut();
  wire_.close();  // of as many as come at once, the descriptors would add up
  return std::move(place_);
}

// Memory for slow readers. When it is too much, the one goes that has taken nothing for the
// longest: an honest one, however slow, is seldom it.
void connection::account_unsent() {
  auto const left = wire_.unsent_left();
  loop_.unsent_bytes += wire_.unsent_bytes() - counted_unsent_;
  counted_unsent_ = wire_.unsent_bytes();
  if (left == std::exchange(unsent_left_, left)) return;
  if (expendable_link::is_linked()) expendable_link::unlink();
  if (left > 0) loop_.slow_readers.push_back(*this);
  auto const most = loop_.common.limits.unsent_bytes_max;
  while (loop_.unsent_bytes > most && !loop_.slow_readers.empty()) {
    static_cast<connection &>(loop_.slow_readers.front()).make_room();
  }
}

void connection::make_room() {
  hit(limit::unsent_bytes);
  expendable_link::unlink();
  loop_.unsent_bytes -= std::exchange(counted_unsent_, 0);
  cut();
  wire_.break_off();  // frees it now: in a moment, when this one is closed, many others have some
}

}  // namespace loopmeter::server
