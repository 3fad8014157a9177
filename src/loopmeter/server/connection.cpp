// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/connection.hpp>

#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <loopmeter/base/log.hpp>
#include <loopmeter/metrics/exemplar.hpp>
#include <loopmeter/server/log_gate.hpp>

namespace loopmeter::server {

namespace {

// Larger bodies go to the kernel from where they are, instead of through the output buffer.
constexpr std::size_t copied_body_bytes_max = 16 * 1024;
// Output is sent before it grows beyond this, also in the middle of a pipeline.
constexpr std::size_t output_bytes_max = 256 * 1024;
// A traceparent alone takes this much: heads that are shorter need not be searched.
constexpr std::size_t traceparent_line_bytes = 68;

std::int64_t unix_seconds() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);  // a quarter of the price, and seconds will do
  return now.tv_sec;
}

}  // namespace

connection::connection(loop &owner, unique_fd socket, door::place place)
    : loop_(owner),
      place_(std::move(place)),
      wire_(owner, std::move(socket), &on_broken, this),
      deadline_(owner.sleeps, &on_deadline, this) {
  loop_.connections.push_back(*this);
  loop_.common.connections.accepted.inc();
  loop_.common.connections.open.inc();
  loop_.measured.accepted.inc();
  loop_.measured.idle.inc();
}

connection::~connection() {
  close();  // counts a request that is left behind when the worker ends
  loop_.requests.give_back(std::move(request_));
  loop_.common.connections.open.dec();
  (active_ ? loop_.measured.active : loop_.measured.idle).dec();
  connection_link::unlink();
  if (loop_.connections.empty() && loop_.on_last_closed) loop_.on_last_closed();
}

// --- the main path: read, parse, answer, write ---------------------------------------------------

connection::step connection::proceed() {
  if (state_ == state::closed) return step::closed;  // when its handler ended
  if (state_ == state::lingering) return cut_ ? close() : linger();
  if (request_ == nullptr) request_ = loop_.requests.take(wire_.socket());
  if (timed_out_ && wire_.has_unsent()) return end_of_stall();
  if (!lost() && !wire_.send_unsent()) return wait_for(step::wait_writable);
  if (lost()) return close();
  if (timed_out_) return end_of_input();

  // Answers and reads alike are counted: no peer may keep us from the other connections.
  for (unsigned done = 0; !lost(); ++done) {
    bool const last = state_ == state::finishing;
    if (last || done >= loop_.common.limits.pipelined_requests_max) {
      if (!last) hit(limit::pipelined_requests);
      if (!wire_.flush()) return wait_for(step::wait_writable);
      return last ? finished_sending() : wait_for(step::yield);
    }
    switch (read_request()) {
      case progress::streaming:
        continue_stream();
        if (state_ == state::streaming)
          return wait_for(wire_.flush() ? step::yield : step::wait_writable);
        break;
      case progress::answered: {
        bool const much = loop_.output.size() > output_bytes_max || wire_.has_unsent();
        if (much && !wire_.flush()) return wait_for(step::wait_writable);
        break;
      }
      case progress::wait_login:
        return wait_for(wire_.flush() ? step::wait_login : step::wait_writable);
      case progress::run_handler:
        keep_exchange();
        if (!wire_.flush()) return wait_for(step::wait_writable);
        return wait_for(request_->pieces != nullptr ? step::run_streaming_handler
                                                    : step::run_handler);
      case progress::need_more:
        if (!wire_.flush()) return wait_for(step::wait_writable);
        if (lost()) break;  // what fails a send alone makes no edge to wait for
        if (wire_.ended()) return end_of_input();
        if (!wire_.source().readable()) {
          if (!must_end_idle()) return wait_for(step::wait_readable);
          break;
        }
        if (!wire_.takes_turn()) return wait_for(step::yield);
        wire_.receive();
        break;
    }
  }
  return close();
}

connection::progress connection::read_request() {
  if (state_ == state::login) return end_login();
  if (state_ == state::handling) return progress::run_handler;
  if (state_ == state::streaming) return progress::streaming;
  if (state_ == state::body) return read_body();
  return read_head();
}

connection::progress connection::read_head() {
  if (idle()) return progress::need_more;
  auto const input = wire_.input();
  if (request_->started == clock::time_point{}) request_->started = loop_.clock.now();
  using outcome = http::head_scanner::outcome;
  auto const found = request_->scanner.scan(input, loop_.common.limits.head);
  if (found == outcome::need_more) return progress::need_more;
  if (found == outcome::refused)
    return refuse(request_->scanner.exceeded(), request_->scanner.status());

  wire_.consume(request_->scanner.head_size());
  auto const bytes =
      input.substr(0, request_->scanner.head_size()).substr(request_->scanner.skipped());
  request_->exchange.base_ = bytes.data();
  auto const status = http::parse_head(bytes, head());
  if (status != 0) return refuse(status);
  return loop_.doorman == nullptr ? begin_exchange() : admit();
}

