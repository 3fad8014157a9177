// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/scraper.hpp>

#include <boost/asio/post.hpp>

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <utility>

#include <loopmeter/base/clock.hpp>
#include <loopmeter/base/log.hpp>
#include <loopmeter/exposition/gzip.hpp>

namespace loopmeter::server {

namespace {

// Encoded at once, between two looks at the size of what came out.
constexpr std::size_t piece_bytes = std::size_t{64} * 1024;

constexpr int niceness = 10;

}  // namespace

/// Snapshots whose memory the next gather uses again.
class scraper::snapshot_pool : public std::enable_shared_from_this<snapshot_pool> {
 public:
  std::unique_ptr<metrics::snapshot> take() {
    std::scoped_lock const lock(mutex_);
    if (free_.empty()) return std::make_unique<metrics::snapshot>();
    auto taken = std::move(free_.back());
    free_.pop_back();
    return taken;
  }

  /// For all that read it; the last one brings it back.
  shared_snapshot share(std::unique_ptr<metrics::snapshot> taken) {
    auto const bring_back = [pool = shared_from_this()](metrics::snapshot *snapshot) {
      pool->give(std::unique_ptr<metrics::snapshot>(snapshot));
    };
    return {taken.release(), bring_back};
  }

 private:
  static constexpr std::size_t kept_max = 2;

  void give(std::unique_ptr<metrics::snapshot> snapshot) noexcept {
    std::scoped_lock const lock(mutex_);
    if (free_.size() < kept_max) free_.push_back(std::move(snapshot));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<metrics::snapshot>> free_ = [] {
    std::vector<std::unique_ptr<metrics::snapshot>> none;
    none.reserve(kept_max);
    return none;
  }();
};

scraper::scraper(metrics::registry &registry, scrape_options options)
    : registry_(registry),
      options_(std::move(options)),
      metrics_(registry),
      log_(options_.peers_max),
      created_ms_(unix_milliseconds()),
      pool_(std::make_shared<snapshot_pool>()) {}

void scraper::start() {
  if (thread_.joinable()) return;
  stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void scraper::stop() noexcept {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool scraper::enter() noexcept {
  // relaxed: the number alone counts; what a scrape reads is ordered by the queue's mutex.
  if (inside_.fetch_add(1, std::memory_order_relaxed) < options_.concurrent_max) {
    metrics_.in_flight.inc();
    return true;
  }
  inside_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void scraper::leave() noexcept {
  metrics_.in_flight.dec();
  inside_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: as in enter()
}

void scraper::enqueue(std::shared_ptr<scrape_ticket> ticket) {
  {
    std::scoped_lock const lock(mutex_);
    queue_.push_back(std::move(ticket));
  }
  changed_.notify_one();
}

// One that gave up must not stay: clients that come and go faster than a gather would fill the
// memory.
void scraper::withdraw(scrape_ticket const &ticket) noexcept {
  std::scoped_lock const lock(mutex_);
  std::erase_if(queue_, [&ticket](auto const &queued) { return queued.get() == &ticket; });
}

void scraper::run() {
  ::pthread_setname_np(::pthread_self(), "scraper");
  // On Linux that is this thread, and the collectors that it begins. Where they share a processor
  // with a worker, a gather would keep requests waiting for a time slice; so it gets a tenth, not a
  // half: a scraper has seconds.
  ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + niceness);
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are the main thread's business
  metrics::prepare_thread();
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    auto const batch = std::exchange(queue_, {});
    lock.unlock();
    serve(batch);
    lock.lock();
  }
}

void scraper::serve(tickets const &batch) noexcept {
  try {
    prepare(batch);
  } catch (std::exception const &e) {
    loopmeter::log::error("scrape failed", {{"error", e.what()}});
    for (auto const &ticket : batch)
      ticket->failed = true;
  }
  for (auto const &ticket : batch) {
    try {
      asio::post(ticket->home, [ticket] {
        ticket->done = true;
        if (ticket->waiting != nullptr) ticket->waiting->wake();
      });
    } catch (std::exception const &) {  // no memory: its handler will find that time is up
    }
  }
}

scraper::shared_snapshot scraper::gather(tickets const &batch) {
  // By the one that can wait longest: a short time of one must not take the sources from another.
  auto latest = batch.front()->deadline;
  for (auto const &ticket : batch)
    latest = std::max(latest, ticket->deadline);
  auto const half =
      std::chrono::duration_cast<std::chrono::milliseconds>(latest - clock::now()) / 2;
  if (options_.life != nullptr) {
    for (auto const &ticket : batch)
      ticket->mark = options_.life->mark();
  }
  auto taken = pool_->take();
  metrics::gather(registry_, *taken,
                  std::clamp(half, std::chrono::milliseconds(1),
                             std::max(options_.collect_timeout, std::chrono::milliseconds(1))));
  return pool_->share(std::move(taken));
}

void scraper::prepare(tickets const &batch) {
  auto const snapshot = gather(batch);
  std::vector<scrape_ticket *> left;
  for (auto const &ticket : batch)
    left.push_back(ticket.get());
  while (!left.empty()) {
    auto const &first = *left.front();
    auto const others = std::partition(left.begin(), left.end(), [&first](auto const *ticket) {
      return ticket->as == first.as && ticket->query == first.query && ticket->gzip == first.gzip;
    });
    std::span<scrape_ticket *const> const alike(left.begin(), others);
    bool const worth_sharing =
        first.gzip && alike.size() > 1 && snapshot->values.size() < too_large_;
    if (!worth_sharing || !begin_shared(alike, snapshot)) {
      for (auto *ticket : alike)
        begin_one(*ticket, snapshot);
    }
    left.erase(left.begin(), others);
  }
}

void scraper::begin_one(scrape_ticket &ticket, shared_snapshot const &snapshot) {
  ticket.stream = encoder_.begin(snapshot, ticket.as, ticket.filter);
  if (!ticket.gzip) return;
  ticket.more = ticket.stream->next(ticket.begin, options_.gzip_bytes_min);
  if (!ticket.more && ticket.begin.size() < options_.gzip_bytes_min) ticket.gzip = false;
}

bool scraper::begin_shared(std::span<scrape_ticket *const> alike, shared_snapshot const &snapshot) {
  auto stream = encoder_.begin(snapshot, alike.front()->as, alike.front()->filter);
  exposition::gzip_stream gzip;
  std::string plain;
  auto compressed = std::make_shared<std::string>();
  std::size_t plain_bytes = 0;
  for (bool more = true; more;) {
    plain.clear();
    more = stream.next(plain, piece_bytes);
    plain_bytes += plain.size();
    gzip.add(plain, *compressed);
    if (compressed->size() > options_.shared_bytes_max) {
      too_large_ = snapshot->values.size();
      return false;
    }
  }
  if (plain_bytes < options_.gzip_bytes_min) return false;
  gzip.finish(*compressed);
  for (auto *ticket : alike) {
    ticket->whole = compressed;
    ticket->samples = stream.samples();
  }
  return true;
}

}  // namespace loopmeter::server
