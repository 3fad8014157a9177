// SPDX-License-Identifier: Apache-2.0
// One connection. proceed() does all that can be done without waiting and says what to wait for;
// serve() (serve.hpp) is the coroutine that waits. All between two waits is an ordinary function.
#pragma once

#include <boost/asio/append.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <loopmeter/base/unique_fd.hpp>
#include <loopmeter/server/admission.hpp>
#include <loopmeter/server/loop.hpp>
#include <loopmeter/server/request_state.hpp>
#include <loopmeter/server/wire.hpp>

namespace loopmeter::server {

/// Lives on its worker's thread, from the accept to the close. Not copyable, not movable.
class connection : public connection_link, public expendable_link {
 public:
  enum class step : std::uint8_t {
    wait_readable,
    wait_writable,
    yield,        ///< there is more to do, but others have a right to their turn
    wait_login,   ///< for a password to be checked: async_wait_for_login()
    run_handler,  ///< a waiting handler: co_await start_handler(), then finish() or fail()
    run_streaming_handler,  ///< co_await start_streaming_handler(), then end_streaming_handler()
    done,                   ///< of what a streaming handler asked for
    closed,
  };

  connection(loop &owner, unique_fd socket, door::place place = {});
  ~connection();
  connection(connection const &) = delete;
  connection &operator=(connection const &) = delete;

  /// Begins to watch the socket; false when the kernel refuses.
  bool open() {
    opened_ = loop_.clock.now();
    return wire_.open();
  }
  /// Reads, answers and writes until it must wait.
  step proceed();

  ready_set::source &source() noexcept { return wire_.source(); }

  /// Waits for what a step asks for: until the socket is ready, or until others had their turn. A
  /// wait that is cut short completes too: the connection's own state tells.
  template <class Token>
  auto async_wait(step what, Token &&token) {
    return asio::async_initiate<Token, void(error_code)>(
        [this, what](auto &&handler) {
          using readiness = ready_set::readiness;
          if (what == step::yield) {
            asio::post(loop_.context.get_executor(),
                       asio::append(std::forward<decltype(handler)>(handler), error_code()));
          } else {
            source().async_wait(
                what == step::wait_readable ? readiness::readable : readiness::writable,
                std::forward<decltype(handler)>(handler));
          }
        },
        token);
  }

  /// Completes when the password is checked or time is up; then come back to proceed().
  template <class Token>
  auto async_wait_for_login(Token &&token) {
    request_->login_waited = true;
    return request_->exchange.sleeper_.async_sleep(loop_.common.limits.head_timeout,
                                                   std::forward<Token>(token));
  }

  task<http::response> start_handler();
  /// The waiting handler ended with this answer.
  void finish(http::response answer);
  /// The waiting handler ended with this exception; it leaves again if it is finish()'s own.
  void fail(std::exception_ptr const &error);

  task<void> start_streaming_handler();
  /// The streaming handler ended, with an exception or null.
  void end_streaming_handler(std::exception_ptr const &error);

  /// A request of the service is under way, or the beginning of one is here.
  bool serves() const noexcept;
  /// No further request; an idle connection is closed, a busy one after its answer, and one whose
  /// request has arrived unseen is a busy one.
  void drain();
  /// Ends it, with 503, and gives its place away: one in the loop's list `silent`.
  door::place make_way();
  /// Ends it now, whatever it is doing.
  void cut();

 private:
  friend class stream;  // what its handler asks for, and waits for

  enum class state : std::uint8_t {
    head,       // waiting for a request or reading its head
    login,      // who asks is being found out
    body,       // reading its content
    handling,   // a waiting handler runs
    streaming,  // an answer is made slice by slice
    finishing,  // the last answer is being sent
    lingering,  // our FIN is sent; what comes is thrown away
    closed,
  };
  enum class progress : std::uint8_t { need_more, answered, wait_login, run_handler, streaming };

  progress read_request();
  progress read_head();
  progress admit();
  progress begin_login();
  progress end_login();
  progress begin_exchange();
  progress read_body();
  http::body_limits body_limits() const noexcept;
  http::body_decoder::outcome decode_content();
  void invite_content();
  progress dispatch();
  progress refuse(std::uint16_t status, std::string_view allow = {});
  progress refuse(http::bound exceeded, std::uint16_t status);
  progress refuse_for_now(limit struck, bool whole);
  http::response call(plain_handler const &handler);
  http::response checked(http::response made);
  http::response answer_to_exception(std::exception_ptr const &error);
  progress respond(http::response made);
  void answer(http::response const &answer, std::string_view allow = {});
  void decide_whether_to_close();
  http::head_context head_context(std::string_view allow = {});
  http::body_end length_unknown() const noexcept;
  bool client_left() const noexcept;
  bool is_internal() const noexcept;
  bool may_wait() noexcept;
  bool hold_body(std::size_t octets) noexcept;
  void uncount() noexcept;
  void hit(limit struck) const noexcept;
  void hit(http::bound exceeded) const noexcept;
  void account(std::uint16_t status);
  void next_request() noexcept;

  // connection_pieces.cpp
  progress begin_pieces();
  step read_piece();
  std::string_view piece() const noexcept { return request_->content; }
  std::optional<std::uint64_t> content_length() const noexcept;
  bool decode_piece();
  void discard_content();
  step write_piece(std::string_view piece);
  step continue_writing();
  step send_pieces();
  bool head_is_known() const noexcept;
  void begin_answer_in_pieces();
  void fail_pieces(std::exception_ptr const &error);
  step wait_in_handler(step what);
  void end_wait_of_handler() noexcept;
  void hold_pieces();
  [[noreturn]] void content_comes_too_slowly();

  // connection_stream.cpp
  http::head_context begin_streamed_answer(std::optional<std::uint64_t> length = {});
  void end_streamed_answer(std::uint16_t status);
  void break_off_answer(std::uint16_t status);
  progress begin_stream(http::response made);
  void continue_stream();
  void collect_slice();
  void send_slice();
  void stream_failed();
  void drop_stream() noexcept;
  void abandon_request() noexcept;
  void end_request() noexcept;

  void keep_exchange();
  step end_of_input();
  bool must_end_idle();
  step finished_sending();
  step linger();
  step wait_for(step what);
  clock::duration patience(clock::time_point now);
  void deadline_struck() noexcept;
  step end_of_stall();
  void stand_among_silent(bool silent) noexcept;
  void account_unsent();
  void make_room();
  void note_activity(bool active) noexcept;
  step close() noexcept;

  http::head &head() const noexcept { return request_->exchange.head_; }
  /// Nothing is here of a request, nor of a record that may hold one.
  bool idle() const noexcept {
    return state_ == state::head && wire_.input().empty() && !wire_.mid_record();
  }
  bool lost() const noexcept { return cut_ || wire_.failed(); }
  static void on_deadline(void *self);
  static void on_broken(void *self);

  loop &loop_;
  door::place place_;
  wire wire_;
  wheel::deadline deadline_;

  state state_ = state::head;
  bool closing_ = false;      // the answer just made is the last
  bool must_linger_ = false;  // the peer may still be sending when we close
  bool timed_out_ = false;
  bool cut_ = false;
  bool active_ = false;  // as it is counted
  std::uint32_t requests_ = 0;
  std::size_t lingered_bytes_ = 0;

  // As they are counted in the loop.
  std::size_t counted_unsent_ = 0;
  std::size_t unsent_left_ = 0;  // when its reader was last looked at

  clock::time_point opened_;
  std::unique_ptr<request_state> request_;  // null while none is under way, unless we run
};

}  // namespace loopmeter::server
