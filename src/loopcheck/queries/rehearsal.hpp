// SPDX-License-Identifier: Apache-2.0
// What Prometheus' limits would say to an exposition, before it is scraped.
// Source: prometheus/prometheus scrape/scrape.go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/object.hpp>
#include <loopcheck/prediction/label_name.hpp>
#include <loopcheck/prediction/relabel.hpp>

#include "exposition.hpp"

namespace loopcheck {

/// Of a scrape_job; 0 and absent: no limit.
struct scrape_limits {
  std::int64_t samples = 0;  ///< after metric relabelling, duplicates counted
  std::int64_t labels = 0;   ///< of one series, __name__ and the target's labels among them
  std::int64_t label_name_length = 0;   ///< bytes
  std::int64_t label_value_length = 0;  ///< bytes
  std::int64_t body_bytes = 0;          ///< uncompressed; the body must be smaller
};

enum class scrape_limit { body_size, samples, label_count, label_name_length, label_value_length };
/// "sampleLimit", as the monitor's field is named.
std::string_view field_of(scrape_limit which) noexcept;

struct passed_limit {
  scrape_limit which;
  std::int64_t allowed = 0;
  std::int64_t found = 0;
  std::string series;  ///< the worst one; empty for samples and body
  std::string label;
  int line = 0;
};

/// An exposed label of the name of a target's label.
struct label_clash {
  std::string label;
  std::string renamed;  ///< "exported_pod"; empty with honorLabels: the exposed one wins
  std::size_t series = 0;
  std::string example;
  int line = 0;
};

struct rehearsal {
  std::size_t samples = 0;       ///< as exposed
  std::size_t samples_kept = 0;  ///< after metric relabelling
  std::size_t duplicates = 0;    ///< of a series that came before: dropped with a warning
  std::string duplicate;         ///< the first one
  std::int64_t labels_most = 0;  ///< and where: the same as found of passed_limit
  std::int64_t name_length_most = 0;
  std::int64_t value_length_most = 0;
  std::vector<passed_limit> passed;  ///< each limit once; the scrape fails if there is one
  std::vector<label_clash> clashes;  ///< each label once
  std::string failure;  ///< the scrape fails for this: no name after relabelling, or a bad one
  /// Labels of the series as Prometheus would store them, where asked for.
  std::vector<labels> stored;
};

struct rehearsal_options {
  bool honor_labels = false;
  bool keep_stored = false;
  label_scheme names = label_scheme::utf8;
};

/// With the labels of one target; `metric_relabeling` may be nullptr.
rehearsal rehearse(exposition const &of, labels const &target, scrape_limits const &limits,
                   relabeling const *metric_relabeling, rehearsal_options const &options = {});

/// The exposed labels with the target's, as Prometheus joins them.
labels joined_labels(exposed_series const &of, labels const &target, bool honor_labels);

/// "16MB" in bytes, by 1,024 as Prometheus' configuration has it; nothing where it would not load.
std::optional<std::int64_t> parse_byte_size(std::string_view written) noexcept;

}  // namespace loopcheck
