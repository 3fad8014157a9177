// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/wire.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include <boost/asio/post.hpp>

#include <loopmeter/base/log.hpp>
#include <loopmeter/server/log_gate.hpp>

namespace loopmeter::server {

namespace {

// An interrupted call says nothing of the socket; taken for "would block" it would wait for an edge
// that never comes.
template <class Call>
ssize_t uninterrupted(Call call) {
  for (;;) {
    auto const count = call();
    if (count >= 0 || errno != EINTR) return count;
  }
}

// send() is the cheaper call, and most answers have one part.
ssize_t send_parts(int socket, std::string_view first, std::string_view second) {
  if (second.empty()) return ::send(socket, first.data(), first.size(), MSG_NOSIGNAL);
  std::array<iovec, 2> parts{iovec{const_cast<char *>(first.data()), first.size()},
                             iovec{const_cast<char *>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

// Sealed at once, and sent: four full records, some 20 µs.
constexpr std::size_t sealed_piece_bytes = std::size_t{64} * 1024;
// Then the other connections of the worker get their turn.
constexpr std::size_t sealed_bytes_per_turn = std::size_t{1} << 20;

}  // namespace

wire::~wire() {
  if (!shaking_hands() || !tls_->begun()) return;  // not begun: a port scan, or a probe
  bool const gone = ended_ || failed();
  note_handshake_failure(gone ? web::tls_failure::closed : web::tls_failure::timeout, {});
}

bool wire::open() noexcept {
  try {
    if (loop_.doorman != nullptr) tls_ = loop_.doorman->new_stream();
  } catch (std::bad_alloc const &) {
    return false;
  }
  return !loop_.ready.add(source_, socket_.get());
}

std::size_t wire::discard() noexcept {
  auto &buffer = loop_.input;
  auto const count =
      uninterrupted([&] { return ::recv(socket_.get(), buffer.data(), buffer.size(), 0); });
  if (count < 0) {
    source_.clear_readable();
    failed_ = failed_ || errno != EAGAIN;
    // After a FIN there is never nothing to read; believed anyway, for else we would spin.
    ended_ = ended_ || failed_ || source_.peer_closed();
    return 0;
  }
  auto const size = static_cast<std::size_t>(count);
  // A short read has emptied the socket: the next octet makes a new edge.
  if (size < buffer.size()) source_.clear_readable();
  ended_ = ended_ || size == 0;
  return size;
}

void wire::receive() {
  keep_input();  // it may stand in the buffer that is read into now
  std::string_view fresh(loop_.input.data(), discard());
  if (tls_ != nullptr) fresh = open_records(fresh);
  if (kept_ == nullptr || kept_->input.empty()) {
    input_ = fresh;
  } else {
    kept_->input += fresh;
    input_ = kept_->input;
  }
}

void wire::keep_input() {
  if (input_.empty()) {
    input_ = {};
    if (kept_ == nullptr) return;
    release(kept_->input);
    drop_if_nothing_is_kept();
    return;
  }
  auto &stays = kept().input;
  if (stays.empty()) {
    stays.assign(input_);
  } else {
    stays.erase(0, stays.size() - input_.size());
  }
  input_ = stays;
}

wire::waiting &wire::kept() {
  if (kept_ == nullptr) kept_ = std::make_unique<waiting>();
  return *kept_;
}

void wire::drop_if_nothing_is_kept() noexcept {
  if (kept_->input.empty() && !has_unsent()) kept_ = nullptr;
}

bool wire::flush(std::string_view large_body) {
  if (failed_) {  // what was to come before this is gone
    loop_.output.clear();
    return true;
  }
  return tls_ == nullptr ? send_or_keep(loop_.output, large_body) : flush_sealed(large_body);
}

// Clears `output`.
bool wire::send_or_keep(std::string &output, std::string_view large_body) {
  try {
    bool const all = send_or_keep_parts(output, large_body);
    output.clear();
    return all;
  } catch (std::bad_alloc const &) {
    output.clear();  // or the worker's next connection would send it
    failed_ = true;  // a part of it may be sent
    throw;
  }
}

bool wire::send_or_keep_parts(std::string_view output, std::string_view large_body) {
  bool const waits = kept_ != nullptr && !kept_->unsent.empty();
  if (output.empty() && large_body.empty()) return !waits;
  if (waits) {
    kept_->unsent += output;
    kept_->unsent += large_body;
    return false;
  }
  auto const count = uninterrupted([&] { return send_parts(socket_.get(), output, large_body); });
  if (count < 0 && errno != EAGAIN) {
    failed_ = true;
    return true;
  }
  auto const sent = count < 0 ? 0 : static_cast<std::size_t>(count);
  bool const all = sent == output.size() + large_body.size();
  if (!all) {
    auto const of_output = std::min(sent, output.size());
    source_.clear_writable();
    auto &unsent = kept().unsent;
    unsent.reserve(output.size() + large_body.size() - sent);
    unsent.assign(output.substr(of_output));
    unsent += large_body.substr(sent - of_output);
  }
  return all;
}

bool wire::send_unsent() {
  if (!has_unsent()) return true;
  auto &unsent = kept_->unsent;
  while (kept_->unsent_begin < unsent.size()) {
    auto const rest = std::string_view(unsent).substr(kept_->unsent_begin);
    auto const count = uninterrupted(
        [&] { return ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL); });
    if (count < 0 && errno == EAGAIN) {
      source_.clear_writable();
      return false;
    }
    if (count < 0) {
      failed_ = true;
      break;
    }
    kept_->unsent_begin += static_cast<std::size_t>(count);
  }
  release(unsent);
  kept_->unsent_begin = 0;
  if (!kept_->unsealed.empty() && !failed_) return send_unsealed();
  drop_if_nothing_is_kept();
  return true;
}

bool wire::end_sending() noexcept {
  return ::shutdown(socket_.get(), SHUT_WR) == 0;
}

bool wire::peer_timed_out() const noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return source_.broken() &&
         ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
         error == ETIMEDOUT;
}

void wire::close() noexcept {
  loop_.ready.remove(source_);
  socket_.reset();
}

void wire::break_off() noexcept {
  failed_ = true;
  if (kept_ != nullptr) {  // nobody will get it; its input may be looked at still
    release(kept_->unsent);
    release(kept_->unsealed);
    kept_->unsent_begin = kept_->unsealed_begin = 0;
  }
  linger const at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// --- TLS -----------------------------------------------------------------------------------------

bool wire::takes_turn() {
  if (!shaking_hands()) return true;
  if (loop_.handshake_this_turn) return false;
  loop_.handshake_this_turn = true;
  // Behind everything that is ready by now, and a look at the sockets.
  asio::post(loop_.context, [&turn = loop_.handshake_this_turn] { turn = false; });
  return true;
}

// All of them: what is left of a record is kept by the stream, so that no octet is ever hidden from
// whoever asks whether the socket is readable.
std::string_view wire::open_records(std::string_view sealed) {
  auto &opened = loop_.opened;
  if (opened.empty()) opened.resize(loop::input_bytes + web::tls_stream::held_bytes_max);
  bool const was_shaking = tls_->shaking_hands();
  auto const size = tls_->open(sealed, opened, loop_.sealed);
  if (was_shaking) note_handshake();
  send_or_keep(loop_.sealed, {});
  using stage = web::tls_stream::stage;
  auto const now = tls_->now();
  if (ended_ && now == stage::open) loop_.doorman->measured().truncations.inc();
  deaf_ = now == stage::finished || now == stage::failed;
  return {opened.data(), size};
}

void wire::note_handshake() {
  if (tls_->shaking_hands()) return;
  if (tls_->now() == web::tls_stream::stage::failed) {
    note_handshake_failure(tls_->failure(), tls_->failure_text());
  } else {
    loop_.doorman->measured().handshakes.at(tls_->version()).inc();
  }
}

void wire::note_handshake_failure(web::tls_failure reason, std::string_view text) {
  loop_.doorman->measured().handshake_failures.at(reason).inc();
  static log_gate gate;  // of the process: whoever can connect must not fill the log
  if (auto const left_out = gate.pass(loop_.clock.now())) {
    log::warn("TLS handshake failed", {{"reason", web::tls_failure_names[label_index(reason)]},
                                       {"error", text},
                                       {"left_out", *left_out}});
  }
}

// Takes what it sends from the front of `plain`; false when the socket is full or the turn over.
bool wire::seal_and_send(std::string_view &plain, std::size_t &budget) {
  while (!plain.empty() && !failed_) {
    if (budget == 0) return false;
    auto const piece = plain.substr(0, std::min(sealed_piece_bytes, budget));
    failed_ = !tls_->seal(piece, loop_.sealed);
    plain.remove_prefix(piece.size());
    budget -= piece.size();
    bool const last_piece = plain.empty() && loop_.sealed.size() < sealed_piece_bytes;
    if (!last_piece && !send_or_keep(loop_.sealed, {})) return false;
  }
  return true;
}

bool wire::flush_sealed(std::string_view large_body) {
  auto &output = loop_.output;
  if (output.empty() && large_body.empty()) return !has_unsent();
  std::string_view head = output;
  if (!has_unsent()) {
    auto budget = sealed_bytes_per_turn;
    if (seal_and_send(head, budget) && seal_and_send(large_body, budget)) {
      send_or_keep(loop_.sealed, {});
    }
  }
  if (failed_) {
    loop_.sealed.clear();
    head = large_body = {};
  }
  if (!head.empty() || !large_body.empty()) {
    auto &unsealed = kept().unsealed;
    unsealed.reserve(unsealed.size() + head.size() + large_body.size());
    unsealed += head;
    unsealed += large_body;
  }
  output.clear();
  return !has_unsent();
}

bool wire::send_unsealed() {
  auto &unsealed = kept_->unsealed;
  auto rest = std::string_view(unsealed).substr(kept_->unsealed_begin);
  auto budget = sealed_bytes_per_turn;
  bool const sent = seal_and_send(rest, budget) && send_or_keep(loop_.sealed, {});
  kept_->unsealed_begin = unsealed.size() - rest.size();
  if (!rest.empty() && !failed_) return false;
  loop_.sealed.clear();
  release(unsealed);
  kept_->unsealed_begin = 0;
  drop_if_nothing_is_kept();
  return sent || failed_;
}

void wire::say_goodbye() {
  if (tls_ == nullptr || has_unsent()) return;
  tls_->close(loop_.sealed);
  send_or_keep(loop_.sealed, {});
  if (kept_ != nullptr) release(kept_->unsent);  // a full socket: its peer will do without
}

}  // namespace loopmeter::server
