// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/sources.hpp>

#include <loopmeter/metrics/instruments.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace loopmeter::metrics::detail {
namespace {

void count_error(collect_error cause, std::size_t n) noexcept {
  counter{fixed_cells::collect_errors + static_cast<cell_offset>(cause)}.inc(n);
}

// Runs a source; what it gives is fit to be exposed.
std::vector<foreign_family> run(source const &give) {
  std::vector<foreign_family> families;
  try {
    families = give();
  } catch (...) {
    count_error(collect_error::exception, 1);
    return {};
  }
  for (foreign_family &family : families)
    count_error(collect_error::invalid, remove_invalid(family));
  std::erase_if(families, [](foreign_family const &family) { return family.series.empty(); });
  return families;
}

}  // namespace

struct source_set::state {
  enum class phase : std::uint8_t { idle, queued, running };

  struct entry {
    id of = 0;
    source give;
    phase now = phase::idle;
    bool late = false;  // runs for a gather that has gone on without it
    std::vector<foreign_family> given;
  };

  // Of one gather at all sources; taken and left under `mutex`.
  class turn {
   public:
    explicit turn(state &of) : of_{of} { of_.asking = true; }
    turn(turn const &) = delete;
    turn &operator=(turn const &) = delete;
    ~turn() {
      of_.asking = false;
      of_.free.notify_one();
    }

   private:
    state &of_;
  };

  std::mutex mutex;                             // guards what follows
  std::condition_variable work;                 // in the queue
  std::condition_variable done;                 // awaited is 0
  std::condition_variable returned;             // from a source: it does not run any more
  std::condition_variable free;                 // for the next gather: asking is false
  bool asking = false;                          // one gather at a time
  std::vector<std::shared_ptr<entry>> entries;  // shared: with the thread that runs it
  std::deque<std::shared_ptr<entry>> queue;
  id next = 1;
  std::size_t late = 0;
  std::size_t awaited = 0;  // of those that the gather under way has asked
  bool stopping = false;
  std::vector<std::thread> collectors;

  void collect() {
    std::unique_lock lock{mutex};
    for (;;) {
      work.wait(lock, [this] { return stopping || !queue.empty(); });
      if (stopping) return;
      std::shared_ptr<entry> const one = std::move(queue.front());
      queue.pop_front();
      one->now = phase::running;
      lock.unlock();
      std::vector<foreign_family> given = run(one->give);
      lock.lock();
      one->now = phase::idle;
      if (one->late) {
        one->late = false;
        --late;
      } else {
        one->given = std::move(given);
        --awaited;
      }
      bool const was_last = awaited == 0;
      // Without the lock, which whoever wakes up needs at once. A wake-up costs as much as a small
      // source does: the gather gets one, after the last of them.
      lock.unlock();
      returned.notify_all();
      if (was_last) done.notify_one();
      lock.lock();
    }
  }

  // One thread that is not held up by a late source. False when there can be none; under `mutex`.
  bool has_collector() {
    if (collectors.size() > late) return true;
    try {
      collectors.emplace_back([this] { collect(); });
    } catch (std::system_error const &) {
      return false;
    }
    return true;
  }

  // Queues all that are idle. Under `mutex`, as the next.
  std::vector<std::shared_ptr<entry>> begin() {
    std::vector<std::shared_ptr<entry>> asked;
    for (auto const &one : entries) {
      if (one->now != phase::idle) continue;  // still busy with an earlier gather
      queue.push_back(one);
      one->now = phase::queued;
      one->given.clear();
      asked.push_back(one);
    }
    awaited = asked.size();
    return asked;
  }

  // Takes what a source has given; false, and it is left behind, where it has not come back.
  bool take(std::shared_ptr<entry> const &one, std::vector<foreign_family> &all) {
    switch (one->now) {
      case phase::idle:
        std::ranges::move(one->given, std::back_inserter(all));
        return true;
      case phase::queued:
        std::erase(queue, one);
        one->now = phase::idle;
        return false;
      case phase::running:
        one->late = true;
        ++late;
        return false;
    }
    return false;
  }
};

source_set::source_set() : state_{std::make_unique<state>()} {}

source_set::~source_set() {
  {
    std::lock_guard const lock{state_->mutex};
    state_->stopping = true;
    state_->work.notify_all();
  }
  for (std::thread &collector : state_->collectors)
    collector.join();
}

source_set::id source_set::add(source give) {
  std::lock_guard const lock{state_->mutex};
  auto added = std::make_shared<state::entry>();
  added->of = state_->next;
  added->give = std::move(give);
  state_->entries.push_back(std::move(added));
  return state_->next++;
}

void source_set::remove(id of) {
  std::unique_lock lock{state_->mutex};
  auto const found = std::ranges::find(state_->entries, of, &state::entry::of);
  if (found == state_->entries.end()) return;
  std::shared_ptr<state::entry> const removed = *found;
  state_->entries.erase(found);
  if (std::erase(state_->queue, removed) > 0) {
    removed->now = state::phase::idle;
    if (--state_->awaited == 0) state_->done.notify_one();
  }
  state_->returned.wait(lock, [&] { return removed->now != state::phase::running; });
}

std::vector<foreign_family> source_set::ask(std::chrono::milliseconds time) {
  auto const deadline = std::chrono::steady_clock::now() + time;
  std::vector<foreign_family> all;
  std::unique_lock lock{state_->mutex};
  std::size_t left_out = state_->entries.size();
  // Another gather may have longer than this one: waiting for it counts as waiting for the sources.
  if (!state_->free.wait_until(lock, deadline, [this] { return !state_->asking; })) {
    count_error(collect_error::late, left_out);
    return all;
  }
  state::turn const taken{*state_};
  left_out = state_->entries.size();
  auto const asked = state_->begin();
  bool const begins = !asked.empty() && state_->has_collector();
  lock.unlock();
  if (begins) state_->work.notify_one();  // without the lock: it is the first thing that it needs
  lock.lock();
  state_->done.wait_until(lock, deadline, [this] { return state_->awaited == 0; });
  state_->awaited = 0;
  for (auto const &one : asked)
    left_out -= state_->take(one, all) ? 1U : 0U;
  count_error(collect_error::late, left_out);
  return all;
}

}  // namespace loopmeter::metrics::detail
