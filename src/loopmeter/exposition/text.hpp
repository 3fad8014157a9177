// SPDX-License-Identifier: Apache-2.0
// A snapshot as Prometheus text 0.0.4. All that does not change from scrape to scrape (names,
// escaped labels, HELP and TYPE) is rendered once into a plan; a scrape copies it and adds digits.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
#pragma once

#include <loopmeter/metrics/gather.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace loopmeter::exposition {

inline constexpr std::string_view content_type_text_004 =
    "text/plain; version=0.0.4; charset=utf-8";

namespace detail {
class text_plan;
}  // namespace detail

/// An exposition on its way out, in pieces of about the size that the caller can send at once.
class text_stream {
 public:
  /// The snapshot must outlive the stream.
  text_stream(std::shared_ptr<detail::text_plan const> plan, metrics::snapshot const &snapshot);

  /// Appends whole lines until at least `bytes` were added or nothing is left. False when nothing
  /// is left. A piece is longer than asked by one line, or by one foreign family, at most.
  bool next(std::string &out, std::size_t bytes);

  /// Lines with a value so far.
  std::size_t samples() const noexcept { return samples_; }

 private:
  std::shared_ptr<detail::text_plan const> plan_;  // shared: the encoder may replace it meanwhile
  metrics::snapshot const *snapshot_;
  std::size_t family_ = 0;
  std::size_t line_ = 0;
  std::size_t foreign_ = 0;
  std::size_t samples_ = 0;
};

/// Encodes snapshots of one registry (of others too, but the plan is made anew at each change).
/// Thread-safe: scrapes may overlap. Cost: about 10 ns per sample while the layout stays.
class text_encoder {
 public:
  /// Appends the whole exposition to `out`; returns the number of samples.
  std::size_t encode(metrics::snapshot const &snapshot, std::string &out);

  /// The same in pieces.
  text_stream begin(metrics::snapshot const &snapshot);

  /// How often a plan was made.
  std::size_t plans_made() const;

 private:
  std::shared_ptr<detail::text_plan const> plan_for(metrics::snapshot const &snapshot);

  mutable std::mutex mutex_;  // guards the two below; held to look and to replace, not to render
  // shared: a stream under way keeps its plan while a scrape replaces it.
  std::shared_ptr<detail::text_plan const> plan_;
  std::size_t plans_made_ = 0;
};

/// Encodes without keeping a plan: for tests and for one exposition only.
std::size_t encode_text(metrics::snapshot const &snapshot, std::string &out);

}  // namespace loopmeter::exposition
