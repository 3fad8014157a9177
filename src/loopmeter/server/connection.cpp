// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/connection.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include <loopmeter/base/log.hpp>

namespace loopmeter::server {

namespace {

// Larger bodies go to the kernel from where they are, instead of through the output buffer.
constexpr std::size_t copied_body_bytes_max = 16 * 1024;
// Output is sent before it grows beyond this, also in the middle of a pipeline.
constexpr std::size_t output_bytes_max = 256 * 1024;

std::int64_t unix_seconds() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);  // a quarter of the price, and seconds will do
  return now.tv_sec;
}

}  // namespace

connection::connection(loop &owner, unique_fd socket)
    : loop_(owner),
      socket_(std::move(socket)),
      source_(&on_broken, this),
      deadline_(owner.sleeps, &on_deadline, this),
      exchange_(owner.sleeps) {
  loop_.connections.push_back(*this);
  loop_.common.connections.accepted.inc();
  loop_.common.connections.open.inc();
}

connection::~connection() {
  loop_.common.connections.open.dec();
  unlink();
  if (loop_.connections.empty() && loop_.on_last_closed) loop_.on_last_closed();
}

bool connection::open() { return !loop_.ready.add(source_, socket_.get()); }

// --- the main path: read, parse, answer, write ---------------------------------------------------

connection::step connection::proceed() {
  if (timed_out_ && !unsent_.empty()) return close();  // the peer takes nothing of its answer
  if (!lost() && !unsent_.empty() && !send_unsent()) return wait_for(step::wait_writable);
  if (lost()) return close();
  if (state_ == state::lingering) return linger();
  if (timed_out_) return end_of_input();

  for (unsigned served = 0; !lost();) {
    if (state_ == state::finishing) {
      return flush() ? finished_sending() : wait_for(step::wait_writable);
    }
    switch (read_request()) {
      case progress::answered: {
        bool const much = loop_.output.size() > output_bytes_max || !unsent_.empty();
        if (much && !flush()) return wait_for(step::wait_writable);
        if (++served < loop_.common.limits.pipelined_requests_max || input_.empty()) break;
        return flush() ? wait_for(step::yield) : wait_for(step::wait_writable);
      }
      case progress::run_handler:
        keep_exchange();
        return flush() ? wait_for(step::run_handler) : wait_for(step::wait_writable);
      case progress::need_more:
        if (!flush()) return wait_for(step::wait_writable);
        if (end_of_stream_) return end_of_input();
        if (!source_.readable()) return wait_for(step::wait_readable);
        receive();
        break;
    }
  }
  return close();
}

connection::progress connection::read_request() {
  if (state_ == state::handling) return progress::run_handler;
  if (state_ == state::body) return read_body();
  return read_head();
}

connection::progress connection::read_head() {
  if (input_.empty()) return progress::need_more;
  if (started_ == clock::time_point{}) started_ = loop_.clock.now();
  using outcome = http::head_scanner::outcome;
  auto const found = scanner_.scan(input_, loop_.common.limits.head);
  if (found == outcome::need_more) return progress::need_more;
  if (found == outcome::refused) return refuse(scanner_.status());

  consume(scanner_.skipped());
  auto const bytes = input_.substr(0, scanner_.head_size() - scanner_.skipped());
  exchange_.base_ = bytes.data();
  auto const status = http::parse_head(bytes, exchange_.head_);
  consume(bytes.size());
  return status == 0 ? begin_exchange() : refuse(status);
}

