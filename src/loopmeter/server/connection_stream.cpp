// SPDX-License-Identifier: Apache-2.0
// The part of a connection that answers with a body that is made while it is sent; and what all
// such answers have in common.
#include <loopmeter/server/connection.hpp>

#include <utility>

namespace loopmeter::server {

// The head is made, and its body will come: with the length that it has, or as the peer can be
// told.
http::head_context connection::begin_streamed_answer(std::optional<std::uint64_t> length) {
  decide_whether_to_close();
  if (!length && !head().http_1_1) closing_ = true;  // where that ends, its body ends
  auto context = head_context();
  context.length = length;
  context.end = length ? http::body_end::length : length_unknown();
  return context;
}

// Its last octets are on their way.
void connection::end_streamed_answer(std::uint16_t status) {
  bool const gone = client_left();
  closing_ = closing_ || loop_.common.life.draining();  // since its head was sent
  state_ = closing_ ? state::finishing : state::head;
  account(gone ? http::status_client_closed_request : status);
  next_request();
}

// All that can be said once its head is sent: a FIN would make it look whole.
void connection::break_off_answer(std::uint16_t status) {
  state_ = state::finishing;
  account(status);
  loop_.output.clear();
  loop_.common.connections.cut.inc();
  wire_.break_off();
}

connection::progress connection::begin_stream(http::response made) {
  if (!http::has_content(made.status)) {
    made.stream->ended(http::body_stream::outcome::head_only, 0);
    answer(made);
    next_request();
    return progress::answered;
  }
  if (state_ != state::handling) request_->closed_before_handler = wire_.source().peer_closed();
  keep_exchange();
  request_->answer_body = std::make_unique<streamed_body>(std::move(made));
  state_ = state::streaming;
  return progress::streaming;
}

// One slice; the state says whether there is more.
void connection::continue_stream() {
  request_->answer_body->begun() ? send_slice() : collect_slice();
}

// While the whole body may yet be small enough for a plain answer, with its length.
void connection::collect_slice() {
  using made = streamed_body::progress;
  auto const so_far = request_->answer_body->collect(loop_.clock);
  if (so_far == made::failed) return stream_failed();
  if (so_far == made::more && !request_->answer_body->collected_slice()) return;
  // HEAD is told what GET would be (RFC 9110 section 9.3.2), as far as that is known by now.
  bool const is_head = head().method == http::method::head;
  if (so_far == made::end || is_head) {
    request_->answer_body->end(is_head ? streamed_body::outcome::head_only
                                       : streamed_body::outcome::sent);
    auto const held = std::exchange(request_->answer_body, nullptr);
    if (so_far == made::end) held->answer().stream = nullptr;
    answer(held->answer());
    return next_request();
  }
  request_->answer_body->begin(loop_.output, begin_streamed_answer());
}

void connection::send_slice() {
  using made = streamed_body::progress;
  auto const so_far = request_->answer_body->send_slice(loop_.output, loop_.clock);
  if (so_far == made::failed) return stream_failed();
  if (so_far == made::more) return;
  request_->answer_body->end(streamed_body::outcome::sent);
  auto const status = request_->answer_body->answer().status;
  request_->answer_body = nullptr;
  end_streamed_answer(status);
}

// Before its head is sent it is an answer like any other; later all that can be said is a reset.
void connection::stream_failed() {
  auto const status = request_->answer_body->failure_status();
  request_->answer_body->end(streamed_body::outcome::failed);
  bool const begun = request_->answer_body->begun();
  request_->answer_body = nullptr;
  if (!begun) {
    answer(http::error_response(status));
    return next_request();
  }
  break_off_answer(status);
}

// The connection ends in the middle of the body.
void connection::drop_stream() noexcept {
  using how = streamed_body::outcome;
  request_->answer_body->end(cut_ ? how::cut : timed_out_ ? how::stalled : how::client_gone);
  if (request_->answer_body->begun()) wire_.break_off();
  request_->answer_body = nullptr;
}

}  // namespace loopmeter::server
