// SPDX-License-Identifier: Apache-2.0
// A hierarchical timing wheel (Varghese and Lauck, 1987): insert and remove in constant time. Pure:
// it knows ticks, not clocks; wheel.hpp drives it.
#pragma once

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace loopmeter::server {

/// Something that is due at a tick. Leaves its wheel when destroyed.
struct wheel_entry
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  using callback = void (*)(wheel_entry &);
  explicit wheel_entry(callback on_expiry) noexcept : expired(on_expiry) {}

  callback expired;  ///< called by the driver, with the entry out of the wheel
  std::uint64_t due_tick = 0;
};

class timing_wheel {
 public:
  using list = boost::intrusive::list<wheel_entry, boost::intrusive::constant_time_size<false>>;

  explicit timing_wheel(std::uint64_t now_tick = 0) noexcept : now_(now_tick) {}
  /// What is still in it leaves it.
  ~timing_wheel();
  timing_wheel(timing_wheel const &) = delete;
  timing_wheel &operator=(timing_wheel const &) = delete;

  std::uint64_t now() const noexcept { return now_; }

  /// A tick that is not in the future becomes the next one. The entry must not be in a wheel.
  void insert(wheel_entry &entry, std::uint64_t due_tick) noexcept;

  /// The next tick at which advance() has something to do: an expiry, or moving entries of a
  /// coarser level down. Never later than the earliest due tick.
  std::optional<std::uint64_t> next_tick() noexcept;

  /// Takes every entry out, in no particular order.
  void take_all(list &entries) noexcept;

  /// Moves all entries that are due at or before `to_tick` to `expired`, the earliest first.
  void advance(std::uint64_t to_tick, list &expired) noexcept;

 private:
  // Level 0: one tick a slot; level 1: 256 ticks; level 2: 16,384 ticks (18 minutes in all at 1
  // ms). What is due later still waits in level 2's last slot and is placed anew when it comes
  // round.
  static constexpr unsigned fine_bits = 8;
  static constexpr unsigned coarse_bits = 6;
  static constexpr std::size_t fine_slots = std::size_t{1} << fine_bits;
  static constexpr std::size_t coarse_slots = std::size_t{1} << coarse_bits;

  template <std::size_t Slots>
  struct level {
    std::array<list, Slots> slots;
    // A set bit may be stale (entries leave on their own), a clear bit is true.
    std::array<std::uint64_t, Slots / 64> occupied{};

    void add(wheel_entry &entry, std::size_t slot) noexcept;
    /// How many slots after `from` (at least 0) the next occupied one is.
    std::optional<std::size_t> distance(std::size_t from) noexcept;
  };

  void place(wheel_entry &entry) noexcept;
  template <std::size_t Slots>
  void place_all(level<Slots> &from, std::size_t slot) noexcept;

  std::uint64_t now_;
  level<fine_slots> fine_;
  level<coarse_slots> middle_;
  level<coarse_slots> coarse_;
};

}  // namespace loopmeter::server
