// SPDX-License-Identifier: Apache-2.0
// What a target exposes, read as Prometheus reads it: text 0.0.4 and OpenMetrics 1.0, with UTF-8
// names. Source: prometheus/prometheus model/textparse.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopcheck {

struct exposed_series {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  ///< as exposed, in that order
  int line = 0;
};

struct exposed_family {
  std::string name;
  std::string type = "unknown";  ///< as OpenMetrics names it
  std::string help;
  std::string unit;
};

struct exposition_error {
  int line = 0;
  std::string what;
};

struct exposition {
  std::size_t bytes = 0;  ///< of the whole body, uncompressed: what bodySizeLimit counts
  std::vector<exposed_family> families;  ///< of those with TYPE, HELP or UNIT, in order
  std::vector<exposed_series> series;    ///< each sample, duplicates, too
  /// Then the scrape would fail as a whole; families and series are those before it.
  std::optional<exposition_error> error;
};

struct exposition_limits {
  std::size_t bytes_max = 256u << 20;
  std::size_t series_max = 2'000'000;
};

enum class exposition_format { text, openmetrics };

/// By the Content-Type; nothing for what this cannot read (protobuf).
std::optional<exposition_format> format_of(std::string_view content_type) noexcept;
/// Where no Content-Type is at hand: what ends with "# EOF" is OpenMetrics.
exposition_format guess_format(std::string_view body) noexcept;

struct exposition_options {
  /// Values of `le` and `quantile` are written as OpenMetrics has them, "1.0" for "1":
  /// Prometheus 3.
  bool canonical_bounds = true;
  exposition_limits limits;
};

exposition read_exposition(std::string_view body, exposition_format format,
                           exposition_options const &options = {});

/// `name{a="b"}`, for people.
std::string text(exposed_series const &of);

}  // namespace loopcheck
