// SPDX-License-Identifier: Apache-2.0
// A snapshot as an exposition of any format. All that does not change from scrape to scrape (names,
// escaped labels, HELP and TYPE) is rendered once into a plan; a scrape copies it and adds numbers.
#pragma once

#include <loopmeter/exposition/format.hpp>
#include <loopmeter/exposition/name_filter.hpp>
#include <loopmeter/metrics/gather.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace loopmeter::exposition {

namespace detail {
class plan;
struct stream_state;
}  // namespace detail

struct encoder_options {
  /// In OpenMetrics, a line `_created` for each counter and histogram with the time when it began
  /// at 0. Prometheus takes them for series of their own unless it is told (its flag
  /// created-timestamp-zero-ingestion). Protobuf always has these times.
  bool created_lines = false;
};

/// An exposition on its way out, in pieces of about the size that the caller can send at once. Not
/// thread-safe. Memory: some 100 bytes, and in protobuf 4 for each histogram of one family; what
/// it reads is the snapshot's.
class exposition_stream {
 public:
  explicit exposition_stream(std::unique_ptr<detail::stream_state> state) noexcept;
  exposition_stream(exposition_stream &&) noexcept;
  exposition_stream &operator=(exposition_stream &&) noexcept;
  ~exposition_stream();

  /// Appends whole lines (protobuf: whole series) until at least `bytes` were added or nothing is
  /// left; of a large family of protobuf histograms sometimes nothing, while their length is
  /// counted. False when nothing is left. A piece is longer than asked by one line, or one series
  /// of protobuf or of a foreign family, at most. Cost: about 10 ns per sample, 9 per native
  /// bucket.
  bool next(std::string &out, std::size_t bytes);

  /// Samples so far: the series that a scraper of text sees.
  std::size_t samples() const noexcept;

 private:
  std::unique_ptr<detail::stream_state> state_;
};

/// Encodes snapshots of one registry (of others too, but the plans are made anew at each change).
/// Thread-safe: scrapes may overlap, in several formats. Memory: one plan for each format in use,
/// of about the size of an exposition. Cost: about 10 ns per sample while the layout stays.
class encoder {
 public:
  explicit encoder(encoder_options options = {}) : options_{options} {}

  /// The exposition of a snapshot, which it keeps alive, to be taken in pieces.
  exposition_stream begin(std::shared_ptr<metrics::snapshot const> snapshot, format as,
                          name_filter const &filter = {});

  /// Appends the whole exposition to `out`; returns the number of samples.
  std::size_t encode(metrics::snapshot const &snapshot, format as, std::string &out);

  /// How often a plan was made.
  std::size_t plans_made() const;

 private:
  struct entry {
    format as;
    // shared: a stream under way keeps its plan while a scrape replaces it.
    std::shared_ptr<detail::plan const> plan;
  };

  std::shared_ptr<detail::plan const> plan_for(metrics::snapshot const &snapshot, format as);

  encoder_options const options_;
  mutable std::mutex mutex_;  // guards the two below; held to look and to replace, not to render
  std::vector<entry> plans_;  // all of one layout
  std::size_t plans_made_ = 0;
};

/// Text 0.0.4 without keeping a plan: for tests and for one exposition only.
std::size_t encode_text(metrics::snapshot const &snapshot, std::string &out);

}  // namespace loopmeter::exposition
