// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/timing_wheel.hpp>

#include <algorithm>
#include <bit>

namespace loopmeter::server {

namespace {

constexpr unsigned middle_shift = 8;
constexpr unsigned coarse_shift = 14;

}  // namespace

template <std::size_t Slots>
void timing_wheel::level<Slots>::add(wheel_entry &entry, std::size_t slot) noexcept {
  slots[slot].push_back(entry);
  occupied[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

template <std::size_t Slots>
std::optional<std::size_t> timing_wheel::level<Slots>::distance(std::size_t from) noexcept {
  for (std::size_t ahead = 0; ahead < Slots;) {
    auto const slot = (from + ahead) % Slots;
    auto &word = occupied[slot / 64];
    auto const rest = word >> (slot % 64);
    if (rest == 0) {
      ahead += 64 - slot % 64;
      continue;
    }
    auto const skip = static_cast<std::size_t>(std::countr_zero(rest));
    ahead += skip;
    if (ahead >= Slots) break;
    if (!slots[slot + skip].empty()) return ahead;
    word &= ~(std::uint64_t{1} << ((slot + skip) % 64));
  }
  return std::nullopt;
}

timing_wheel::~timing_wheel() {
  list entries;
  take_all(entries);
  entries.clear();
}

void timing_wheel::take_all(list &entries) noexcept {
  auto const take = [&entries](auto &from) {
    for (auto &slot : from.slots)
      entries.splice(entries.end(), slot);
  };
  take(fine_);
  take(middle_);
  take(coarse_);
}

void timing_wheel::insert(wheel_entry &entry, std::uint64_t due_tick) noexcept {
  entry.due_tick = std::max(due_tick, now_ + 1);
  place(entry);
}

// Level 0 holds what is less than one turn away; the coarser ones what is less than one turn of
// theirs away, counted in whole slots, so that a slot never mixes two turns.
void timing_wheel::place(wheel_entry &entry) noexcept {
  auto const due = entry.due_tick;
  if (due - now_ < fine_slots) {
    fine_.add(entry, due % fine_slots);
  } else if ((due >> middle_shift) - (now_ >> middle_shift) < coarse_slots) {
    middle_.add(entry, (due >> middle_shift) % coarse_slots);
  } else {
    auto const ahead =
        std::min<std::uint64_t>((due >> coarse_shift) - (now_ >> coarse_shift), coarse_slots - 1);
    coarse_.add(entry, ((now_ >> coarse_shift) + ahead) % coarse_slots);
  }
}

template <std::size_t Slots>
void timing_wheel::place_all(level<Slots> &from, std::size_t slot) noexcept {
  list moved;
  moved.swap(from.slots[slot]);
  while (!moved.empty()) {
    auto &entry = moved.front();
    moved.pop_front();
    place(entry);
  }
}

std::optional<std::uint64_t> timing_wheel::next_tick() noexcept {
  std::optional<std::uint64_t> next;
  auto const consider = [&next](std::uint64_t tick) { next = std::min(next.value_or(tick), tick); };
  if (auto const d = fine_.distance((now_ + 1) % fine_slots)) consider(now_ + 1 + *d);
  auto const middle_block = (now_ >> middle_shift) + 1;
  if (auto const d = middle_.distance(middle_block % coarse_slots)) {
    consider((middle_block + *d) << middle_shift);
  }
  auto const coarse_block = (now_ >> coarse_shift) + 1;
  if (auto const d = coarse_.distance(coarse_block % coarse_slots)) {
    consider((coarse_block + *d) << coarse_shift);
  }
  return next;
}

void timing_wheel::advance(std::uint64_t to_tick, list &expired) noexcept {
  for (auto next = next_tick(); next && *next <= to_tick; next = next_tick()) {
    now_ = *next;
    if (now_ % (std::uint64_t{1} << coarse_shift) == 0) {
      place_all(coarse_, (now_ >> coarse_shift) % coarse_slots);
    }
    if (now_ % (std::uint64_t{1} << middle_shift) == 0) {
      place_all(middle_, (now_ >> middle_shift) % coarse_slots);
    }
    expired.splice(expired.end(), fine_.slots[now_ % fine_slots]);
  }
  now_ = std::max(now_, to_tick);
}

}  // namespace loopmeter::server