// The head is whole: find the row, and refuse what needs no body to be refused.
connection::progress connection::begin_exchange() {
  auto const &head = exchange_.head_;
  auto const &routes = loop_.common.routes;
  if (exchange_.path() != "*") resource_ = routes.match(exchange_.path(), exchange_.parameters_);
  if (head.content_length > loop_.common.limits.body.body_bytes_max) return refuse(413);
  if (head.method != http::method::options) {
    if (resource_ == route_table::not_found) return refuse(404);
    auto const &resource = routes.resources()[resource_];
    row_ = resource.rows[static_cast<std::size_t>(head.method)];
    if (row_ == nullptr) return refuse(405, resource.allow);
  } else if (resource_ == route_table::not_found && exchange_.path() != "*") {
    return refuse(404);
  } else if (resource_ != route_table::not_found) {
    row_ = routes.resources()[resource_].rows[static_cast<std::size_t>(head.method)];
  }
  if (head.framing == http::body_framing::none) return dispatch();

  body_ = http::body_decoder(head.framing, head.content_length);
  content_.clear();
  // Asked to say that the content is welcome, before it is sent; not if it is here already.
  if (head.expects_continue && input_.empty()) {
    loop_.output += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  if (head.framing == http::body_framing::length && input_.size() >= head.content_length) {
    exchange_.body_ = input_.substr(0, static_cast<std::size_t>(head.content_length));
    consume(exchange_.body_.size());
    return dispatch();
  }
  // The head must outlive the reads that the content needs.
  state_ = state::body;
  body_started_ = loop_.clock.now();
  kept_exchange_.assign(exchange_.base_, head.fields.offset + head.fields.size);
  exchange_.rebase(kept_exchange_.data(), {});
  return read_body();
}

connection::progress connection::read_body() {
  std::size_t consumed = 0;
  using outcome = http::body_decoder::outcome;
  auto const found = body_.decode(input_, content_, loop_.common.limits.body, consumed);
  consume(consumed);
  if (found == outcome::need_more) return progress::need_more;
  if (found == outcome::refused) return refuse(body_.status());
  exchange_.body_ = content_;
  return dispatch();
}

connection::progress connection::dispatch() {
  if (row_ == nullptr) {  // OPTIONS, answered for every resource (RFC 9110 section 9.3.7)
    http::response options;
    options.status = 204;
    answer(options, resource_ == route_table::not_found
                        ? std::string_view("GET, HEAD, POST, OPTIONS")
                        : std::string_view(loop_.common.routes.resources()[resource_].allow));
    next_request();
    return progress::answered;
  }
  if (auto const *plain = std::get_if<plain_handler>(&row_->handler)) {
    run_plain(*plain);
    next_request();
    return progress::answered;
  }
  state_ = state::handling;
  return progress::run_handler;
}

void connection::run_plain(plain_handler const &handler) {
  try {
    answer(handler(exchange_));
  } catch (...) {
    answer(answer_to_exception(std::current_exception()));
  }
}

connection::progress connection::refuse(std::uint16_t status, std::string_view allow) {
  // What follows in the stream cannot be told apart from content any more, unless there was none.
  bool const framed = status == 404 || status == 405;
  if (!framed || exchange_.head_.framing != http::body_framing::none) {
    closing_ = true;
    must_linger_ = true;
  }
  answer(http::error_response(status), allow);
  next_request();
  return progress::answered;
}

void connection::answer(http::response const &answer, std::string_view allow) {
  auto const &head = exchange_.head_;
  closing_ = closing_ || !head.keep_alive || loop_.common.life.draining() ||
             ++requests_ >= loop_.common.limits.requests_per_connection_max;
  bool const gone = state_ == state::handling && !closed_before_handler_ && source_.peer_closed();
  // Counted before it is sent: a client that has read its answer finds it in the next scrape.
  account(gone ? http::status_client_closed_request : answer.status);

  http::head_context context;
  context.date = loop_.dates.at(unix_seconds());
  context.allow = allow;
  context.close = closing_;
  context.keep_alive_1_0 = !head.http_1_1;
  http::append_head(loop_.output, answer, context);
  if (closing_) state_ = state::finishing;
  auto const body = answer.body_bytes();
  if (head.method == http::method::head || !http::has_content(answer.status)) return;
  if (body.size() <= copied_body_bytes_max) {
    loop_.output += body;
  } else {
    flush(body);
  }
}

void connection::account(std::uint16_t status) {
  auto const ended = loop_.clock.update();
  loop_.common.requests.record(resource_, exchange_.head_.method, status, ended - started_);
}

// Ready for the next request of this connection; its time begins now if it is here already.
void connection::next_request() noexcept {
  if (state_ != state::finishing) state_ = state::head;
  scanner_ = {};
  resource_ = route_table::not_found;
  row_ = nullptr;
  exchange_.head_ = {};
  exchange_.body_ = {};
  exchange_.parameters_.count = 0;
  started_ = {};
  closed_before_handler_ = false;
  if (!content_.empty()) content_ = {};
  if (!kept_exchange_.empty()) kept_exchange_ = {};
}

// --- waiting handlers ----------------------------------------------------------------------------

task<http::response> connection::start_handler() {
  closed_before_handler_ = source_.peer_closed();
  return std::get<waiting_handler>(row_->handler)(exchange_);
}

void connection::finish(http::response const &result) {
  if (lost()) {
    close();
  } else {
    answer(result);
    next_request();
  }
}

void connection::fail(std::exception_ptr const &error) {
  if (lost()) {
    close();  // the exception says no more than that
  } else {
    finish(answer_to_exception(error));
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
  log::warn("handler failed", {{"path", exchange_.path()}, {"error", what}});
  closing_ = true;
  return http::error_response(500);
}

void connection::keep_exchange() {
  auto const &head = exchange_.head_;
  auto const size = head.fields.offset + head.fields.size;
  auto const body = exchange_.body_;
  if (exchange_.base_ != kept_exchange_.data()) kept_exchange_.assign(exchange_.base_, size);
  if (body.data() != content_.data() && !body.empty()) content_.assign(body);
  exchange_.rebase(kept_exchange_.data(), body.empty() ? body : std::string_view(content_));
}

// --- octets in and out ---------------------------------------------------------------------------

void connection::receive() {
  auto const count = ::recv(socket_.get(), loop_.input.data(), loop_.input.size(), 0);
  if (count < 0) {
    source_.clear_readable();
    if (errno != EAGAIN && errno != EINTR) send_failed_ = true;  // reset: nothing can be sent
    return;
  }
  auto const size = static_cast<std::size_t>(count);
  // A short read has emptied the socket: the next octet makes a new edge.
  if (size < loop_.input.size()) source_.clear_readable();
  if (size == 0) end_of_stream_ = true;
  std::string_view const fresh(loop_.input.data(), size);
  if (kept_input_.empty()) {
    input_ = fresh;
  } else {
    kept_input_.erase(0, kept_input_.size() - input_.size());
    kept_input_ += fresh;
    input_ = kept_input_;
  }
}

// Sends the loop's output, and then `large_body` from where it is. False when the socket is full:
// the rest is kept here. A send that failed for good counts as done: see lost().
bool connection::flush(std::string_view large_body) {
  auto &output = loop_.output;
  if (output.empty() && large_body.empty()) return unsent_.empty();
  if (!unsent_.empty()) {
    unsent_ += output;
    unsent_ += large_body;
    output.clear();
    return false;
  }
  std::array<iovec, 2> parts{iovec{output.data(), output.size()},
                             iovec{const_cast<char *>(large_body.data()), large_body.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = large_body.empty() ? 1 : 2;
  auto const count = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  auto const total = output.size() + large_body.size();
  auto const sent = count < 0 ? 0 : static_cast<std::size_t>(count);
  if (count < 0 && errno != EAGAIN && errno != EINTR) {
    output.clear();
    send_failed_ = true;
    return true;
  }
  if (sent < total) {
    auto const of_output = std::min(sent, output.size());
    unsent_.assign(output, of_output);
    unsent_ += large_body.substr(sent - of_output);
    source_.clear_writable();
  }
  output.clear();
  return unsent_.empty();
}

bool connection::send_unsent() {
  while (unsent_begin_ < unsent_.size()) {
    auto const count = ::send(socket_.get(), unsent_.data() + unsent_begin_,
                              unsent_.size() - unsent_begin_, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno != EAGAIN && errno != EINTR) {
        send_failed_ = true;
        break;
      }
      source_.clear_writable();
      return false;
    }
    unsent_begin_ += static_cast<std::size_t>(count);
  }
  unsent_ = {};
  unsent_begin_ = 0;
  return true;
}

void connection::keep_input() {
  if (input_.empty()) {
    if (!kept_input_.empty()) kept_input_ = {};
    return;
  }
  if (kept_input_.empty()) {
    kept_input_.assign(input_);
  } else {
    kept_input_.erase(0, kept_input_.size() - input_.size());
  }
  input_ = kept_input_;
}

// --- how it ends ---------------------------------------------------------------------------------

// No more octets will come: the peer's FIN, or a deadline.
connection::step connection::end_of_input() {
  if (state_ == state::body || !input_.empty()) {
    refuse(timed_out_ ? 408 : 400);
  } else {
    must_linger_ = timed_out_;  // a request may be on its way to us
    state_ = state::finishing;
  }
  timed_out_ = false;
  return flush() ? finished_sending() : wait_for(step::wait_writable);
}

connection::step connection::finished_sending() {
  bool const nothing_to_come = input_.empty() && !must_linger_ && !loop_.common.life.draining();
  if (lost() || end_of_stream_ || nothing_to_come) return close();
  if (::shutdown(socket_.get(), SHUT_WR) != 0) return close();
  state_ = state::lingering;
  input_ = {};
  return linger();
}

// Closing with octets unread makes the kernel send a reset, which may destroy our last answer on its
// way to the peer: so read on until its FIN, within bounds.
connection::step connection::linger() {
  while (!timed_out_ && lingered_bytes_ < loop_.common.limits.linger_bytes_max) {
    if (!source_.readable()) return wait_for(step::wait_readable);
    auto const count = ::recv(socket_.get(), loop_.input.data(), loop_.input.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) break;
    if (count < 0) source_.clear_readable();
    if (count > 0) lingered_bytes_ += static_cast<std::size_t>(count);
    if (count < 0 && source_.peer_closed()) break;
  }
  return close();
}

connection::step connection::close() noexcept {
  if (state_ == state::closed) return step::closed;
  if (state_ == state::body || state_ == state::handling) {
    account(cut_ ? std::uint16_t{503} : http::status_client_closed_request);
  }
  bool const under_way = state_ == state::body || state_ == state::handling || !unsent_.empty();
  if (under_way && (cut_ || timed_out_)) loop_.common.connections.cut.inc();
  loop_.output.clear();
  state_ = state::closed;
  return step::closed;
}

void connection::drain() {
  if (state_ != state::head || !input_.empty() || !unsent_.empty()) return;  // its answer says close
  must_linger_ = true;
  state_ = state::finishing;
  source_.cancel();
}

void connection::cut() {
  cut_ = true;
  source_.cancel();
  exchange_.sleeper_.cancel();
}

// --- waiting -------------------------------------------------------------------------------------

connection::step connection::wait_for(step what) {
  keep_input();
  auto const &limits = loop_.common.limits;
  auto const now = loop_.clock.now();
  if (what == step::run_handler || what == step::yield) {
    deadline_.clear();
  } else if (state_ == state::lingering) {
    if (lingered_bytes_ == 0) deadline_.set(limits.linger_timeout);
  } else if (what == step::wait_writable) {
    deadline_.set(limits.write_stall_timeout);
  } else if (state_ == state::body) {
    deadline_.set(body_started_ + limits.body_timeout - now);
  } else if (input_.empty()) {
    deadline_.set(limits.idle_timeout);
  } else {
    deadline_.set(started_ + limits.head_timeout - now);
  }
  return what;
}

void connection::on_deadline(void *self) {
  static_cast<connection *>(self)->timed_out_ = true;
  static_cast<connection *>(self)->source_.cancel();
}

void connection::on_broken(void *self) {
  static_cast<connection *>(self)->exchange_.sleeper_.cancel();
}

task<void> serve(loop &owner, unique_fd socket) {
  connection c(owner, std::move(socket));
  if (!c.open()) co_return;
  for (;;) {
    error_code ignored;  // a wait that was cut short is told by the connection's own state
    switch (c.proceed()) {
      case connection::step::wait_readable:
        co_await c.source().async_wait(ready_set::readiness::readable,
                                       asio::redirect_error(use_task, ignored));
        break;
      case connection::step::wait_writable:
        co_await c.source().async_wait(ready_set::readiness::writable,
                                       asio::redirect_error(use_task, ignored));
        break;
      case connection::step::yield:
        co_await asio::post(owner.context.get_executor(), use_task);
        break;
      case connection::step::run_handler: {
        std::exception_ptr failed;
        try {
          auto handler = c.start_handler();
          http::response const answer = co_await std::move(handler);
          c.finish(answer);
        } catch (...) {
          failed = std::current_exception();
        }
        if (failed) c.fail(failed);
        break;
      }
      case connection::step::closed:
        co_return;
    }
  }
}

}  // namespace loopmeter::server
