// SPDX-License-Identifier: Apache-2.0
// What the tests of this room look at: single values of a snapshot, and how much work a build that
// checks every access can do.
#pragma once

#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sanitized.hpp"

namespace loopmeter::test {

using ::test::is_sanitized;

/// The family's part of a snapshot; null when no series of it is exposed.
inline metrics::detail::family_layout const *find_family(metrics::snapshot const &snapshot,
                                                         std::string_view name) {
  for (auto const &family : snapshot.layout->families) {
    if (family.definition->name == name) return &family;
  }
  return nullptr;
}

/// Value `position` of a series by its number; none when the series is not exposed.
inline std::optional<std::uint64_t> value_of(metrics::snapshot const &snapshot,
                                             std::string_view name, std::uint32_t series = 0,
                                             std::size_t position = 0) {
  auto const *family = find_family(snapshot, name);
  if (family == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < family->series.size(); ++i) {
    if (family->series[i].number != series) continue;
    return snapshot
        .values[family->first_value + i * family->definition->values_per_series() + position];
  }
  return std::nullopt;
}

inline std::optional<double> double_of(metrics::snapshot const &snapshot, std::string_view name,
                                       std::uint32_t series = 0, std::size_t position = 0) {
  auto const bits = value_of(snapshot, name, series, position);
  return bits ? std::optional{metrics::detail::to_double(*bits)} : std::nullopt;
}

/// "c7_total" of "c", 7 and "_total". Appended piece by piece: GCC 12 warns of `"c" + to_string(7)`
/// (its bug 105329).
inline std::string numbered(std::string name, std::size_t number, std::string_view suffix) {
  return name.append(std::to_string(number)).append(suffix);
}

/// Runs `work(i)` on `count` threads at once and waits for them. Checks are for afterwards: those
/// of Boost.Test are not for several threads.
template <class Work>
void on_threads(std::size_t count, Work const &work) {
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < count; ++i)
    threads.emplace_back([&work, i] { work(i); });
}

/// A series that is absent fails a check with a message rather than with an exception.
inline constexpr std::uint64_t absent = ~std::uint64_t{0};
inline std::uint64_t number_of(metrics::snapshot const &snapshot, std::string_view name,
                               std::uint32_t series = 0, std::size_t position = 0) {
  return value_of(snapshot, name, series, position).value_or(absent);
}

}  // namespace loopmeter::test