// The head is whole: find the row, and refuse what needs no body to be refused.
connection::progress connection::begin_exchange() {
  auto const &head = this->head();
  auto const &routes = loop_.common.routes;
  if (request_->exchange.path() != "*")
    request_->resource = routes.match(request_->exchange.path(), request_->exchange.parameters_);
  if (loop_.only && request_->resource != route_table::not_found &&
      routes.resources()[request_->resource].counted != *loop_.only) {
    request_->resource = route_table::not_found;  // it is served elsewhere
  }
  if (place_.reserved() && !is_internal()) return refuse_for_now(limit::max_connections, false);
  if (head.method != http::method::options) {
    if (request_->resource == route_table::not_found) return refuse(404);
    auto const &resource = routes.resources()[request_->resource];
    request_->row = resource.rows[static_cast<std::size_t>(head.method)];
    if (request_->row == nullptr) return refuse(405, resource.allow);
  } else if (request_->resource == route_table::not_found && request_->exchange.path() != "*") {
    return refuse(404);
  } else if (request_->resource != route_table::not_found) {
    request_->row =
        routes.resources()[request_->resource].rows[static_cast<std::size_t>(head.method)];
  }
  if (head.content_length > body_limits().body_bytes_max) {
    return refuse(http::bound::body_bytes, 413);
  }
  if (request_->row != nullptr && request_->row->streams()) return begin_pieces();
  if (head.framing == http::body_framing::none) return dispatch();

  request_->decoder = http::body_decoder(head.framing, head.content_length);
  request_->content.clear();
  invite_content();
  if (head.framing == http::body_framing::length && wire_.input().size() >= head.content_length) {
    request_->exchange.body_ =
        wire_.input().substr(0, static_cast<std::size_t>(head.content_length));
    wire_.consume(request_->exchange.body_.size());
    return dispatch();
  }
  // The head must outlive the reads that the content needs.
  state_ = state::body;
  request_->content_started = loop_.clock.now();
  request_->kept.assign(request_->exchange.base_, head.fields.offset + head.fields.size);
  request_->exchange.rebase(request_->kept.data(), {});
  return read_body();
}

http::body_limits connection::body_limits() const noexcept {
  auto limits = loop_.common.limits.body;
  if (request_->row == nullptr) return limits;
  if (request_->row->streams()) limits.body_bytes_max = loop_.common.limits.streamed_body_bytes_max;
  limits.body_bytes_max = request_->row->body_bytes_max.value_or(limits.body_bytes_max);
  return limits;
}

// Appends to request_->content what of it was read.
http::body_decoder::outcome connection::decode_content() {
  std::size_t consumed = 0;
  auto const found =
      request_->decoder.decode(wire_.input(), request_->content, body_limits(), consumed);
  wire_.consume(consumed);
  return found;
}

// Asked to say that the content is welcome, before it is sent; not if it is here already (RFC 9110
// section 10.1.1).
void connection::invite_content() {
  bool const asked = std::exchange(head().expects_continue, false);
  if (asked && wire_.input().empty()) loop_.output += "HTTP/1.1 100 Continue\r\n\r\n";
}

connection::progress connection::read_body() {
  using outcome = http::body_decoder::outcome;
  auto const found = decode_content();
  if (found == outcome::refused)
    return refuse(request_->decoder.exceeded(), request_->decoder.status());
  if (found == outcome::need_more) {
    return hold_body(request_->content.size()) ? progress::need_more
                                               : refuse_for_now(limit::held_body_bytes, false);
  }
  request_->exchange.body_ = request_->content;
  return dispatch();
}

connection::progress connection::dispatch() {
  if (request_->row == nullptr) {  // OPTIONS, answered for every resource (RFC 9110 section 9.3.7)
    http::response options;
    options.status = 204;
    answer(options,
           request_->resource == route_table::not_found
               ? std::string_view("GET, HEAD, POST, OPTIONS")
               : std::string_view(loop_.common.routes.resources()[request_->resource].allow));
    next_request();
    return progress::answered;
  }
  if (auto const *plain = std::get_if<plain_handler>(&request_->row->handler)) {
    return respond(call(*plain));
  }
  if (!may_wait()) return refuse_for_now(limit::waiting_requests, true);
  if (!hold_body(request_->exchange.body_.size()))
    return refuse_for_now(limit::held_body_bytes, true);
  state_ = state::handling;
  return progress::run_handler;
}

http::response connection::call(plain_handler const &handler) {
  try {
    return checked(handler(request_->exchange));
  } catch (...) {
    return answer_to_exception(std::current_exception());
  }
}

// A status that has no series and no head is the handler's mistake, not a reason to end the
// process.
http::response connection::checked(http::response made) {
  if (http::is_sendable(made.status)) return made;
  return answer_to_exception(std::make_exception_ptr(
      std::out_of_range("status " + std::to_string(made.status) + " cannot be sent")));
}

