// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/wheel.hpp>

#include <algorithm>

namespace loopmeter::server {

namespace {

constexpr clock::duration tick = std::chrono::milliseconds(1);
constexpr std::uint64_t slack_ticks_max = 256;

}  // namespace

wheel::wheel(asio::io_context &context, loop_clock &time, metrics::histogram lag)
    : executor_(context.get_executor()),
      clock_(time),
      lag_(lag),
      start_(time.now()),
      timer_(context) {}

wheel::~wheel() {
  // As in ready_set: handlers are dropped, and the io_context unwinds the coroutines behind them.
  timing_wheel::list entries;
  ticks_.take_all(entries);
  while (!entries.empty()) {
    auto &entry = entries.front();
    entries.pop_front();
    if (entry.expired == &sleeper::on_expiry) static_cast<sleeper &>(entry).waiter_.destroy();
  }
}

std::uint64_t wheel::tick_at_or_after(clock::time_point t) const noexcept {
  if (t <= start_) return 0;
  return static_cast<std::uint64_t>((t - start_ + tick - clock::duration(1)) / tick);
}

void wheel::insert(wheel_entry &entry, std::uint64_t due_tick) {
  ticks_.insert(entry, due_tick);
  if (entry.due_tick < armed_tick_) arm();
}

void wheel::arm() {
  auto const next = ticks_.next_tick();
  if (!next) {
    armed_tick_ = unarmed;
    return;
  }
  armed_tick_ = *next;
  timer_.expires_at(start_ + static_cast<clock::rep>(armed_tick_) * tick);
  timer_.async_wait([this](error_code ec) {
    if (!ec) on_timer();
  });
}

void wheel::on_timer() {
  auto const now = clock_.update();
  auto const due = start_ + static_cast<clock::rep>(armed_tick_) * tick;
  // A wake-up that was under way when the timer was set anew is not late.
  lag_.observe(std::max(std::chrono::duration<double>(now - due).count(), 0.0));
  timing_wheel::list expired;
  ticks_.advance(static_cast<std::uint64_t>((now - start_) / tick), expired);
  // An expired entry may destroy others of the list: they unlink themselves.
  while (!expired.empty()) {
    auto &entry = expired.front();
    expired.pop_front();
    entry.expired(entry);
  }
  arm();
}

void wheel::sleeper::begin(clock::duration duration) {
  if (is_linked()) unlink();  // a cancellation slot ends the wait, but knows nothing of the wheel
  if (closed_) {
    waiter_.complete_later(asio::error::operation_aborted);
    return;
  }
  // The handler may have worked for long, or been resumed by something that is not of this loop:
  // from the loop's time of then, the sleep would end early.
  owner_.insert(*this, owner_.tick_at_or_after(owner_.clock_.update() + duration));
}

void wheel::sleeper::cancel() {
  if (!waiter_.waiting()) return;
  if (is_linked()) unlink();
  waiter_.complete_later(asio::error::operation_aborted);
}

void wheel::sleeper::wake() {
  if (!waiter_.waiting()) return;
  owner_.clock_.update();  // what woke us was no wake-up of wheel or ready set
  if (is_linked()) unlink();
  waiter_.complete({});
}

void wheel::sleeper::close() {
  closed_ = true;
  cancel();
}

void wheel::sleeper::on_expiry(wheel_entry &entry) {
  static_cast<sleeper &>(entry).waiter_.complete({});
}

void wheel::deadline::set(clock::duration timeout) {
  due_ = owner_.clock_.now() + timeout;
  auto const eighth = static_cast<std::uint64_t>(std::max<clock::rep>(timeout / tick / 8, 1));
  slack_ticks_ = std::min(eighth, slack_ticks_max);
  if (is_linked()) {
    if (due_tick <= owner_.tick_at_or_after(due_) + slack_ticks_) return;
    unlink();
  }
  insert();
}

void wheel::deadline::insert() {
  auto const due = owner_.tick_at_or_after(due_);
  owner_.insert(*this, (due + slack_ticks_ - 1) / slack_ticks_ * slack_ticks_);
}

void wheel::deadline::on_expiry(wheel_entry &entry) {
  auto &self = static_cast<deadline &>(entry);
  if (self.due_ == clock::time_point::max()) return;
  if (self.owner_.clock_.now() < self.due_) {
    self.insert();
    return;
  }
  self.due_ = clock::time_point::max();
  self.on_deadline_(self.context_);
}

}  // namespace loopmeter::server
