// SPDX-License-Identifier: Apache-2.0
// The octets of one connection: what was read and is not used up, what was answered and is not yet
// sent. Both stand in the worker's buffers while the connection runs, and here only while it waits.
// With TLS a tls_stream stands between them and the socket; reading, sending and edges are the
// same.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <loopmeter/base/unique_fd.hpp>
#include <loopmeter/server/loop.hpp>
#include <loopmeter/web/tls_stream.hpp>

namespace loopmeter::server {

/// Gives the memory back; `text = {}` would keep it (it assigns an empty initializer_list).
inline void release(std::string &text) noexcept {
  if (text.capacity() > std::string().capacity()) std::string().swap(text);
  text.clear();
}

/// Belongs to its connection, which calls keep_input() before each wait.
class wire {
 public:
  wire(loop &owner, unique_fd socket, ready_set::source::broken_callback on_broken,
       void *context) noexcept
      : loop_(owner), socket_(std::move(socket)), source_(on_broken, context) {}

  ~wire();

  /// Begins to watch the socket; false when the kernel refuses or memory is short.
  bool open() noexcept;
  int socket() const noexcept { return socket_.get(); }
  ready_set::source &source() noexcept { return source_; }
  ready_set::source const &source() const noexcept { return source_; }

  /// What was read and is not used up. Good until the next receive() or keep_input().
  std::string_view input() const noexcept { return input_; }
  void consume(std::size_t octets) noexcept { input_.remove_prefix(octets); }
  /// One read, appended to input().
  void receive();
  /// One read, thrown away; how many octets it were.
  std::size_t discard() noexcept;
  void drop_input() noexcept { input_ = {}; }
  /// Takes what is not used up out of the worker's buffer.
  void keep_input();

  /// Sends the worker's output, and then `large_body` from where it is. False when the socket is
  /// full: the rest is kept here. A send that failed for good counts as done: see failed().
  bool flush(std::string_view large_body = {});
  /// Sends what is kept; false when the socket is still full.
  bool send_unsent();
  bool has_unsent() const noexcept { return unsent_bytes() > 0; }
  /// Memory that unsent output takes, and how much of it is still to be sent.
  std::size_t unsent_bytes() const noexcept {
    return kept_ == nullptr ? 0 : kept_->unsent.size() + kept_->unsealed.size();
  }
  std::size_t unsent_left() const noexcept {
    return kept_ == nullptr ? 0 : unsent_bytes() - kept_->unsent_begin - kept_->unsealed_begin;
  }
  /// Tells a TLS peer that nothing more comes. Before each FIN of ours; nothing without TLS.
  void say_goodbye();
  /// Sends our FIN; false if the connection is gone.
  bool end_sending() noexcept;
  /// Gives the descriptor back before its time; only for a connection that does no more.
  void close() noexcept;
  /// Nothing more is sent, and the peer gets a reset instead of a FIN, which would say that it has
  /// all of its answer.
  void break_off() noexcept;

  /// Nothing more can be read: the peer's FIN, its close_notify, or an error.
  bool ended() const noexcept { return ended_ || deaf_; }
  /// Nothing more can come: the peer's FIN, or an error.
  bool peer_finished() const noexcept { return ended_; }
  /// The kernel gave the peer up: it did not acknowledge, or did not answer. Once.
  bool peer_timed_out() const noexcept;
  /// Nothing more can be sent.
  bool failed() const noexcept { return failed_ || source_.broken(); }

  bool shaking_hands() const noexcept { return tls_ != nullptr && tls_->shaking_hands(); }
  /// The beginning of a TLS record is here, which no input shows.
  bool mid_record() const noexcept { return tls_ != nullptr && tls_->mid_record(); }
  /// A step of a handshake may take a millisecond: one is made in each turn of the event loop, so
  /// that a flood of them cannot keep the others waiting. False: yield, and ask again.
  bool takes_turn();

 private:
  // What stays here while the connection waits.
  struct waiting {
    std::string input;
    std::string unsent;  // as the socket gets it
    std::size_t unsent_begin = 0;
    std::string unsealed;  // behind that, with TLS
    std::size_t unsealed_begin = 0;
  };

  waiting &kept();
  void drop_if_nothing_is_kept() noexcept;
  std::string_view open_records(std::string_view sealed);
  void note_handshake();
  void note_handshake_failure(web::tls_failure reason, std::string_view text);
  bool send_or_keep(std::string &octets, std::string_view large_body);
  bool send_or_keep_parts(std::string_view octets, std::string_view large_body);
  bool seal_and_send(std::string_view &plain, std::size_t &budget);
  bool flush_sealed(std::string_view large_body);
  bool send_unsealed();

  loop &loop_;
  unique_fd socket_;
  bool ended_ = false;
  bool deaf_ = false;  // TLS is over, the connection is not
  bool failed_ = false;
  ready_set::source source_;
  std::unique_ptr<web::tls_stream> tls_;  // null: plain
  std::string_view input_;                // in the loop's buffer, or in kept_->input
  std::unique_ptr<waiting> kept_;         // null most of the time, as most connections are idle
};

}  // namespace loopmeter::server