connection::progress connection::refuse(std::uint16_t status, std::string_view allow) {
  // What follows in the stream cannot be told apart from content any more, unless there was none.
  bool const framed =
      status == 401 || status == 404 || status == 405 || status == 429 || status == 503;
  if (!framed || head().framing != http::body_framing::none) {
    closing_ = true;
    must_linger_ = true;
  }
  auto refusal = http::error_response(status);
  if (status == 401) refusal.fields = loop_.doorman->challenge();
  if (status == 429 || status == 503) refusal.fields = "Retry-After: 1\r\n";
  answer(refusal, allow);
  next_request();
  return progress::answered;
}

connection::progress connection::respond(http::response made) {
  if (made.stream != nullptr) return begin_stream(std::move(made));
  answer(made);
  next_request();
  return progress::answered;
}

void connection::decide_whether_to_close() {
  bool const worn_out = ++requests_ >= loop_.common.limits.requests_per_connection_max;
  if (worn_out) hit(limit::requests_per_connection);
  bool const ours = worn_out || place_.last();
  must_linger_ = must_linger_ || ours;  // the peer did not ask for it: more may be on its way
  closing_ = closing_ || !head().keep_alive || loop_.common.life.draining() || ours;
}

http::body_end connection::length_unknown() const noexcept {
  return head().http_1_1 ? http::body_end::chunked : http::body_end::unsaid;
}

http::head_context connection::head_context(std::string_view allow) {
  http::head_context context;
  context.date = loop_.dates.at(unix_seconds());
  context.allow = allow;
  context.close = closing_;
  context.keep_alive_1_0 = !head().http_1_1;
  if (loop_.doorman != nullptr) context.fields = loop_.doorman->header_lines();
  return context;
}

bool connection::client_left() const noexcept {
  bool const took_time = state_ == state::handling || state_ == state::streaming;
  bool const asked_all = request_->pieces == nullptr || request_->pieces->whole_;
  return took_time && asked_all && !request_->closed_before_handler && wire_.source().peer_closed();
}

void connection::answer(http::response const &answer, std::string_view allow) {
  decide_whether_to_close();
  bool const gone = client_left();
  state_ = closing_ ? state::finishing : state::head;  // now: what follows may throw, and once is
                                                       // how often a request is counted
  // Counted before it is sent: a client that has read its answer finds it in the next scrape.
  account(gone ? http::status_client_closed_request : answer.status);

  auto context = head_context(allow);
  if (answer.stream != nullptr) context.end = length_unknown();
  http::append_head(loop_.output, answer, context);
  auto const body = answer.body_bytes();
  if (head().method == http::method::head || !http::has_content(answer.status)) return;
  if (body.size() <= copied_body_bytes_max) {
    loop_.output += body;
  } else {
    wire_.flush(body);
  }
}

void connection::account(std::uint16_t status) {
  auto const ended = loop_.clock.update();
  std::optional<metrics::trace_context> trace;
  if (head().fields.size >= traceparent_line_bytes) {
    auto const field = request_->exchange.field("traceparent");
    if (field.data() != nullptr) trace = metrics::parse_traceparent(field);
  }
  auto const counted = loop_.common.requests.record(
      request_->resource, head().method, status, ended - request_->started,
      trace ? &*trace : nullptr, loop_.only.value_or(accounting::service));
  if (counted == accounting::service) loop_.common.life.counted();
}

// Ready for the next request of this connection; its time begins now if it is here already.
void connection::next_request() noexcept {
  uncount();
  request_->reset();
}

// --- waiting handlers ----------------------------------------------------------------------------

task<http::response> connection::start_handler() {
  request_->closed_before_handler = wire_.source().peer_closed();
  return std::get<waiting_handler>(request_->row->handler)(request_->exchange);
}

void connection::finish(http::response answer) {
  if (lost()) {
    close();
  } else {
    respond(checked(std::move(answer)));
  }
}

void connection::fail(std::exception_ptr const &error) {
  if (state_ != state::handling) std::rethrow_exception(error);  // its request is counted
  if (lost()) {
    close();  // the exception says no more than that
  } else {
    respond(answer_to_exception(error));
  }
}

// The one edge where a stray exception becomes an answer.
http::response connection::answer_to_exception(std::exception_ptr const &error) {
  loop_.common.connections.handler_exceptions.inc();
  std::string what = "not a std::exception";
  try {
    std::rethrow_exception(error);
  } catch (std::exception const &e) {
    what = e.what();
  } catch (...) {
  }
  static log_gate gate;  // of the process: whoever can make a handler throw must not fill the log
  if (auto const left_out = gate.pass(loop_.clock.now())) {
    log::warn("handler failed",
              {{"path", request_->exchange.path()}, {"error", what}, {"left_out", *left_out}});
  }
  return http::error_response(500);
}

void connection::keep_exchange() {
  auto const &head = this->head();
  auto const size = head.fields.offset + head.fields.size;
  auto const body = request_->exchange.body_;
  if (request_->exchange.base_ != request_->kept.data())
    request_->kept.assign(request_->exchange.base_, size);
  if (body.data() != request_->content.data() && !body.empty()) request_->content.assign(body);
  hold_body(body.size());
  request_->exchange.rebase(request_->kept.data(),
                            body.empty() ? body : std::string_view(request_->content));
}

}  // namespace loopmeter::server
