// SPDX-License-Identifier: Apache-2.0
// Gathers for scrapes, on a thread of its own: a gather may wait for sources, and the first
// exposition of a layout may take long, but no worker may. Who takes part is in scrape_endpoint.
#pragma once

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/exposition/negotiate.hpp>
#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/server/exchange.hpp>
#include <loopmeter/server/lifecycle.hpp>
#include <loopmeter/server/loop_clock.hpp>
#include <loopmeter/server/route.hpp>
#include <loopmeter/server/scrape_log.hpp>
#include <loopmeter/server/scrape_metrics.hpp>

namespace loopmeter::server {

struct scrape_options {
  std::string path = "/metrics";
  std::string log_path = "/-/scrapes";  ///< empty: not served
  /// The most that a scrape may take; less where the scraper says that it waits less.
  std::chrono::milliseconds timeout{10'000};
  /// The most that a gather waits for sources; never more than half of what its scrapes may take.
  std::chrono::milliseconds collect_timeout = metrics::collect_time_default;
  /// Scrapes at once; 503 beyond.
  unsigned concurrent_max = 4;
  /// Smaller bodies are not compressed: they fit into one packet as they are.
  std::size_t gzip_bytes_min = 1024;
  /// A compressed body up to this size is made once for all that wait for the same; of a larger one
  /// each makes its own while it is sent.
  std::size_t shared_bytes_max = std::size_t{8} << 20;
  /// Peers that `log_path` remembers.
  std::size_t peers_max = 32;
  /// Told of each scrape of all families that was sent whole, so that a drain can wait until one
  /// has seen the final counts. Null: nobody.
  lifecycle *life = nullptr;
};

/// A scrape on its way through the scraper. Shared: by the handler that waits and the thread that
/// gathers, of which either may be the last.
struct scrape_ticket {
  // What is asked; not changed any more.
  exposition::format as;
  exposition::name_filter filter;
  std::string query;  // equal where the filters are
  bool gzip = false;
  clock::time_point deadline;
  asio::io_context::executor_type home;

  // What was made: by the gathering thread, before it tells home.
  lifecycle::scrape_mark mark = 0;
  std::optional<exposition::exposition_stream> stream{};
  bool more = true;     // the stream has more than `begin`
  std::string begin{};  // of the exposition
  std::shared_ptr<std::string const>
      whole{};              // instead: compressed; shared by those who asked alike
  std::size_t samples = 0;  // in whole
  bool failed = false;

  // Home's own.
  bool done = false;
  exchange *waiting = nullptr;
};

/// Thread-safe. A scrape takes part only in a gather that begins after it was queued: it would see
/// less than had happened before it else.
class scraper : public companion {
 public:
  scraper(metrics::registry &registry, scrape_options options);
  ~scraper() override { stop(); }
  scraper(scraper const &) = delete;
  scraper &operator=(scraper const &) = delete;

  void start() override;
  /// Waits for a gather under way: at most collect_timeout, and the time to make a plan. Nothing is
  /// posted afterwards.
  void stop() noexcept override;

  /// Takes one of the places, if one is left; to be given back by leave().
  bool enter() noexcept;
  void leave() noexcept;

  /// The ticket's home will be told, by a post that sets `done` and wakes `waiting`.
  void enqueue(std::shared_ptr<scrape_ticket> ticket);
  void withdraw(scrape_ticket const &ticket) noexcept;

  scrape_options const &options() const noexcept { return options_; }
  scrape_metrics const &metrics() const noexcept { return metrics_; }
  scrape_log &log() noexcept { return log_; }
  std::int64_t created_ms() const noexcept { return created_ms_; }

 private:
  using tickets = std::vector<std::shared_ptr<scrape_ticket>>;
  using shared_snapshot = std::shared_ptr<metrics::snapshot const>;
  class snapshot_pool;

  void run();
  void serve(tickets const &batch) noexcept;
  void prepare(tickets const &batch);
  shared_snapshot gather(tickets const &batch);
  void begin_one(scrape_ticket &ticket, shared_snapshot const &snapshot);
  bool begin_shared(std::span<scrape_ticket *const> alike, shared_snapshot const &snapshot);

  metrics::registry const &registry_;
  scrape_options const options_;
  scrape_metrics const metrics_;
  scrape_log log_;
  std::int64_t const created_ms_;
  std::atomic<unsigned> inside_{0};

  exposition::encoder encoder_;
  std::shared_ptr<snapshot_pool> pool_;  // shared: with the snapshots that will come back to it
  std::size_t too_large_ = SIZE_MAX;     // a snapshot of so many values is not worth a try to share

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  tickets queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace loopmeter::server
