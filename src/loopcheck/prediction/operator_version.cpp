// SPDX-License-Identifier: Apache-2.0
// Versions of the operator and of the Prometheus that it starts where nothing is asked for.
#include <algorithm>
#include <array>
#include <charconv>

#include "scrape_job.hpp"

namespace loopcheck {

namespace {

struct defaults_row {
  version_number since;
  version_number prometheus;
};

/// pkg/operator/defaults.go of each version.
constexpr std::array<defaults_row, 20> defaults{{
    {{0, 72, 0}, {2, 50, 0}}, {{0, 73, 0}, {2, 51, 1}}, {{0, 74, 0}, {2, 52, 0}},
    {{0, 75, 0}, {2, 53, 0}}, {{0, 76, 0}, {2, 54, 0}}, {{0, 77, 0}, {2, 54, 1}},
    {{0, 78, 0}, {2, 55, 0}}, {{0, 79, 0}, {3, 0, 1}},  {{0, 80, 0}, {3, 1, 0}},
    {{0, 81, 0}, {3, 2, 1}},  {{0, 83, 0}, {3, 4, 0}},  {{0, 84, 0}, {3, 4, 2}},
    {{0, 85, 0}, {3, 5, 0}},  {{0, 86, 0}, {3, 6, 0}},  {{0, 87, 0}, {3, 7, 3}},
    {{0, 88, 0}, {3, 9, 1}},  {{0, 90, 0}, {3, 10, 0}}, {{0, 91, 0}, {3, 11, 3}},
    {{0, 92, 0}, {3, 12, 0}}, {{0, 93, 0}, {3, 13, 1}},
}};

}  // namespace

std::optional<version_number> version_number::parse(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && text.back() == ' ') {
    text.remove_suffix(1);
  }
  if (text.starts_with('v')) {
    text.remove_prefix(1);
  }
  auto const core = text.substr(0, text.find_first_of("-+"));
  bool const pre_release = text.substr(core.size()).starts_with('-');
  version_number result;
  std::array<int *, 3> const parts{&result.major, &result.minor, &result.patch};
  auto const *at = core.data();
  auto const *const end = core.data() + core.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto const [after, error] = std::from_chars(at, end, *parts[i]);
    if (error != std::errc() || *parts[i] < 0) {
      return std::nullopt;
    }
    if (after == end) {
      result.patch -= pre_release ? 1 : 0;
      return result;
    }
    if (*after != '.') {
      return std::nullopt;
    }
    at = after + 1;
  }
  return std::nullopt;
}

std::string version_number::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::optional<version_number> prometheus_version(object const &prometheus,
                                                 version_number const &operator_version) {
  auto const asked = prometheus.spec()["version"].text();
  if (!asked.empty()) {
    return version_number::parse(asked);
  }
  auto const after = std::upper_bound(
      defaults.begin(), defaults.end(), operator_version,
      [](version_number const &of, defaults_row const &row) { return of < row.since; });
  return after == defaults.begin() ? after->prometheus : std::prev(after)->prometheus;
}

}  // namespace loopcheck
