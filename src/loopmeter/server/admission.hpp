// SPDX-License-Identifier: Apache-2.0
// How many connections there may be, of all workers together: the kernel deals them unevenly, so a
// share for each worker would refuse at one what another has room for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <loopmeter/server/limits.hpp>

namespace loopmeter::server {

/// Thread-safe. An atomic addition when a connection comes and one when it goes; nothing a request.
class admission {
 public:
  admission(limits const &bounds, std::size_t workers) noexcept
      : max_(bounds.connections_max == 0 ? SIZE_MAX : bounds.connections_max),
        reserve_(workers == 0 ? 0 : (bounds.connections_reserved + workers - 1) / workers) {}
  admission(admission const &) = delete;
  admission &operator=(admission const &) = delete;

  /// More are open than may be: those of the reserve stay what they are.
  // relaxed: it is the number alone that counts, and a moment ago will do.
  bool full() const noexcept { return open_.load(std::memory_order_relaxed) > max_; }
  /// The reserve of each worker: who waits in it can then be found, and sent away, by its own.
  std::size_t reserve() const noexcept { return reserve_; }

 private:
  friend class door;

  std::size_t const max_;
  std::size_t const reserve_;
  alignas(64) std::atomic<std::size_t> open_{0};  // a line of its own: all workers write it
};

/// Where the connections of one worker come in. On its thread.
class door {
 public:
  class place;

  explicit door(admission &all) noexcept : all_(all) {}
  door(door const &) = delete;
  door &operator=(door const &) = delete;

  /// A place; false if even the reserve is full.
  place enter() noexcept;
  /// A place of the reserve that stays one: for a connection that has our last descriptor.
  place enter_last() noexcept;

 private:
  admission &all_;
  std::size_t reserved_ = 0;
};

/// What a connection holds while it is open.
class door::place {
 public:
  /// Not counted, and not of the reserve; true.
  place() noexcept = default;
  place(place &&other) noexcept
      : owner_(other.owner_), kind_(std::exchange(other.kind_, kind::none)) {}
  place &operator=(place &&) = delete;
  ~place();

  explicit operator bool() const noexcept { return kind_ != kind::none; }
  /// For probes and scrapes alone. It becomes a place like any other once there is room.
  bool reserved() noexcept;
  /// Its connection ends with its first answer.
  bool last() const noexcept { return kind_ == kind::last; }

 private:
  friend class door;
  enum class kind : std::uint8_t { none, uncounted, regular, reserved, last };

  place(door *owner, kind what) noexcept : owner_(owner), kind_(what) {}

  door *owner_ = nullptr;
  kind kind_ = kind::uncounted;
};

/// How many connections `descriptors` open files leave, at least 1: some are the process's own,
/// some each worker's, some those of the reserve.
std::size_t connections_within(std::size_t descriptors, std::size_t workers, std::size_t addresses,
                               limits const &bounds) noexcept;

/// The soft limit of open files.
std::size_t descriptor_limit() noexcept;

}  // namespace loopmeter::server
