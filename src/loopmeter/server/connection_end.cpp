// SPDX-License-Identifier: Apache-2.0
// How a connection waits, and how it ends: by the peer, by a deadline, by the server.
#include <loopmeter/server/connection.hpp>

#include <algorithm>
#include <utility>

namespace loopmeter::server {

// No more octets will come: the peer's FIN, or a deadline.
connection::step connection::end_of_input() {
  bool const begun = state_ == state::body || (state_ == state::head && !idle());
  if (begun) {
    if (timed_out_) deadline_struck();
    refuse(timed_out_ ? 408 : 400);
  } else {
    if (timed_out_) deadline_struck();
    must_linger_ = !wire_.peer_finished();  // a request may be on its way to us
    state_ = state::finishing;
  }
  timed_out_ = false;
  return wire_.flush() ? finished_sending() : wait_for(step::wait_writable);
}

connection::step connection::finished_sending() {
  bool const nothing_to_come =
      wire_.input().empty() && !must_linger_ && !loop_.common.life.draining();
  wire_.say_goodbye();
  if (lost() || wire_.peer_finished() || nothing_to_come || !wire_.end_sending()) return close();
  state_ = state::lingering;
  wire_.drop_input();
  deadline_.set(loop_.common.limits.linger_timeout);
  return linger();
}

// Closing with octets unread makes the kernel send a reset, which may destroy our last answer on
// its way to the peer: so read on until its FIN, within bounds.
connection::step connection::linger() {
  while (!timed_out_ && lingered_bytes_ < loop_.common.limits.linger_bytes_max) {
    if (!wire_.source().readable()) return wait_for(step::wait_readable);
    lingered_bytes_ += wire_.discard();
    if (wire_.peer_finished()) break;
  }
  if (timed_out_) {
    hit(limit::linger_timeout);
  } else if (!wire_.peer_finished()) {
    hit(limit::linger_bytes);
  }
  return close();
}

connection::step connection::close() noexcept {
  if (state_ == state::closed) return step::closed;
  if (wire_.peer_timed_out()) hit(limit::user_timeout);
  bool const unanswered = state_ == state::login || state_ == state::body ||
                          state_ == state::handling || state_ == state::streaming;
  if (unanswered) account(cut_ ? std::uint16_t{503} : http::status_client_closed_request);
  if (request_ != nullptr) abandon_request();
  bool const under_way = unanswered || wire_.has_unsent() || (cut_ && unsent_left_ > 0);
  if (under_way && (cut_ || timed_out_)) loop_.common.connections.cut.inc();
  loop_.output.clear();
  loop_.unsent_bytes -= std::exchange(counted_unsent_, 0);
  if (expendable_link::is_linked()) expendable_link::unlink();
  state_ = state::closed;
  return step::closed;
}

// An idle connection needs none of it.
void connection::end_request() noexcept {
  if (request_ != nullptr) uncount();
  loop_.requests.give_back(std::move(request_));
}

void connection::abandon_request() noexcept {
  if (request_->answer_body != nullptr) drop_stream();
  if (request_->pieces != nullptr && request_->pieces->writer_.begun()) wire_.break_off();
  request_->login = nullptr;
  uncount();
}

// In the last phase of a drain no request is waited for: one may be here unseen, or we end.
bool connection::must_end_idle() {
  if (!idle() || wire_.shaking_hands() || loop_.common.life.phase() < phase::finishing)
    return false;
  wire_.receive();
  if (idle() && !wire_.ended()) {
    must_linger_ = true;
    state_ = state::finishing;
  }
  return true;
}

bool connection::serves() const noexcept {
  if (idle() || state_ >= state::finishing) return false;
  bool const known = request_ != nullptr && request_->row != nullptr;
  return !known || request_->row->counted == accounting::service;
}

void connection::drain() {
  if (!idle() || wire_.shaking_hands() || wire_.has_unsent()) return;
  // A deadline that struck a moment ago, and is not seen yet, was that of an idle connection.
  deadline_.clear();
  timed_out_ = false;
  wire_.receive();
  wire_.keep_input();
  if (idle()) {
    must_linger_ = true;
    state_ = state::finishing;
  }
  wire_.source().cancel();
}

void connection::cut() {
  cut_ = true;
  wire_.source().cancel();
  if (request_ == nullptr) return;
  request_->exchange.was_cut_ = true;
  request_->exchange.sleeper_.close();
}

connection::step connection::wait_for(step what) {
  wire_.keep_input();
  auto const &limits = loop_.common.limits;
  auto const now = loop_.clock.now();
  account_unsent();
  if (lost()) return close();
  stand_among_silent(what == step::wait_readable);
  note_activity(what != step::wait_readable || !idle());
  if (idle() || state_ >= state::finishing) end_request();
  if (state_ == state::lingering) return what;  // its deadline began with our FIN
  if (what == step::wait_writable) {
    clock::duration stall = limits.write_stall_timeout;
    if (request_ != nullptr && request_->answer_body != nullptr)
      stall = std::min(stall, request_->answer_body->deadline() - now);
    deadline_.set(stall);
  } else if (what != step::wait_readable) {
    deadline_.clear();
  } else {
    deadline_.set(patience(now));
  }
  return what;
}

// Only what waits is seen from outside: a request that is answered at once is not counted twice.
void connection::note_activity(bool active) noexcept {
  if (active == active_) return;
  active_ = active;
  auto const &to = active ? loop_.measured.active : loop_.measured.idle;
  auto const &from = active ? loop_.measured.idle : loop_.measured.active;
  to.inc();
  from.dec();
}

void connection::on_deadline(void *self) {
  static_cast<connection *>(self)->timed_out_ = true;
  static_cast<connection *>(self)->wire_.source().cancel();
}

void connection::on_broken(void *self) {
  auto const &request = static_cast<connection *>(self)->request_;
  if (request != nullptr) request->exchange.sleeper_.close();
}

}  // namespace loopmeter::server
