// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/wire.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

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

}  // namespace

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
  std::string_view const fresh(loop_.input.data(), discard());
  if (kept_input_.empty()) {
    input_ = fresh;
  } else {
    kept_input_ += fresh;
    input_ = kept_input_;
  }
}

void wire::keep_input() {
  if (input_.empty()) {
    release(kept_input_);
  } else if (kept_input_.empty()) {
    kept_input_.assign(input_);
  } else {
    kept_input_.erase(0, kept_input_.size() - input_.size());
  }
  input_ = kept_input_;
}

bool wire::flush(std::string_view large_body) {
  auto &output = loop_.output;
  if (output.empty() && large_body.empty()) return unsent_.empty();
  if (!unsent_.empty()) {
    unsent_ += output;
    unsent_ += large_body;
    output.clear();
    return false;
  }
  auto const count = uninterrupted([&] { return send_parts(socket_.get(), output, large_body); });
  if (count < 0 && errno != EAGAIN) {
    output.clear();
    failed_ = true;
    return true;
  }
  auto const sent = count < 0 ? 0 : static_cast<std::size_t>(count);
  if (sent < output.size() + large_body.size()) {
    auto const of_output = std::min(sent, output.size());
    source_.clear_writable();
    unsent_.reserve(output.size() + large_body.size() - sent);
    unsent_.assign(output, of_output);
    unsent_ += large_body.substr(sent - of_output);
  }
  output.clear();
  return unsent_.empty();
}

bool wire::send_unsent() {
  while (unsent_begin_ < unsent_.size()) {
    auto const count = uninterrupted([&] {
      return ::send(socket_.get(), unsent_.data() + unsent_begin_, unsent_.size() - unsent_begin_,
                    MSG_NOSIGNAL);
    });
    if (count < 0 && errno == EAGAIN) {
      source_.clear_writable();
      return false;
    }
    if (count < 0) {
      failed_ = true;
      break;
    }
    unsent_begin_ += static_cast<std::size_t>(count);
  }
  release(unsent_);
  unsent_begin_ = 0;
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
  linger const at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace loopmeter::server
