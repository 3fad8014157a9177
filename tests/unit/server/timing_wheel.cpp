// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/timing_wheel.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <vector>

using loopmeter::server::timing_wheel;
using loopmeter::server::wheel_entry;

namespace {

struct entry : wheel_entry {
  entry() : wheel_entry(nullptr) {}
};

// What a wheel must do, said without one: every entry with its due tick, looked through each time.
class pair_of_wheels {
 public:
  explicit pair_of_wheels(std::uint64_t seed, std::uint64_t start)
      : random_(seed), wheel_(start), now_(start) {}

  void step() {
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
      case 3:
        insert();
        break;
      case 4:
        remove(true);
        break;
      case 5:
        remove(false);
        break;
      default:
        advance(below(4) == 0 ? distance() : below(2000));
        break;
    }
    check_next();
  }

  void run_empty() {
    while (!entries_.empty()) {
      auto const next = wheel_.next_tick();
      BOOST_REQUIRE(next.has_value());
      advance(*next - now_);
    }
    BOOST_TEST(!wheel_.next_tick().has_value());
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  // Near the boundaries of the levels more often than anywhere else.
  std::uint64_t distance() {
    constexpr std::uint64_t boundaries[] = {1, 256, 16'384, 64 * 16'384, 128 * 16'384};
    auto const boundary = boundaries[below(5)];
    if (below(2) == 0) return below(3 * boundary);
    auto const next = (now_ / boundary + 1) * boundary - now_;
    return next + below(3) - std::min<std::uint64_t>(1, next);
  }

  void insert() {
    entries_.push_back(std::make_unique<entry>());
    auto const due = now_ + distance();
    wheel_.insert(*entries_.back(), due);
    BOOST_REQUIRE_EQUAL(entries_.back()->due_tick, std::max(due, now_ + 1));
  }

  void remove(bool unlink_first) {
    if (entries_.empty()) return;
    auto const victim = entries_.begin() + static_cast<std::ptrdiff_t>(below(entries_.size()));
    if (unlink_first) (*victim)->unlink();
    entries_.erase(victim);  // leaves the wheel when destroyed
  }

  void advance(std::uint64_t ticks) {
    now_ += ticks;
    timing_wheel::list expired;
    wheel_.advance(now_, expired);
    BOOST_REQUIRE_EQUAL(wheel_.now(), now_);
    std::uint64_t last = 0;
    std::size_t count = 0;
    for (auto const &e : expired) {
      BOOST_REQUIRE_LE(e.due_tick, now_);
      BOOST_REQUIRE_GE(e.due_tick, last);
      last = e.due_tick;
      ++count;
    }
    expired.clear();
    auto const is_due = [this](auto const &e) { return e->due_tick <= now_; };
    auto const due = std::count_if(entries_.begin(), entries_.end(), is_due);
    BOOST_REQUIRE_EQUAL(count, static_cast<std::size_t>(due));
    std::erase_if(entries_, is_due);
  }

  void check_next() {
    auto const next = wheel_.next_tick();
    BOOST_REQUIRE_EQUAL(next.has_value(), !entries_.empty());
    if (!next) return;
    BOOST_REQUIRE_GT(*next, now_);
    for (auto const &e : entries_)
      BOOST_REQUIRE_LE(*next, e->due_tick);
  }

  std::mt19937_64 random_;
  timing_wheel wheel_;
  std::uint64_t now_;
  std::vector<std::unique_ptr<entry>> entries_;
};

std::optional<std::uint64_t> first_expiry(timing_wheel &wheel) {
  timing_wheel::list expired;
  while (expired.empty()) {
    auto const next = wheel.next_tick();
    if (!next) return std::nullopt;
    wheel.advance(*next, expired);
  }
  expired.clear();
  return wheel.now();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_timing_wheel)

BOOST_AUTO_TEST_CASE(does_what_a_list_does) {
  constexpr std::uint64_t starts[] = {0, 255, 16'383, 1'048'575, 123'456'789};
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      pair_of_wheels both(seed, starts[seed % 5]);
      for (int i = 0; i < 2000; ++i)
        both.step();
      both.run_empty();
    }
  }
}

BOOST_AUTO_TEST_CASE(expires_each_distance_exactly) {
  for (std::uint64_t const start : {0U, 1U, 255U, 16'383U, 16'384U, 1'000'000U}) {
    for (std::uint64_t const distance :
         {1U, 255U, 256U, 257U, 16'383U, 16'384U, 16'385U, 1'048'575U, 1'048'576U, 1'100'000U,
          1'200'000U, 10'000'000U}) {
      timing_wheel wheel(start);
      entry e;
      wheel.insert(e, start + distance);
      BOOST_TEST(first_expiry(wheel).value() == start + distance);
      BOOST_TEST(!e.is_linked());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_due_already_comes_with_the_next_tick) {
  timing_wheel wheel(1000);
  entry past;
  entry present;
  wheel.insert(past, 0);
  wheel.insert(present, 1000);
  BOOST_TEST(wheel.next_tick().value() == 1001U);
  timing_wheel::list expired;
  wheel.advance(1001, expired);
  BOOST_TEST(expired.size() == 2U);
  expired.clear();
}

BOOST_AUTO_TEST_CASE(entries_leave_when_destroyed) {
  timing_wheel wheel;
  {
    entry near;
    entry far;
    wheel.insert(near, 10);
    wheel.insert(far, 2'000'000);
  }
  BOOST_TEST(!wheel.next_tick().has_value());
}

BOOST_AUTO_TEST_CASE(a_wheel_lets_go_of_what_is_in_it) {
  entry e;
  {
    timing_wheel wheel;
    wheel.insert(e, 300);
    BOOST_TEST(e.is_linked());
  }
  BOOST_TEST(!e.is_linked());
}

BOOST_AUTO_TEST_SUITE_END()
