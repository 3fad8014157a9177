// SPDX-License-Identifier: Apache-2.0
// The part of a connection that a streaming handler drives: its request's content in pieces, and an
// answer in pieces. What must be waited for, stream.cpp waits for.
#include <loopmeter/server/connection.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

namespace loopmeter::server {

namespace {

// What is moved before the other connections of the worker get their turn: a slice in and out.
constexpr std::size_t turn_bytes = 2 * streamed_body::slice_bytes;

[[noreturn]] void throw_nobody_there() {
  throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace

connection::progress connection::begin_pieces() {
  auto const &head = this->head();
  request_->decoder = http::body_decoder(head.framing, head.content_length);
  request_->content.clear();
  if (!may_wait()) {
    return refuse_for_now(limit::waiting_requests, head.framing == http::body_framing::none);
  }
  request_->pieces = std::make_unique<stream>(*this);
  state_ = state::handling;
  return progress::run_handler;
}

task<void> connection::start_streaming_handler() {
  request_->closed_before_handler = wire_.source().peer_closed();
  return std::get<streaming_handler>(request_->row->handler)(request_->exchange, *request_->pieces);
}

std::optional<std::uint64_t> connection::content_length() const noexcept {
  auto const &head = this->head();
  if (head.framing == http::body_framing::chunked) return std::nullopt;
  return head.content_length;
}

// --- the request's content -----------------------------------------------------------------------

connection::step connection::read_piece() {
  end_wait_of_handler();
  auto &p = *request_->pieces;
  if (lost()) throw_nobody_there();
  if (std::exchange(timed_out_, false)) content_comes_too_slowly();
  for (;;) {
    if (decode_piece() || p.whole_) {
      wire_.keep_input();  // whatever the handler does next, others may run meanwhile
      hold_pieces();
      return step::done;
    }
    if (wire_.ended()) throw content_error(400, "the content ends before its end");
    if (p.content_bytes_ == 0 && !p.writer_.begun()) invite_content();
    if (!wire_.send_unsent() || !wire_.flush()) return wait_in_handler(step::wait_writable);
    if (!wire_.source().readable()) {
      release(request_->content);
      return wait_in_handler(step::wait_readable);
    }
    if (p.moved_bytes_ >= turn_bytes) return wait_in_handler(step::yield);
    wire_.receive();
    p.moved_bytes_ += wire_.input().size();
  }
}

// The next piece out of what was read; false if there is none in it.
bool connection::decode_piece() {
  auto &p = *request_->pieces;
  request_->content.clear();
  if (p.whole_) return false;
  bool const refused_before = request_->decoder.status() != 0;
  auto const found = decode_content();
  if (found == http::body_decoder::outcome::refused) {
    if (!refused_before) hit(request_->decoder.exceeded());
    throw content_error(request_->decoder.status(), request_->decoder.status() == 400
                                                        ? "the content is malformed"
                                                        : "the content is too large");
  }
  p.content_bytes_ += request_->content.size();
  p.whole_ = found == http::body_decoder::outcome::complete;
  if (p.whole_) request_->closed_before_handler = wire_.source().peer_closed();
  return !request_->content.empty();
}

// Content that the handler left unread. What is here already is thrown away, up to a bound; more is
// not waited for: a client that asked whether to send it will not.
void connection::discard_content() {
  auto &p = *request_->pieces;
  std::size_t discarded = 0;
  try {
    for (;;) {
      bool const some = decode_piece();
      if (p.whole_) return;
      if (some) continue;
      bool const enough = discarded >= loop_.common.limits.linger_bytes_max;
      if (enough || wire_.ended() || !wire_.source().readable()) break;
      wire_.receive();
      discarded += wire_.input().size();
    }
  } catch (content_error const &) {  // nobody asked for it
  }
  closing_ = true;
  must_linger_ = true;
}

// --- the answer's content ------------------------------------------------------------------------

connection::step connection::write_piece(std::string_view piece) {
  auto &p = *request_->pieces;
  if (lost() || p.head_only_) throw_nobody_there();
  p.written_ += piece.size();
  if (p.declared_ && p.written_ > *p.declared_) {
    throw std::length_error("more content than was declared");
  }
  bool const room = p.held_.size() + piece.size() <= stream::held_bytes_max;
  if (!p.writer_.begun() && room && !head_is_known()) {
    p.held_ += piece;
    hold_pieces();
    return step::done;
  }
  p.unwritten_ = piece;
  return continue_writing();
}

connection::step connection::continue_writing() {
  end_wait_of_handler();
  auto &p = *request_->pieces;
  if (timed_out_ && !lost()) {  // the peer takes nothing of its answer
    hit(limit::write_stall_timeout);
    wire_.break_off();
  }
  if (lost() || p.head_only_) throw_nobody_there();
  if (!wire_.send_unsent()) return wait_in_handler(step::wait_writable);
  if (!http::is_sendable(p.answer.status)) throw std::out_of_range("a status that cannot be sent");
  try {
    return send_pieces();
  } catch (std::bad_alloc const &) {
    loop_.output.clear();  // half a chunk must not stand there when others have their turn
    wire_.break_off();
    throw;
  }
}

connection::step connection::send_pieces() {
  auto &p = *request_->pieces;
  if (!p.writer_.begun()) begin_answer_in_pieces();
  while (!p.unwritten_.empty() || !loop_.output.empty()) {
    if (p.moved_bytes_ >= turn_bytes && loop_.output.empty()) return wait_in_handler(step::yield);
    auto const piece = p.unwritten_.substr(0, streamed_body::slice_bytes);
    p.writer_.add(loop_.output, piece);
    p.unwritten_.remove_prefix(piece.size());
    p.moved_bytes_ += piece.size();
    bool const taken = wire_.flush();
    if (lost() || p.head_only_) throw_nobody_there();
    if (!taken) return wait_in_handler(step::wait_writable);
  }
  account_unsent();
  return step::done;
}

// To HEAD, where nothing is learnt from what is written (RFC 9110 section 9.3.2).
bool connection::head_is_known() const noexcept {
  return head().method == http::method::head && request_->pieces->declared_.has_value();
}

void connection::begin_answer_in_pieces() {
  auto &p = *request_->pieces;
  bool const has_content = http::has_content(p.answer.status);
  p.head_only_ = head().method == http::method::head || !has_content;
  auto const context = begin_streamed_answer(p.declared_);
  p.writer_.begin(loop_.output, p.answer, context);
  if (p.head_only_) {
    p.unwritten_ = {};
    return;
  }
  p.writer_.add(loop_.output, p.held_);
  release(p.held_);
}

void connection::end_streaming_handler(std::exception_ptr const &error) {
  if (lost()) {
    close();  // an exception says no more than that
    return;
  }
  auto &p = *request_->pieces;
  if (error && !p.head_only_) return fail_pieces(error);
  if (!p.head_only_ && !head_is_known() && p.written_ < p.declared_.value_or(0)) {
    auto const what = std::length_error("less content than was declared");
    return fail_pieces(std::make_exception_ptr(what));
  }
  discard_content();
  if (p.writer_.begun()) {
    if (!p.head_only_) p.writer_.end(loop_.output);
    return end_streamed_answer(p.answer.status);
  }
  if (head_is_known()) {
    p.writer_.begin(loop_.output, p.answer, begin_streamed_answer(p.declared_));
    return end_streamed_answer(p.answer.status);
  }
  if (p.written_ > 0) {
    p.answer.body = {};
    p.answer.body_owned = std::move(p.held_);
    p.answer.stream = nullptr;
  }
  respond(checked(std::move(p.answer)));
}

// Before its head is sent it is an answer like any other; later all that can be said is a reset.
void connection::fail_pieces(std::exception_ptr const &error) {
  auto answer = http::error_response(500);
  try {
    std::rethrow_exception(error);
  } catch (content_error const &bad) {
    answer = http::error_response(bad.status());
    if (bad.status() == 503) answer.fields = "Retry-After: 1\r\n";
  } catch (...) {
    answer = answer_to_exception(error);
  }
  if (request_->pieces->writer_.begun()) return break_off_answer(answer.status);
  discard_content();
  respond(std::move(answer));
}

// --- waiting -------------------------------------------------------------------------------------

// As wait_for(), but in the middle of a handler, which goes on afterwards whatever happened.
connection::step connection::wait_in_handler(step what) {
  auto &p = *request_->pieces;
  auto const &limits = loop_.common.limits;
  wire_.keep_input();
  auto const now = loop_.clock.update();  // handlers take time
  p.moved_bytes_ = 0;
  hold_body(request_->content.size() + p.held_.size());
  account_unsent();
  if (lost()) throw_nobody_there();
  if (what == step::wait_writable) deadline_.set(limits.write_stall_timeout);
  if (what == step::wait_readable) {
    p.wait_began_ = now;
    auto const waited = std::chrono::ceil<std::chrono::milliseconds>(p.waited_);
    auto const left = std::min(limits.body_timeout, limits.body_time_at(p.content_bytes_) - waited);
    deadline_.set(place_.reserved() ? std::min(left, limits.reserved_timeout) : left);
  }
  return what;
}

void connection::content_comes_too_slowly() {
  auto const &p = *request_->pieces;
  auto const waited = std::chrono::ceil<std::chrono::milliseconds>(p.waited_);
  bool const of_rate = waited >= loop_.common.limits.body_time_at(p.content_bytes_);
  auto const which = of_rate ? limit::body_rate : limit::body_timeout;
  hit(place_.reserved() ? limit::reserved_timeout : which);
  throw content_error(408, "the content comes too slowly");
}

// What a worker holds of content is bounded, and a piece is held until the next is asked for.
void connection::hold_pieces() {
  if (hold_body(request_->content.size() + request_->pieces->held_.size())) return;
  hit(limit::held_body_bytes);
  throw content_error(503, "too much content is held");
}

void connection::end_wait_of_handler() noexcept {
  auto &p = *request_->pieces;
  deadline_.clear();
  if (p.wait_began_ == clock::time_point{}) return;
  p.waited_ += loop_.clock.now() - std::exchange(p.wait_began_, {});
}

}  // namespace loopmeter::server
