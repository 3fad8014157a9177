// SPDX-License-Identifier: Apache-2.0
// Connections for which there is no place: each is told 503 without a look at what it wants.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include <loopmeter/base/unique_fd.hpp>
#include <loopmeter/server/wheel.hpp>

namespace loopmeter::server {

/// Says so on a socket, sends our FIN, and throws away what has come. Four system calls. With TLS a
/// handshake would have to come first: there the FIN is all that is said.
void tell_overloaded(int socket, bool tls) noexcept;

/// Keeps the last few of them for a moment: octets that come after a close make the kernel send a
/// reset, which can destroy the answer on its way. On the worker's thread.
class shedder {
 public:
  static constexpr std::size_t held_max = 16;

  shedder(wheel &sleeps, std::chrono::milliseconds linger) noexcept
      : linger_(linger), deadline_(sleeps, &on_deadline, this) {}
  shedder(shedder const &) = delete;
  shedder &operator=(shedder const &) = delete;

  /// Closed after `linger`, or when so many others have come.
  void turn_away(unique_fd socket, bool tls);
  /// Gives their descriptors back now.
  void close_all() noexcept;

 private:
  static void on_deadline(void *self) { static_cast<shedder *>(self)->close_all(); }

  std::chrono::milliseconds linger_;
  wheel::deadline deadline_;
  std::array<unique_fd, held_max> held_;
  std::size_t next_ = 0;
};

}  // namespace loopmeter::server
